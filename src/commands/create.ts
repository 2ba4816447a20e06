import * as z from 'zod';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { defineCommand, type Context } from '../cli/define.ts';
import { afterOption, agentOption, baseOption, flag, ownsOption, promptOptions, taskOption } from '../cli/params.ts';
import { readPrompt, splitWords } from '../cli/read-prompt.ts';
import { askTrust } from '../cli/ask-trust.ts';
import { WtError } from '../core/errors.ts';
import type { AgentName } from '../core/names.ts';
import { rowOfPlan } from '../sessions/create.ts';
import { cardOf, SessionCard } from '../sessions/view.ts';
import type { CreateOutcome } from '../sessions/create-apply.ts';
import { createReady } from '../sessions/create-ready.ts';
import { findMissingTrust, type Commands } from '../sessions/hooks.ts';
import { nameSession } from '../sessions/naming.ts';
import { makeUpId } from '../sessions/names.ts';
import { openRepo } from '../sessions/open.ts';
import { readBook } from '../sessions/book.ts';
import { strainWords } from '../ui/limits.ts';
import { plannedLines, ReadyData, readyData } from '../sessions/ready-report.ts';
import { CREATE_PHASES, type ReadyOutcome } from '../sessions/ready.ts';
import type { Repo } from '../sessions/repo.ts';
import { findSession } from '../sessions/select.ts';
import { requireStartable, runNew, type RunOutcome, wayOf } from '../sessions/run.ts';
import { RunData, runData } from '../sessions/run-report.ts';
import { loadDefinition, type Definition } from '../setup/definition.ts';
import type { Narrator } from '../setup/steps.ts';
import { runText } from '../ui/run.ts';
import { declaredLines } from '../ui/session.ts';
import { narratorOf, plannedText, readyLines } from '../ui/setup.ts';
import { createTheme, type Look } from '../ui/theme.ts';
import { plural, safe } from '../ui/text.ts';

interface Outcome {
  readonly outcome: CreateOutcome;
  /** What was done to make it ready; undefined when that was not wanted, or would only be done. */
  readonly ready: ReadyOutcome | undefined;
  /** What would be done, a line each. */
  readonly would: readonly string[];
  readonly warnings: readonly string[];
  /** The agent that was started there. */
  readonly run: RunOutcome | undefined;
  readonly isForeground: boolean;
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
    words: {
      flags: '[args...]',
      help: 'Words for the agent, after "--"; with --run',
      schema: z.array(z.string()).default([]),
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
      help: 'Check out the files and do nothing more: no set-up, no hooks',
      schema: z.boolean().default(true),
    },
    fetch: flag('--fetch', 'Fetch the base from its remote first'),
    owns: ownsOption,
    after: afterOption,
    fromChanges: flag('--from-changes', 'Move the uncommitted changes made here into the session'),
    run: flag('--run', 'Start its agent there, as wt run does'),
    ...promptOptions,
  },
  examples: [
    'wt create fix-login --task "Fix the login redirect" --agent claude',
    'wt create feature/search --base origin/main',
    'wt create spike --from-changes',
    'wt create fix-login --task "Fix the login redirect" --agent claude --run --background',
    "wt create auth --owns 'src/auth/**' --after fix-login",
    'cd "$(wt path fix-login)"',
  ],
  mutates: true,
  data: z.object({
    created: z.boolean(),
    session: SessionCard,
    planned: z.boolean().optional(),
    /** What was done to make it ready. */
    setup: ReadyData.optional(),
    /** What would be done, a line each; with `--dry-run`. */
    would: z.array(z.string()).optional(),
    /** The agent that was started there; with `--run`. */
    run: RunData.optional(),
  }),

  async run(context, input): Promise<Outcome> {
    const { deps, globals } = context;
    const { id, args } = requireWords(input);
    const repo = await openRepo(deps);
    const definition = await loadDefinition(repo.root, deps.env);
    if (input.run && !input.reuse) await requireStartable(repo, definition.settings, input.agent);
    const prompt = input.run && input.taskFile !== '-' ? await readPrompt(context, input) : input.prompt;
    const made = await make(context, repo, definition, { ...input, id });
    const how = wayOf(input);
    const isForeground = input.run && how === 'foreground';
    if (!input.run || made.outcome.kind === 'planned') return { ...made, isForeground, run: undefined };
    if (isForeground) context.tell(madeText(made, context.look));
    const output = globals.json ? 'aside' : 'terminal';
    const started = runNew(repo, { id: idOf(made.outcome), prompt, args, how, output });
    const run = await started.catch((error: unknown) => {
      if (!isForeground) context.tell(madeText(made, context.look)); // it is there, whatever became of its agent
      throw error;
    });
    return { ...made, isForeground, run };
  },

  human: (made, look) =>
    made.isForeground && made.run !== undefined
      ? ''
      : madeText(made, look) + (made.run === undefined ? '' : runText(made.run, look)),
  warnings: ({ warnings }) => warnings,
  exitCode: ({ run, isForeground }) => (isForeground ? (run?.started.exitCode ?? 0) : 0),
  json: ({ outcome, ready, would, run }) => ({
    ...(run === undefined ? {} : { run: runData(run) }),
    created: outcome.kind === 'created',
    ...(ready === undefined ? {} : { setup: readyData(ready) }),
    ...(would.length === 0 ? {} : { would: [...would] }),
    ...(outcome.kind === 'planned' ? { planned: true } : {}),
    session:
      outcome.kind === 'planned' ? cardOf({ ...outcome.plan, row: rowOfPlan(outcome.plan) }) : cardOf(outcome.session),
  }),
});

