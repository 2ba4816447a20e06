import { hasChanges } from '../git/status.ts';
import { listSessions } from './list.ts';
import type { Repo } from './repo.ts';
import { isAtWork, type SessionStatus } from './status.ts';
import type { SessionView } from './view.ts';

/** The one session to look at now; undefined when none needs a person. */
export interface NextOutcome {
  readonly session: SessionView | undefined;
  /** The command that suits its state. */
  readonly next: readonly string[] | undefined;
  /** How many more need a person. */
  readonly more: number;
  /** How many have an agent at work. */
  readonly working: number;
}

export async function findNext(repo: Repo): Promise<NextOutcome> {
  const all = { all: false, conflicts: false, status: undefined, agent: undefined };
  return chooseNext((await listSessions(repo, all)).sessions);
}

/** Of sessions in the order of attention. Pure. */
export function chooseNext(sessions: readonly SessionView[]): NextOutcome {
  const [session, ...more] = sessions.filter(needsPerson);
  const working = sessions.filter(({ agentStatus }) => isAtWork(agentStatus)).length;
  return { session, next: session === undefined ? undefined : nextStep(session), more: more.length, working };
}

const NEEDS_NOBODY: ReadonlySet<SessionStatus> = new Set(['working', 'busy', 'landed', 'new']);

/** Whether it goes no further by itself. An agent that has ended without any work leaves a session that looks new. */
export function needsPerson({ status, agentStatus }: SessionView): boolean {
  return !NEEDS_NOBODY.has(status) || (status === 'new' && agentStatus?.isAlive === false);
}

/** What a person would do next with a session in this state. Pure. */
export function nextStep(view: SessionView): readonly string[] {
  const { id, status, path, approved, setup } = view;
  const steps: Readonly<Record<SessionStatus, () => readonly string[]>> = {
    conflict: () => nextInConflict(view),
    broken: () => nextWhenBroken(view),
    waiting: () => nextWithAgent(view),
    failed: () => nextWhenFailed(view),
    done: () => ['wt', 'approve', id],
    approved: () => ['wt', 'merge', id],
    // Who has approved it once will want to look at what came since.
    ready: () => ['wt', approved === undefined ? 'merge' : 'approve', id],
    dirty: () => ['wt', 'commit', id],
    working: () => nextWithAgent(view),
    busy: () => (setup?.state === 'running' ? ['wt', 'show', id] : ['git', '-C', path, 'status']),
    new: () => nextWhenNew(view),
    landed: () => ['wt', 'clean'],
  };
  return steps[status]();
}

/** To where it can be talked to; else to what it has done, or said. One in a terminal of its own is talked to there. */
function nextWithAgent({ id, path, agentStatus, ahead, changes }: SessionView): readonly string[] {
  if (agentStatus === undefined) return ['cd', path];
  const { how, log, state } = agentStatus;
  if (how === 'tmux') return ['wt', 'attach', id];
  if (how !== 'background' || log === null) return ['wt', state === 'waiting' ? 'show' : 'diff', id];
  if (state === 'waiting') return ['wt', 'attach', id];
  const hasWork = (ahead ?? 0) > 0 || (changes !== null && hasChanges(changes));
  return ['wt', state === 'idle' && hasWork ? 'diff' : 'logs', id];
}

/** Who has said that it failed has left something to read; who is gone can be taken up again. */
function nextWhenFailed({ id, agentStatus, done }: SessionView): readonly string[] {
  if (agentStatus === undefined || (done?.failed === true && !done.isStale)) return ['wt', 'diff', id];
  if (agentStatus.isAlive && agentStatus.how === 'tmux') return ['wt', 'attach', id];
  if (agentStatus.state === 'died') return ['wt', agentStatus.conversation === null ? 'run' : 'resume', id];
  return ['wt', agentStatus.log === null ? 'diff' : 'logs', id];
}

function nextWhenNew({ id, path, behind, agent, agentStatus }: SessionView): readonly string[] {
  if (agentStatus !== undefined) return ['wt', agentStatus.log === null ? 'run' : 'logs', id];
  if ((behind ?? 0) > 0) return ['wt', 'sync', id];
  return agent === null ? ['cd', path] : ['wt', 'run', id];
}

function nextWhenBroken({ id, branch, tree, path }: SessionView): readonly string[] {
  if (tree === 'ok') return ['wt', 'setup', id];
  return tree === 'switched' ? ['git', '-C', path, 'switch', branch] : ['wt', 'doctor', '--fix'];
}

/** Laid out: to be ended; foreseen with the base: to be laid out; with another session: to be looked at. */
function nextInConflict({ id, path, changes, resolving, conflicts }: SessionView): readonly string[] {
  if (resolving !== undefined) return ['wt', resolving.verb, id, '--continue'];
  if (changes !== null && changes.conflicted > 0) return ['git', '-C', path, 'status'];
  return (conflicts?.base?.length ?? 0) > 0 ? ['wt', 'sync', id, '--resolve'] : ['wt', 'merge', id, '--dry-run'];
}
