/** What an agent has to know of where it is. */
export interface BriefFacts {
  readonly id: string;
  readonly branch: string;
  /** Branch that the session was cut from and lands on. */
  readonly base: string;
  readonly worktree: string;
  /** The main checkout; undefined: the repository is bare. */
  readonly main: string | undefined;
}

/** One paragraph, for an agent's context. Pure. */
export function briefFor({ id, branch, base, worktree, main }: BriefFacts): string {
  return [
    `You work in the session "${id}" of wt: a git worktree of its own at ${worktree}, on the branch ${branch}, cut from ${base}.`,
    'Other agents work in worktrees of the same repository at the same time. Stay in your folder and on your branch.',
    main === undefined ? '' : `Do not change anything in the main checkout, ${main}.`,
    'Do not use git stash: all worktrees share one. Do not remove or prune worktrees.',
    `You may call: wt show ${id}, wt commit ${id} -m <message>, wt sync ${id} (brings ${base} in), wt conflicts ${id}.`,
    `When the task is finished say so by: wt done ${id} --summary <what you did>; when it cannot be done: wt done ${id} --fail --summary <why>.`,
    'A person decides what lands: do not merge into the base and do not push.',
  ]
    .filter((line) => line !== '')
    .join(' ');
}
