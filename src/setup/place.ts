import type { Git } from '../git/git.ts';
import type { Deps } from '../platform/deps.ts';
import type { SessionFacts } from './values.ts';

/** A session that is being made ready or taken down, and what is needed for it. */
export interface Place {
  readonly facts: SessionFacts;
  readonly deps: Deps;
  /** git's common directory. */
  readonly commonDir: string;
  /** git in the main worktree, and in the session. */
  readonly mainGit: Git;
  readonly git: Git;
  /** The session's administrative folder: it goes and comes back with the session. */
  readonly adminDirectory: string;
}
