import { readFacts } from '../agents/record.ts';
import { statusOf, type AgentStatus } from '../agents/status.ts';
import type { Repo } from './repo.ts';
import type { Session } from './book.ts';

/** What the agent of a session is at, from its facts and its process; no git. Undefined: none was ever seen there. */
export async function readAgentStatus(
  { deps }: Pick<Repo, 'deps'>,
  { admin }: Pick<Session, 'admin'>,
): Promise<AgentStatus | undefined> {
  if (admin === undefined) return undefined;
  const facts = await readFacts(admin.directory);
  return statusOf(facts, deps.clock.now().getTime());
}
