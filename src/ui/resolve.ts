import type { AbortOutcome, ContinueOutcome } from '../landing/resolve/resolve.ts';
import type { Resolved } from '../landing/resolve/resolve-modes.ts';
import type { ResolveOutcome } from '../landing/resolve/resolve-plan.ts';
import { few, plural, safe, shellLine } from './text.ts';
import type { Look } from './theme.ts';

/** What a mode of `wt sync` or `wt merge` says. Pure. */
export function renderResolved(resolved: Resolved, verb: 'sync' | 'merge', look: Look): string {
  switch (resolved.mode) {
    case 'resolve':
      return renderResolve(resolved.outcome, verb, look);
    case 'continue':
      return renderContinue(resolved.outcome, look);
    case 'abort':
      return renderAbort(resolved.outcome, look);
  }
}

/** What is still to be done in the session. Pure. */
export function resolvedWarnings(resolved: Resolved): readonly string[] {
  if (resolved.mode !== 'continue' || resolved.outcome.left.length === 0) return [];
  const { id } = resolved.outcome.session;
  return [`${id} has uncommitted changes that are no part of the merge: wt commit ${id}`];
}

/** What `--resolve` says, of `wt sync` and of `wt merge`. Pure. */
function renderResolve(outcome: ResolveOutcome, verb: 'sync' | 'merge', { theme }: Look): string {
  const { session, into } = outcome;
  const [id, base] = [theme.name(session.id), theme.name(into)];
  const next = (...argv: string[]): string => theme.command(shellLine(['wt', ...argv]));
  if (!('files' in outcome))
    return outcome.kind === 'current'
      ? `${id} has all of ${base} already: there is no conflict.\n`
      : `${id} does not conflict with ${base}.\n  ${theme.dim('next')}  ${next(verb, session.id)}\n`;
  const files = outcome.files.flatMap(({ path, target, session: own }) => [
    `  ${theme.bad(path)}`,
    ...(target === null ? [] : [`    ${theme.dim(`${into}:`)} ${safe(target)}`]),
    ...(own === null ? [] : [`    ${theme.dim(`${session.id}:`)} ${safe(own)}`]),
  ]);
  const tasks = outcome.tasks.length === 0 ? [] : ['  tasks', ...outcome.tasks.map((task) => `    ${safe(task)}`)];
  const count = plural(outcome.files.length, 'file');
  const head =
    outcome.kind === 'planned'
      ? `Would lay out the conflict of ${id} with ${base} in ${count}`
      : `${theme.ok} The conflict of ${id} with ${base} is laid out in ${count} of its worktree`;
  const steps =
    outcome.kind === 'planned'
      ? []
      : [
          `  ${theme.path(session.path)}`,
          '',
          `  ${theme.dim('for its agent'.padEnd(15))}${next('show', session.id, '--conflict-brief')}`,
          `  ${theme.dim('once resolved'.padEnd(15))}${next(verb, session.id, '--continue')}`,
          `  ${theme.dim('to give up'.padEnd(15))}${next(verb, session.id, '--abort')}`,
        ];
  return `${[head, ...files, ...tasks, ...steps].join('\n')}\n`;
}

/** What `--continue` says. Pure. */
function renderContinue({ session, into, commit, isCommitted }: ContinueOutcome, { theme }: Look): string {
  const how = isCommitted ? 'committed' : 'it had been committed there';
  return `${theme.ok} Resolved: ${theme.name(session.id)} has ${theme.name(into)}  ${theme.dim(`${commit.slice(0, 7)} (${how})`)}\n`;
}

/** What `--abort` says, and how to get at what was resolved. Pure. */
function renderAbort({ session, kept, edited, isGone }: AbortOutcome, { theme }: Look): string {
  const id = theme.name(session.id);
  if (isGone) return `${theme.ok} ${id} has no merge open; nothing in it was touched.\n`;
  const how =
    kept === undefined
      ? ''
      : `  ${theme.dim(`what was edited (${few(edited)}) is kept:`)} ${theme.command(shellLine(['git', 'show', `${kept}:${edited[0] ?? ''}`]))}\n`;
  return `${theme.ok} ${id} is as it was before its conflict was laid out.\n${how}`;
}
