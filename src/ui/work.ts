import type { Commit } from '../git/commit.ts';
import type { FileChange } from '../git/diff.ts';
import { plural, safe, truncate, widthOf } from './text.ts';
import type { Theme } from './theme.ts';

const SHOWN = 12;

/** Commits and what they change, for a person to decide on: the first of each with a count of the rest. */
export function workLines(
  { commits, files }: { commits: readonly Commit[]; files: readonly FileChange[] },
  theme: Theme,
  room: number,
): readonly string[] {
  const sum = (key: 'added' | 'deleted'): number => files.reduce((total, file) => total + (file[key] ?? 0), 0);
  const subjects = commits.map(({ commit, subject }) =>
    truncate(`  ${theme.attention(commit.slice(0, 7))} ${safe(subject)}`, room),
  );
  const paths = files.map((file) => `  ${fileLine(file, theme, room - 2)}`);
  return [
    theme.heading(plural(commits.length, 'commit')),
    ...firstOf(subjects, theme),
    '',
    `${theme.heading(plural(files.length, 'file'))}  ${countsText({ added: sum('added'), deleted: sum('deleted') }, theme)}`,
    ...firstOf(paths, theme),
  ];
}

/** A changed file with its counts; a long name loses its middle, not the file's own name or the counts. */
export function fileLine(file: FileChange, theme: Theme, room: number): string {
  const counts = countsText(file, theme);
  return `${truncate(safe(file.path), Math.max(8, room - widthOf(counts) - 2), 'middle')}  ${counts}`;
}

function countsText({ added, deleted }: Pick<FileChange, 'added' | 'deleted'>, theme: Theme): string {
  return `${theme.good(`+${added ?? 'binary'}`)} ${theme.bad(`-${deleted ?? 'binary'}`)}`;
}

/** At most twelve lines, and how many more there are. */
export function firstOf(lines: readonly string[], theme: Theme): readonly string[] {
  return lines.length <= SHOWN ? lines : [...lines.slice(0, SHOWN), theme.dim(`  and ${lines.length - SHOWN} more`)];
}
