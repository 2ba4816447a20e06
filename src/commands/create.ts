import * as z from 'zod';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { defineCommand, type Context } from '../cli/define.ts';
import { afterOption, agentOption, baseOption, flag, ownsOption, taskOption } from '../cli/params.ts';
import { WtError } from '../core/errors.ts';
import { rowOfPlan } from '../sessions/create.ts';
import { cardOf, SessionCard } from '../sessions/view.ts';
import { createSession, type CreateOutcome } from '../sessions/create-apply.ts';
import { nameSession } from '../sessions/naming.ts';
import { makeUpId } from '../sessions/names.ts';
import { openRepo } from '../sessions/open.ts';
import { readBook } from '../sessions/book.ts';
import { declaredLines } from '../ui/session.ts';
import type { Look } from '../ui/theme.ts';
import { plural, safe } from '../ui/text.ts';

interface Outcome {
  readonly outcome: CreateOutcome;
  readonly warnings: readonly string[];
}

export default defineCommand({
  description:
    'Cuts a branch from the base, gives it a worktree below .worktrees, and records what it is for. Nothing is left behind when it fails.',
  args: {
    id: {
      flags: '[id]',
      help: 'Id, or a branch name with a slash; made up when left out',
      schema: z.string().optional(),
    },
  },
  options: {
    base: baseOption,
    branch: {
      flags: '--branch <name>',
      help: 'Branch to use: an existing one is checked out, a new one is cut (default: wt/<id>, or as the configuration names it)',
      schema: z.string().min(1).optional(),
    },
    agent: agentOption,
    task: taskOption,
    taskFile: {
      flags: '--task-file <path>',
      help: 'Read the task from a file, or from standard input with "-"',
      schema: z.string().min(1).optional(),
    },
    reuse: flag('--reuse', 'Return the session when it exists already'),
    setup: {
      flags: '--no-setup',
      help: 'Check out the files and do nothing more',
      schema: z.boolean().default(true),
    },
    fetch: flag('--fetch', 'Fetch the base from its remote first'),
    owns: ownsOption,
    after: afterOption,
    fromChanges: flag('--from-changes', 'Move the uncommitted changes made here into the session'),
  },
  examples: [
    'wt create fix-login --task "Fix the login redirect" --agent claude',
    'wt create feature/search --base origin/main',
    'wt create spike --from-changes',
    "wt create auth --owns 'src/auth/**' --after fix-login",
    'cd "$(wt path fix-login)"',
  ],
  mutates: true,
  data: z.object({
    created: z.boolean(),
    session: SessionCard,
    planned: z.boolean().optional(),
  }),

  async run(context, input): Promise<Outcome> {
    const { deps, globals } = context;
    const repo = await openRepo(deps);
    const argument = input.id ?? makeUpId(await readBook(repo), deps.random);
    const task = await readTask(context, input);
    const target = await nameSession(repo, argument, { branch: input.branch, base: input.base, task });
    const request = {
      id: target.id,
      branch: target.branch,
      folder: target.folder,
      isBranchNamed: input.branch !== undefined || target.isNamedByBranch,
      base: input.base,
      agent: input.agent ?? null,
      task,
      reuse: input.reuse,
      owns: input.owns,
      after: input.after,
    };
    const options = { dryRun: globals.dryRun, fetch: input.fetch, fromChanges: input.fromChanges };
    const outcome = await context.busy(`creating ${target.id}`, () => createSession(repo, request, options));
    return { outcome, warnings: warningsOf(outcome, target.isNamedByBranch ? argument : undefined) };
  },

  human: ({ outcome }, look) => describe(outcome, look),
  warnings: ({ warnings }) => warnings,
  json: ({ outcome }) => ({
    created: outcome.kind === 'created',
    ...(outcome.kind === 'planned' ? { planned: true } : {}),
    session:
      outcome.kind === 'planned' ? cardOf({ ...outcome.plan, row: rowOfPlan(outcome.plan) }) : cardOf(outcome.session),
  }),
});

async function readTask(
  { deps }: Context,
  input: { task: string | undefined; taskFile: string | undefined },
): Promise<string | null> {
  if (input.task !== undefined && input.taskFile !== undefined)
    throw new WtError('usage.invalid', { option: '--task-file', reason: 'give either --task or --task-file' });
  if (input.taskFile === undefined) return input.task ?? null;
  const text =
    input.taskFile === '-' ? await deps.io.readStdin() : await readTaskFile(path.resolve(deps.cwd, input.taskFile));
  const task = text.trim();
  if (task === '') throw new WtError('usage.invalid', { option: '--task-file', reason: 'the task is empty' });
  if (Buffer.byteLength(task) > 65_536)
    throw new WtError('usage.invalid', { option: '--task-file', reason: 'the task is longer than 64 kB' });
  return task;
}

async function readTaskFile(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const reason = `${file} cannot be read: ${error instanceof Error ? error.message : ''}`;
    throw new WtError('usage.invalid', { option: '--task-file', reason }, { cause: error });
  }
}

function warningsOf(outcome: CreateOutcome, branchArgument: string | undefined): readonly string[] {
  if (outcome.kind === 'reused') return [];
  const { base, id } = outcome.plan;
  const behind =
    base.behind > 0 && base.upstream !== undefined
      ? [`${base.name} is ${plural(base.behind, 'commit')} behind ${base.upstream}; --fetch cuts from there`]
      : [];
  const lands =
    base.branch === null
      ? [`${base.name} is no branch, so landing needs one named: wt merge ${id} --into <branch>`]
      : [];
  return [
    ...(branchArgument === undefined ? [] : [`"${branchArgument}" is a branch name, so the session is called ${id}`]),
    ...behind,
    ...lands,
  ];
}

function describe(outcome: CreateOutcome, look: Look): string {
  const { theme } = look;
  if (outcome.kind === 'reused') {
    const { id, row, path: target } = outcome.session;
    return `${theme.ok} ${theme.name(id)} exists already  ${theme.dim(`branch ${row.branch}`)}\n  ${theme.path(target)}\n`;
  }
  const { plan } = outcome;
  const target = outcome.kind === 'created' ? outcome.session.path : plan.path;
  const from = `${plan.base.name === plan.base.commit ? 'commit' : plan.base.name} ${plan.base.commit.slice(0, 7)}`;
  const branch = plan.createsBranch
    ? `branch ${plan.branch} from ${from}`
    : `existing branch ${plan.branch} at ${plan.start.slice(0, 7)}, base ${from}`;
  const head =
    outcome.kind === 'created' ? `${theme.ok} Created ${theme.name(plan.id)}` : `Would create ${theme.name(plan.id)}`;
  const moved =
    outcome.kind === 'created' && outcome.moved !== undefined
      ? `  ${plural(outcome.moved, 'changed file')} moved here; the worktree they came from is clean\n  ${theme.dim('the originals are kept in')} ${theme.path(outcome.kept)}\n`
      : '';
  return `${head}  ${safe(branch)}\n  ${theme.path(target)}\n${declaredLines(plan, look)}${moved}`;
}