function idOf(outcome: CreateOutcome): string {
  return outcome.kind === 'reused' ? outcome.session.id : outcome.plan.id;
}

type Made = Pick<Outcome, 'outcome' | 'ready' | 'would' | 'warnings'>;

interface CreateInput {
  readonly id: string | undefined;
  readonly base: string | undefined;
  readonly branch: string | undefined;
  readonly agent: AgentName | undefined;
  readonly task: string | undefined;
  readonly taskFile: string | undefined;
  readonly reuse: boolean;
  readonly setup: boolean;
  readonly fetch: boolean;
  readonly fromChanges: boolean;
  readonly owns: readonly string[];
  readonly after: readonly string[];
}

async function make(context: Context, repo: Repo, definition: Definition, input: CreateInput): Promise<Made> {
  const { deps, globals } = context;
  const argument = input.id ?? makeUpId(await readBook(repo), deps.random);
  const task = await readTask(context, input);
  const asked = { branch: input.branch, base: input.base, task };
  const target = await nameSession(repo, definition.settings, argument, asked);
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
  const isThere = input.reuse && findSession(await readBook(repo), target.id) !== undefined;
  const commands = input.setup ? { definition, narrator: narratorFor(context, target.id) } : undefined;
  if (input.setup && !globals.dryRun && !isThere)
    await askTrust(context, await findMissingTrust(repo, definition, wantedOf(definition, argument)));
  const options = { definition, dryRun: globals.dryRun, fetch: input.fetch, fromChanges: input.fromChanges };
  const { outcome, ready } = await createReady(repo, { request, options, commands, busy: context.busy });
  const warnings = warningsOf(outcome, target.isNamedByBranch ? argument : undefined);
  return { outcome, ready, would: wouldDo(outcome, commands), warnings: [...warnings, ...(ready?.warnings ?? [])] };
}

function madeText({ outcome, ready, would }: Made, look: Look): string {
  return describe(outcome, look) + (ready === undefined ? '' : readyLines(ready, look)) + plannedText(would);
}

/** Throws `usage.invalid` for what only an agent that is started could use. */
function requireWords(input: {
  id: string | undefined;
  words: readonly string[];
  run: boolean;
  background: boolean;
  tmux: boolean;
  prompt: string | undefined;
  promptFile: string | undefined;
}): { id: string | undefined; args: readonly string[] } {
  const { own, args } = splitWords([input.id, ...input.words]);
  if (own.length > 1) throw new WtError('usage.invalid', { option: own[1] ?? '', reason: 'a session has one id' });
  const only = [
    ['--background', input.background],
    ['--tmux', input.tmux],
    ['--prompt', input.prompt !== undefined],
    ['--prompt-file', input.promptFile !== undefined],
    ['--', args.length > 0],
  ] as const;
  const without = input.run ? undefined : only.find(([, isGiven]) => isGiven);
  if (without !== undefined) throw new WtError('usage.invalid', { option: without[0], reason: 'goes with --run' });
  return { id: own[0], args };
}

/** What of the configuration a create uses; without it `--no-setup` creates all the same. */
function wantedOf(definition: Definition, argument: string): Parameters<typeof findMissingTrust>[2] {
  return {
    phases: CREATE_PHASES,
    env: definition.settings.setup.envFile !== undefined,
    without: ['wt', 'create', argument, '--no-setup'],
  };
}

function wouldDo({ kind }: CreateOutcome, commands: Commands | undefined): readonly string[] {
  return kind !== 'planned' || commands === undefined ? [] : plannedLines(commands.definition, CREATE_PHASES);
}

function narratorFor({ deps }: Context, id: string): Narrator {
  return narratorOf(deps.io.err, createTheme(deps.io.errColor), id);
}

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
    ...outcome.plan.strains.map(strainWords),
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
