import type { ConflictBrief } from '../landing/resolve/brief.ts';
import { plural, safe, safeLine, shellLine } from './text.ts';

/** A prompt for the session's agent, as plain text: what happened, both sides of each file, the rules, what to call at the end. Pure. */
export function renderBrief(brief: ConflictBrief): string {
  const { id, into, verb, isLaidOut, files, path, branch } = brief;
  const wt = (...argv: string[]): string => shellLine(['wt', ...argv]);
  const count = plural(files.length, 'file');
  const begin = isLaidOut
    ? `The merge of ${into} is open in your worktree, with conflict markers in the files below. Do not start another one.`
    : `Nothing has been merged yet. Begin with: ${wt(verb, id, '--resolve')}\nThat puts conflict markers into the files below.`;
  return `${[
    `# Resolve the conflict of session ${id} with ${into}`,
    `Your branch ${branch} and ${into} have changed the same lines in ${count}.\nWorktree: ${path}\n${begin}`,
    `## What each side is for\n\n${tasks(brief)}`,
    `## Files\n\n${files.map((file) => fileLines(file, brief)).join('\n')}`,
    RULES,
    `## When it is done\n\nRun: ${wt('sync', id, '--continue')}\nIt refuses while a conflict is left, and names the file. It makes the merge commit in your branch; landing it is a person's decision.\nIf you cannot keep both intents, stop and say why; change nothing more.`,
  ].join('\n\n')}\n`;
}

const RULES = `## Rules

- Keep what both sides intend. Never solve a conflict by taking one side and dropping the other.
- Leave no conflict marker ("<<<<<<<", "=======", ">>>>>>>") in any file.
- Where one side deleted or renamed a file, or it is binary: decide, and say so with git add or git rm.
- Change nothing that the conflict does not ask for.
- Run the tests, and make them pass.
- Do not commit anywhere else, do not switch branches, do not rebase, and do not abort the merge.`;

function tasks({ id, task, into, others }: ConflictBrief): string {
  const own = `- ${id} (yours): ${task === null ? 'no task is recorded; see its commits' : block(task)}`;
  const rest =
    others.length === 0
      ? [`- ${into}: see its commits`]
      : others.map((other) => `- ${other.id} (landed on ${into}): ${block(other.task)}`);
  return [own, ...rest].join('\n');
}

function block(text: string): string {
  const lines = safe(text).trim().split('\n');
  return lines.map((line, i) => (i === 0 || line === '' ? line : `  ${line}`)).join('\n');
}

function fileLines({ path, ours, theirs }: ConflictBrief['files'][number], { id, into }: ConflictBrief): string {
  const side = (name: string, commits: readonly string[]): string =>
    commits.map((commit) => `  - ${name}: ${safeLine(commit)}`).join('\n');
  return [`- ${safeLine(path)}`, side(id, ours), side(into, theirs)].filter((part) => part !== '').join('\n');
}
