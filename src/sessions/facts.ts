import path from 'node:path';
import { lstatOf, replaceFile } from '../platform/files.ts';
import type { Place } from '../setup/place.ts';
import { userOf, type SessionFacts } from '../setup/values.ts';
import type { Session } from './book.ts';
import { gitAtWorktree, type Repo } from './repo.ts';

/** In the session's administrative folder, so that it goes into the trash and comes back with it. */
const TASK_FILE = 'wt-task.md';

/** What is known of a session, for templates and for the environment of programs. */
export function factsOf(repo: Repo, { id, row, path: worktree, admin }: Session): SessionFacts {
  return {
    id,
    branch: row.branch,
    base: row.base.branch ?? row.base.commit,
    task: row.task,
    path: worktree,
    main: repo.root,
    user: userOf(repo.deps.env),
    createdAt: row.createdAt,
    ports: row.ports ?? {},
    taskFile: row.task === null || admin === undefined ? undefined : path.join(admin.directory, TASK_FILE),
  };
}

/** Puts the task into the file that `WT_TASK_FILE` names, for those who want to read it from one. Once is enough: a task stays. */
export async function writeTaskFile({ row, admin }: Session): Promise<void> {
  if (row.task === null || admin === undefined) return;
  const file = path.join(admin.directory, TASK_FILE);
  if ((await lstatOf(file)) === undefined) await replaceFile(file, row.task);
}

/** A session as what makes it ready sees it. */
export function placeOf(repo: Repo, session: Session, adminDirectory: string): Place {
  return {
    facts: factsOf(repo, session),
    deps: repo.deps,
    commonDir: repo.commonDir,
    mainGit: repo.git,
    git: gitAtWorktree(repo, session.path),
    adminDirectory,
  };
}
