import { userOf, type SessionFacts } from '../setup/values.ts';
import type { Session } from './book.ts';
import type { Repo } from './repo.ts';

/** What is known of a session, for templates and for the environment of programs. */
export function factsOf(repo: Repo, { id, row, path }: Session): SessionFacts {
  const { env } = repo.deps;
  return {
    id,
    branch: row.branch,
    base: row.base.branch ?? row.base.commit,
    task: row.task,
    path,
    main: repo.root,
    user: userOf(env),
    createdAt: row.createdAt,
    ports: row.ports ?? {},
    taskFile: undefined,
  };
}
