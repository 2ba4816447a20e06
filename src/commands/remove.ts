import * as z from 'zod';
import { askTrust } from '../cli/ask-trust.ts';
import { defineCommand, type Context } from '../cli/define.ts';
import { flag, hooksOption, killOption, sessionsArg } from '../cli/params.ts';
import { WtError } from '../core/errors.ts';
import { readBook } from '../sessions/book.ts';
import { gatherCommands, type Commands } from '../sessions/hooks.ts';
import { LEAVE_PHASES } from '../sessions/leave.ts';
import { openRepo } from '../sessions/open.ts';
import { removeSession, type RemoveOutcome } from '../sessions/remove.ts';
import type { Repo } from '../sessions/repo.ts';
import { requireSessions } from '../sessions/select.ts';
import { loadDefinition } from '../setup/definition.ts';
import { reasonLine } from '../ui/refusals.ts';
import { proofWords } from '../ui/session.ts';
import { few, plural, safe, wrap } from '../ui/text.ts';
import { narratorOf } from '../ui/setup.ts';
import { createTheme, type Look } from '../ui/theme.ts';

export default defineCommand({
  description:
    'Moves the worktree into the trash and deletes its branch, both kept restorable. Refuses uncommitted or unlanded work, a lock, an operation in progress, and a session somebody is in. Ignored files go along.',
  args: { ids: sessionsArg },
  options: {
    force: flag('--force', 'Also with uncommitted or unlanded work; a copy is kept all the same'),
    keepBranch: flag('--keep-branch', 'Leave the branch where it is'),
    kill: killOption,
    hooks: hooksOption,
  },
  examples: ['wt remove fix-login', 'wt remove spike --force', 'wt rm a b c --dry-run'],
  mutates: true,
  data: z.object({
    removed: z.array(
      z.object({
        id: z.string(),
        trash: z.string().nullable(),
        proof: z.string().nullable(),
        branch: z.object({ name: z.string(), deleted: z.boolean() }),
        precious: z.array(z.string()),
        forced: z.array(z.string()),
      }),
    ),
  }),

  async run(context, { ids, force, keepBranch, kill, hooks }): Promise<readonly RemoveOutcome[]> {
    const { deps, globals, busy } = context;
    const repo = await openRepo(deps);
    const sessions = await requireSessions(repo, await readBook(repo), ids);
    const request = { force, keepBranch, kill, verb: 'remove' };
    // First all are judged, so that one refusal leaves all where they are.
    const planned: RemoveOutcome[] = [];
    if (sessions.length > 1 || globals.dryRun)
      for (const { id } of sessions) planned.push(await removeSession(repo, id, { ...request, dryRun: true }));
    if (globals.dryRun) return planned;
    const commands = hooks ? await commandsFor(context, repo, ids) : undefined;
    const outcomes: RemoveOutcome[] = [];
    for (const { id } of sessions) {
      try {
        const work = (): Promise<RemoveOutcome> => removeSession(repo, id, { ...request, commands, dryRun: false });
        outcomes.push(await (commands === undefined ? busy(`removing ${id}`, work) : work()));
      } catch (error) {
        if (outcomes.length === 0 || !WtError.any(error)) throw error;
        throw new WtError(error.kind, error.details, { cause: error, changed: true }); // those before it are gone
      }
    }
    return outcomes;
  },

  warnings: (outcomes) => outcomes.flatMap(({ warnings }) => [...warnings]),
  human: (outcomes, look) => outcomes.map((outcome) => describe(outcome, look)).join(''),
  json: (outcomes) => ({
    removed: outcomes.map(({ plan, op }) => ({
      id: plan.session.id,
      trash: op,
      proof: plan.evidence?.proof ?? null,
      branch: { name: plan.session.row.branch, deleted: plan.deletesBranch },
      precious: [...plan.precious],
      forced: plan.forced.map(({ code }) => code),
    })),
  }),
});

/** Undefined when nothing is to run around it. */
async function commandsFor(context: Context, repo: Repo, ids: readonly string[]): Promise<Commands | undefined> {
  const { commands, missing } = await gatherCommands(repo, await loadDefinition(repo.root, context.deps.env), {
    phases: LEAVE_PHASES,
    narrator: narratorOf(context.deps.io.err, createTheme(context.deps.io.errColor), ''),
    without: ['wt', 'remove', ...ids, '--no-hooks'],
  });
  await askTrust(context, missing);
  return commands;
}

function describe({ kind, plan, trash }: RemoveOutcome, { theme, isTerminal, width }: Look): string {
  const { session, evidence, deletesBranch, precious, forced } = plan;
  const isPlan = kind === 'planned';
  const why = evidence === null ? '' : theme.dim(`  ${proofWords(evidence, session.row.base.branch)}`);
  const gone = isPlan ? 'would be deleted, its commits kept' : 'deleted, its commits kept';
  const along = `${plural(precious.length, 'ignored file')} ${isPlan ? 'would go' : 'went'} along: ${few(precious)}`;
  const warning = (text: string): readonly string[] =>
    wrap(safe(text), isTerminal ? width - 4 : Number.MAX_SAFE_INTEGER).map(
      (line, i) => `${i === 0 ? theme.warn : ' '} ${line}`,
    );
  const notes = [
    ...forced.flatMap((reason) => warning(reasonLine(reason))),
    ...(precious.length === 0 ? [] : warning(along)),
    theme.dim(`branch ${session.row.branch} ${deletesBranch ? gone : 'stays'}`),
    ...(trash === null
      ? []
      : [
          `${theme.dim('kept in')} ${theme.path(trash)}`,
          `${theme.dim('back with')} ${theme.command(`wt restore ${session.id}`)}`,
        ]),
  ];
  const head = isPlan
    ? `Would remove ${theme.name(session.id)}${why}`
    : `${theme.ok} Removed ${theme.name(session.id)}${why}`;
  return `${head}\n${notes.map((note) => `  ${note}\n`).join('')}`;
}
