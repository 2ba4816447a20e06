import path from 'node:path';
import { eventLogOf, type EventLog } from '../registry/event-log.ts';

/** Where everything of a repository's sessions lies. All absolute. */
export interface Layout extends EventLog {
  readonly worktrees: string;
  readonly registry: string;
  readonly state: string;
  readonly lock: string;
  readonly fetchLock: string;
  readonly journal: string;
  readonly trash: string;
  readonly cache: string;
  readonly operations: string;
  /** The hidden worktree in which merged results are tested. */
  readonly gate: string;
  readonly gateLock: string;
  /** Hash of what the hidden worktree was last made ready with. */
  readonly gateStamp: string;
  readonly gateLogs: string;
  readonly verdicts: string;
  /** Of the one process that makes spares. */
  readonly spareLock: string;
}

export function layoutOf(root: string, commonDir: string): Layout {
  const worktrees = path.join(root, '.worktrees');
  const state = path.join(commonDir, 'wt');
  return {
    worktrees,
    registry: path.join(worktrees, 'sessions.json'),
    state,
    lock: path.join(state, 'lock'),
    fetchLock: path.join(state, 'lock', 'fetch'),
    journal: path.join(state, 'journal'),
    trash: path.join(state, 'trash'),
    cache: path.join(state, 'cache'),
    ...eventLogOf(commonDir),
    operations: path.join(state, 'logs', 'operations.jsonl'),
    gate: path.join(worktrees, '.gate'),
    gateLock: path.join(state, 'lock', 'gate'),
    gateStamp: path.join(state, 'gate.stamp'),
    gateLogs: path.join(state, 'logs', 'gate'),
    verdicts: path.join(state, 'logs', 'verdicts.jsonl'),
    spareLock: path.join(state, 'lock', 'spares'),
  };
}

export const EXCLUDE_LINE = '/.worktrees/';

/**
 * The worktree of a session that wt makes; computed, so that nothing read from a file can lead elsewhere. A folder that is no plain
 * name counts as none.
 */
export function sessionPath({ worktrees }: Pick<Layout, 'worktrees'>, id: string, folder?: string): string {
  return path.join(worktrees, folder !== undefined && isFolderName(folder) ? folder : id);
}

/** Whether a text can be the name of a session's folder: one name, and none that wt itself uses there. Pure. */
export function isFolderName(name: string): boolean {
  return (
    /^[^.\\/][^\\/]*$/.test(name) &&
    !/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/.test(name) &&
    !/[. ]$/.test(name) &&
    name.toLowerCase() !== 'sessions.json' &&
    Buffer.byteLength(name) <= 200
  );
}
