import { findAdapter } from '../agents/adapters.ts';
import type { AgentFacts, AgentRun } from '../agents/facts.ts';
import { readFacts } from '../agents/record.ts';
import { refineByScreen } from '../agents/refine.ts';
import { SCREENS } from '../agents/screens.ts';
import { statusOf, type AgentStatus } from '../agents/status.ts';
import { loadConfig } from '../config/load.ts';
import type { Repo } from './repo.ts';
import type { Session } from './book.ts';

/** The last start of an agent there; null: none was ever seen. */
export async function readRun({ admin }: Pick<Session, 'admin'>): Promise<AgentRun | null> {
  return admin === undefined ? null : (await readFacts(admin.directory)).run;
}

/** What the agent of a session is at, from its facts and its process; no git. Undefined: none was ever seen there. */
export async function readAgentStatus(
  { deps }: Pick<Repo, 'deps'>,
  { admin }: Pick<Session, 'admin'>,
): Promise<AgentStatus | undefined> {
  if (admin === undefined) return undefined;
  const facts = await readFacts(admin.directory);
  return statusOf(facts, deps.clock.now().getTime());
}

/** The same; an agent in tmux of which nothing but its process is known has its screen looked at. */
export async function inspectAgent(repo: Repo, { admin }: Pick<Session, 'admin'>): Promise<AgentStatus | undefined> {
  if (admin === undefined) return undefined;
  const facts = await readFacts(admin.directory);
  const status = statusOf(facts, repo.deps.clock.now().getTime());
  if (status?.source !== 'process' || !status.isAlive || facts.run?.tmux == null) return status;
  const place = { run: repo.deps.run, cwd: repo.root, place: facts.run.tmux, mark: admin.directory };
  return refineByScreen(status, { ...place, like: await findLike(repo, facts) });
}

async function findLike({ root, deps }: Repo, { run }: AgentFacts): Promise<string | undefined> {
  if (run === null || SCREENS[run.agent] !== undefined) return undefined;
  const config = await loadConfig(root, deps.env).catch(() => undefined);
  return config === undefined ? undefined : findAdapter(run.agent, config.settings.agents)?.like;
}
