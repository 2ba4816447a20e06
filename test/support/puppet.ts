import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { randomUUID } from 'node:crypto';
import { NO_FACTS, type AgentFacts, type AgentRun, type HookFact } from '#src/agents/facts.ts';
import { recordNews } from '#src/agents/record.ts';
import { describeProcess, type Owner } from '#src/platform/identity.ts';
import { eventLogOf } from '#src/registry/event-log.ts';
import { makeDeps } from './deps.ts';
import type { Room } from './room.ts';
import { start, type Started } from './spawn.ts';

/** An agent of a session: a process that does nothing, and facts as its start and its hooks would write them. */
export interface Puppet {
  readonly child: Started;
  /** Its hook tells something. */
  tell(turn: HookFact['turn'], reason?: string): Promise<void>;
  /** Whoever started it tells of its end. */
  end(exitCode: number): Promise<void>;
}

export async function startPuppet(
  room: Room,
  root: string,
  id: string,
  { agent = 'claude', hasHooks = true }: { agent?: string; hasHooks?: boolean } = {},
): Promise<Puppet> {
  const child = start(room, path.join(root, '.worktrees', id), ['sleep', '600']);
  const owner = describeProcess(child.pid, 'sleep 600') as Owner;
  await tellFacts(room, root, id, () => ({ ...NO_FACTS, run: runOf(agent, owner, hasHooks) }), 'started');
  return {
    child,
    tell: (turn, reason) =>
      tellFacts(
        room,
        root,
        id,
        (facts) => ({
          ...facts,
          hook: { at: now(), agent, event: 'Any', turn, reason: reason ?? null },
          seenAt: now(),
        }),
        turn,
      ),
    end: (exitCode) =>
      tellFacts(
        room,
        root,
        id,
        (facts) => ({
          ...facts,
          run: { ...(facts.run as AgentRun), end: { at: now(), exitCode, signal: null, how: 'exit' } },
        }),
        exitCode === 0 ? 'exited' : 'failed',
      ),
  };
}

const now = (): string => new Date().toISOString();

function runOf(agent: string, owner: Owner, hasHooks: boolean): AgentRun {
  return {
    agent,
    how: 'background',
    owner: { ...owner, nonce: randomUUID() },
    startedAt: now(),
    argv: ['sleep', '600'],
    hasHooks,
    log: null,
    input: null,
    tmux: null,
    stoppingAt: null,
    end: null,
  };
}

export async function tellFacts(
  room: Room,
  root: string,
  id: string,
  change: (facts: AgentFacts) => AgentFacts,
  word: string,
): Promise<void> {
  const gitdir = await readFile(path.join(root, '.worktrees', id, '.git'), 'utf8');
  const adminDirectory = path.resolve(root, '.worktrees', id, gitdir.replace(/^gitdir: /, '').trim());
  const place = { id, adminDirectory, log: eventLogOf(path.join(root, '.git')) };
  await recordNews(makeDeps(room, root), place, (facts) => ({
    facts: change(facts),
    events: [{ at: now(), event: `session.agent.${word}`, by: 'claude', data: { agent: 'claude' } }],
  }));
}
