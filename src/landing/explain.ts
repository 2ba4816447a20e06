import type { ConflictPath } from '../core/errors.ts';
import { findMergeBase, listCommits } from '../git/commit.ts';
import type { Git } from '../git/git.ts';
import { literalPathspec } from '../git/pathspec.ts';
import type { Ref } from '../git/ref.ts';
import { readBook, type Session } from '../sessions/book.ts';
import type { Repo } from '../sessions/repo.ts';
import { listTrash } from '../sessions/trash.ts';

type Tip = Pick<Ref, 'commit'>;

/** For each path in conflict the last commit of each side, and the tasks of the sessions that meet there. */
export async function explainConflict(
  repo: Repo,
  sides: { session: Session; target: Tip; branch: Tip; paths: readonly string[] },
): Promise<{ files: readonly ConflictPath[]; tasks: readonly string[] }> {
  const { session, target, branch, paths } = sides;
  const mergeBase = await findMergeBase(repo.git, target.commit, branch.commit);
  const range = (tip: string): readonly string[] => (mergeBase === undefined ? [tip] : [`${mergeBase}..${tip}`]);
  const [theirs, ours, others] = await Promise.all([
    lastCommits(repo.git, range(target.commit), paths),
    lastCommits(repo.git, range(branch.commit), paths),
    listTasks(repo, session.id, { range: range(target.commit), paths }),
  ]);
  const files = paths.map((path) => ({ path, target: theirs.get(path) ?? null, session: ours.get(path) ?? null }));
  const { task } = session.row;
  const all = [...(task === null ? [] : [{ id: session.id, task }]), ...others];
  return { files, tasks: all.map((one) => `${one.id}: ${one.task.split('\n')[0] ?? ''}`) };
}

async function lastCommits(
  git: Git,
  range: readonly string[],
  paths: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const { stdout } = await git([
    'log',
    '--format=%x01%h %s%x00',
    '-m',
    '--name-only',
    '-z',
    '--no-renames',
    ...range,
    '--',
    ...paths.map(literalPathspec),
  ]);
  const last = new Map<string, string>();
  let commit = '';
  for (const field of stdout.split('\0').map((text) => text.replace(/^\n/, ''))) {
    if (field.startsWith('\u0001')) commit = field.slice(1);
    else if (field !== '' && !last.has(field)) last.set(field, commit);
  }
  return last;
}

/** Other sessions whose landing, in a range of a target's history, changed these paths; also removed ones. With what they were for. */
export async function listTasks(
  repo: Repo,
  id: string,
  { range, paths }: { range: readonly string[]; paths: readonly string[] },
): Promise<readonly { id: string; task: string }[]> {
  const args = ['--first-parent', '--max-count=500', ...range, '--', ...paths.map(literalPathspec)];
  const landed = await listCommits(repo.git, args);
  const commits = new Set(landed.map(({ commit }) => commit));
  const rows = [
    ...[...(await readBook(repo)).sessions.values()].map(({ row }) => row),
    ...(await listTrash(repo)).map(({ row }) => row),
  ];
  return rows.flatMap((row) =>
    row.id === id || row.task === null || row.landed === undefined || !commits.has(row.landed.commit)
      ? []
      : [{ id: row.id, task: row.task }],
  );
}
