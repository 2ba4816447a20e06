import type { AnyCommand } from './define.ts';

export interface Verb {
  readonly summary: string;
  readonly group: 'Sessions' | 'Work' | 'Agents' | 'Land and tidy' | 'Keep safe';
  readonly alias?: string;
  readonly load: () => Promise<{ readonly default: AnyCommand }>;
}

/** Every verb wt knows, in the order of the help. The file is found by its name; it loads only when it runs. */
export const table = {
  create: {
    group: 'Sessions',
    summary: 'Create a session: a branch and a worktree of its own',
    load: () => import('../commands/create.ts'),
  },
  list: {
    group: 'Sessions',
    alias: 'ls',
    summary: 'List the sessions, those that need a person first',
    load: () => import('../commands/list.ts'),
  },
  show: { group: 'Sessions', summary: 'Show everything about one session', load: () => import('../commands/show.ts') },
  path: { group: 'Sessions', summary: 'Print the folder of a session', load: () => import('../commands/path.ts') },
  adopt: {
    group: 'Sessions',
    summary: 'Make an existing worktree a session',
    load: () => import('../commands/adopt.ts'),
  },
  setup: {
    group: 'Sessions',
    summary: 'Make a session ready, or again: files, variables, commands',
    load: () => import('../commands/setup.ts'),
  },
  run: {
    group: 'Agents',
    summary: 'Start an agent in a session',
    load: () => import('../commands/run.ts'),
  },
  logs: {
    group: 'Agents',
    summary: 'Show what an agent without a terminal printed',
    load: () => import('../commands/logs.ts'),
  },
  stop: {
    group: 'Agents',
    summary: 'End agents with all that they have started',
    load: () => import('../commands/stop.ts'),
  },
  resume: {
    group: 'Agents',
    summary: 'Take agents up again, in their conversations',
    load: () => import('../commands/resume.ts'),
  },
  exec: {
    group: 'Work',
    summary: 'Run a command in a session, or in all of them',
    load: () => import('../commands/exec.ts'),
  },
  lock: {
    group: 'Work',
    summary: 'Run a command that nobody else may run at the same time',
    load: () => import('../commands/lock.ts'),
  },
  diff: {
    group: 'Work',
    summary: 'Show what a session changed, uncommitted work included',
    load: () => import('../commands/diff.ts'),
  },
  commit: { group: 'Work', summary: 'Commit everything in a session', load: () => import('../commands/commit.ts') },
  done: {
    group: 'Work',
    summary: 'Say that the task of a session is done, or has failed',
    load: () => import('../commands/done.ts'),
  },
  attach: {
    group: 'Agents',
    summary: 'See a running agent, and type to it',
    load: () => import('../commands/attach.ts'),
  },
  send: {
    group: 'Agents',
    summary: 'Give a text to a running agent that waits for one',
    load: () => import('../commands/send.ts'),
  },
  next: {
    group: 'Agents',
    summary: 'Show the one session that needs a person now, and why',
    load: () => import('../commands/next.ts'),
  },
  summary: {
    group: 'Agents',
    summary: 'Tell an agent that leads others how all sessions stand, or what has changed',
    load: () => import('../commands/summary.ts'),
  },
  wait: {
    group: 'Agents',
    summary: 'Wait until sessions are done, wait for a person, or have failed',
    load: () => import('../commands/wait.ts'),
  },
  hook: {
    group: 'Agents',
    summary: 'Take in what an agent tells of itself',
    load: () => import('../commands/hook.ts'),
  },
  hooks: {
    group: 'Agents',
    summary: 'Make an agent tell wt what it does, wherever it is started',
    load: () => import('../commands/hooks.ts'),
  },
  approve: {
    group: 'Land and tidy',
    summary: 'Approve exactly what a session has committed, as a person',
    load: () => import('../commands/approve.ts'),
  },
  conflicts: {
    group: 'Land and tidy',
    summary: 'Show which sessions conflict with their base or each other',
    load: () => import('../commands/conflicts.ts'),
  },
  sync: {
    group: 'Work',
    summary: 'Bring the base into sessions, or resolve a conflict with it',
    load: () => import('../commands/sync.ts'),
  },
  merge: {
    group: 'Land and tidy',
    summary: 'Land a session on its base, after review',
    load: () => import('../commands/merge.ts'),
  },
  push: {
    group: 'Land and tidy',
    summary: 'Push the branches of sessions to a remote',
    load: () => import('../commands/push.ts'),
  },
  pr: {
    group: 'Land and tidy',
    summary: 'Open the pull request of a session, or show it',
    load: () => import('../commands/pr.ts'),
  },
  remove: {
    group: 'Land and tidy',
    alias: 'rm',
    summary: 'Take sessions away, into the trash',
    load: () => import('../commands/remove.ts'),
  },
  clean: {
    group: 'Land and tidy',
    summary: 'Remove what is proven landed, prune what is gone',
    load: () => import('../commands/clean.ts'),
  },
  init: {
    group: 'Keep safe',
    summary: 'Write a configuration with what the repository shows',
    load: () => import('../commands/init.ts'),
  },
  du: {
    group: 'Land and tidy',
    summary: 'Show what sessions take on disk, and what would free it',
    load: () => import('../commands/du.ts'),
  },
  config: {
    group: 'Keep safe',
    summary: 'Read, explain and change settings',
    load: () => import('../commands/config.ts'),
  },
  trust: {
    group: 'Keep safe',
    summary: 'Let the commands run that a repository brings along',
    load: () => import('../commands/trust.ts'),
  },
  restore: {
    group: 'Keep safe',
    summary: 'Bring a removed session back as it was',
    load: () => import('../commands/restore.ts'),
  },
  undo: {
    group: 'Keep safe',
    summary: 'Take back the last change that wt made',
    load: () => import('../commands/undo.ts'),
  },
  doctor: {
    group: 'Keep safe',
    summary: 'Find what registry, git and disk disagree on, and mend it',
    load: () => import('../commands/doctor.ts'),
  },
  events: {
    group: 'Keep safe',
    summary: 'Print what happened, as a stream',
    load: () => import('../commands/events.ts'),
  },
} as const satisfies Record<string, Verb>;

export type VerbName = keyof typeof table;

/** The verb an argument names, by its name or its alias. */
export function findVerb(word: string | undefined): VerbName | undefined {
  if (word === undefined) return undefined;
  const names = Object.keys(table) as VerbName[];
  return names.find((name) => name === word || (table[name] as Verb).alias === word);
}
