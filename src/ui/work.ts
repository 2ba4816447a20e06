import type { Commit } from '../git/commit.ts';
import type { FileChange } from '../git/diff.ts';
import { plural, safe, truncate } from './text.ts';
import type { Theme } from './theme.ts';

const SHOWN = 12;

/** Commits and what they change, for a person to decide on: the first of each with a count of the rest. */
export function workLines(
  { commits, files }: { commits: readonly Commit[]; files: readonly FileChange[] },
  theme: Theme,
  room: number,
): readonly string[] {
  const sum = (key: 'added' | 'deleted'): number => files.reduce((total, file) => total + (file[key] ?? 0), 0);
  const counts = (added: number | null, deleted: number | null): string =>
    `${theme.good(`+${added ?? 'binary'}`)} ${theme.bad(`-${deleted ?? 'binary'}`)}`;
  const subjects = commits.map(({ commit, subject }) =>
    truncate(`  ${theme.attention(commit.slice(0, 7))} ${safe(subject)}`, room),
  );
  const paths = files.map(({ path, added, deleted }) => truncate(`  ${safe(path)}  ${counts(added, deleted)}`, room));
  return [
    theme.heading(plural(commits.length, 'commit')),
    ...firstOf(subjects, theme),
    '',
    `${theme.heading(plural(files.length, 'file'))}  ${counts(sum('added'), sum('deleted'))}`,
    ...firstOf(paths, theme),
  ];
}

/** At most twelve lines, and how many more there are. */
export function firstOf(lines: readonly string[], theme: Theme): readonly string[] {
  return lines.length <= SHOWN ? lines : [...lines.slice(0, SHOWN), theme.dim(`  and ${lines.length - SHOWN} more`)];
}
