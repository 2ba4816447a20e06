import path from 'node:path';
import { listClaudeAgents, type ClaudeAgent } from '../agents/claude-agents.ts';
import type { AgentStatus } from '../agents/status.ts';
import { realPathOf } from '../platform/files.ts';
import type { Inspection } from './inspect.ts';
import type { Repo } from './repo.ts';
import { byText } from '../core/text.ts';

/** Of a session: is its agent Claude Code, of which nothing is known that lives? Pure. */
export function isUnknownClaude({ session, agent, tree }: Pick<Inspection, 'session' | 'agent' | 'tree'>): boolean {
  const name = agent?.agent ?? session.row.agent;
  return tree === 'ok' && name === 'claude' && agent?.isAlive !== true;
}

/** What Claude Code itself tells of agents in these sessions, by id; it is asked only when one of them may have one. */
export async function findOutsideAgents(
  repo: Repo,
  inspections: readonly Pick<Inspection, 'session' | 'agent' | 'tree'>[],
): Promise<ReadonlyMap<string, AgentStatus>> {
  const wanted = inspections.filter(isUnknownClaude);
  if (wanted.length === 0) return new Map();
  const agents = await listClaudeAgents(
    { ...repo.deps, cwd: repo.root },
    wanted.map(({ session }) => session.path),
  );
  const places = await Promise.all(
    agents.map(async (agent): Promise<ClaudeAgent> => ({ ...agent, cwd: await realPathOf(agent.cwd) })),
  );
  return new Map(
    wanted.flatMap(({ session, agent }) => {
      const found = chooseAgent(places, session.path);
      // What is recorded of a later run counts more.
      return found === undefined || (agent !== undefined && agent.startedAt > found.startedAt)
        ? []
        : [[session.id, found]];
    }),
  );
}

/** The one in the folder that needs a person most; among equals the latest. Pure. */
export function chooseAgent(agents: readonly ClaudeAgent[], folder: string): AgentStatus | undefined {
  const order: readonly AgentStatus['state'][] = ['waiting', 'working', 'running', 'idle'];
  const rank = ({ state }: AgentStatus): number => (order.indexOf(state) + order.length + 1) % (order.length + 1);
  const inside = agents.filter(({ cwd }) => cwd === folder || cwd.startsWith(`${folder}${path.sep}`));
  return inside
    .map(({ status }) => status)
    .toSorted((a, b) => rank(a) - rank(b) || byText(b.startedAt, a.startedAt))[0];
}
