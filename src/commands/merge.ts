import * as z from 'zod';
import { defineCommand, type Context } from '../cli/define.ts';
import { flag, messageOption, sessionArg } from '../cli/params.ts';
import { WtError } from '../core/errors.ts';
import { landSession, previewMerge, type Landing, type Prepared } from '../landing/merge.ts';
import { STRATEGIES, type MergePlan, type MergeRequest } from '../landing/plan.ts';
import { openRepo } from '../sessions/open.ts';
import { removeSession, type RemoveOutcome } from '../sessions/remove.ts';
import type { Repo } from '../sessions/repo.ts';
import { reasonLine } from '../ui/refusals.ts';
import { plural, safe, truncate } from '../ui/text.ts';
import type { Look } from '../ui/theme.ts';
import { createTheme } from '../ui/theme.ts';

type Nothing = Extract<Prepared, { kind: 'nothing' }>;
type Outcome =
  | { readonly kind: 'planned'; readonly plan: MergePlan }
  | { readonly kind: 'declined'; readonly plan: MergePlan }
  | (Nothing & { readonly removed: Removal | undefined })
  | { readonly kind: 'landed'; readonly landing: Landing; readonly removed: Removal | undefined };
type Removal = { readonly outcome: RemoveOutcome } | { readonly kept: string };

const SHOWN = 12;

export default defineCommand({
  description:
    'Shows what will land and asks. The merged result is built in the object store and the base moves only if it has not moved meanwhile; a worktree that has the base checked out will be brought along, and unrelated uncommitted files there stay. A conflict leaves everything as it was. Hooks of the repository are not run.',
  args: { id: sessionArg },
  options: {
    into: {
      flags: '--into <branch>',
      help: 'Branch to land on (default: the base of the session)',
      schema: z.string().min(1).optional(),
    },
    strategy: {
      flags: '--strategy <how>',
      help: 'merge (always a merge commit), squash, rebase or ff (default: merge)',
      schema: z.enum(STRATEGIES, `one of ${STRATEGIES.join(', ')}`).default('merge'),
    },
    message: messageOption,
    remove: flag('--remove', 'Take the session away once it has landed'),
  },
  examples: [
    'wt merge fix-login',
    'wt merge fix-login --strategy squash --yes --remove',
    'wt merge fix-login --dry-run',
  ],
  mutates: true,
  data: z.object({
    landed: z.array(z.object({ id: z.string(), commit: z.string(), into: z.string(), strategy: z.enum(STRATEGIES) })),
    stopped: z.object({ id: z.string(), reason: z.string(), paths: z.array(z.string()) }).nullable(),
    planned: z
      .object({
        id: z.string(),
        into: z.string(),
        strategy: z.enum(STRATEGIES),
        commits: z.array(z.string()),
        files: z.array(z.string()),
      })
      .optional(),
    removed: z.object({ id: z.string(), trash: z.string().nullable() }).optional(),
  }),

  async run(context, input): Promise<Outcome> {
    const { deps, globals, busy } = context;
    const repo = await openRepo(deps);
    const request: MergeRequest = { id: input.id, into: input.into, strategy: input.strategy, message: input.message };
    if (input.strategy === 'ff' && input.message !== undefined)
      throw new WtError('usage.invalid', { option: '--message', reason: 'a fast-forward makes no commit' });
    let approved: MergePlan | undefined;
    if (!globals.yes || globals.dryRun) {
      const preview = await busy('building the merge', () => previewMerge(repo, request));
      if (preview.kind === 'nothing')
        return { ...preview, removed: await removeLanded(repo, preview, input.remove && !globals.dryRun) };
      if (globals.dryRun) return { kind: 'planned', plan: preview.plan };
      if (!(await askFor(context, preview.plan, input))) return { kind: 'declined', plan: preview.plan };
      approved = preview.plan;
    }
    const landing = await busy('landing', () => landSession(repo, request, approved));
    if ('kind' in landing) return { ...landing, removed: await removeLanded(repo, landing, input.remove) };
    return {
      kind: 'landed',
      landing,
      removed: input.remove ? await takeAway(repo, landing.plan.session.id) : undefined,
    };
  },

  human(outcome, look) {
    if (outcome.kind === 'planned')
      return `${renderPlan(outcome.plan, look)}\n${look.theme.dim('Nothing was changed.')}\n`;
    if (outcome.kind === 'declined') return 'Nothing was merged.\n';
    if (outcome.kind === 'nothing')
      return describeNothing(outcome, look) + describeRemoval(outcome.session.id, outcome.removed, look);
    const { plan, commit } = outcome.landing;
    const along =
      plan.checkout === undefined ? '' : `  ${look.theme.path(plan.checkout)} ${look.theme.dim('was brought along')}\n`;
    const from = plan.target.commit.slice(0, 7);
    return `${look.theme.ok} Landed ${look.theme.name(plan.session.id)} on ${look.theme.name(plan.into)}  ${look.theme.dim(`${from}..${commit.slice(0, 7)} (${plan.strategy}, ${plural(plan.commits.length, 'commit')}, ${plural(plan.files.length, 'file')})`)}\n${along}${describeRemoval(plan.session.id, outcome.removed, look)}`;
  },
  warnings: (outcome) => {
    const removal = removalOf(outcome);
    return removal !== undefined && 'kept' in removal ? [removal.kept] : [];
  },
  json(outcome) {
    const removal = removalOf(outcome);
    return {
      landed: outcome.kind === 'landed' ? [landedJson(outcome.landing)] : [],
      stopped: null,
      ...(outcome.kind === 'planned' || outcome.kind === 'declined' ? { planned: plannedJson(outcome.plan) } : {}),
      ...(removal !== undefined && 'outcome' in removal
        ? { removed: { id: removal.outcome.plan.session.id, trash: removal.outcome.op } }
        : {}),
    };
  },
});

function removalOf(outcome: Outcome): Removal | undefined {
  return outcome.kind === 'landed' || outcome.kind === 'nothing' ? outcome.removed : undefined;
}

function landedJson({ plan, commit }: Landing): {
  id: string;
  commit: string;
  into: string;
  strategy: MergePlan['strategy'];
} {
  return { id: plan.session.id, commit, into: plan.into, strategy: plan.strategy };
}

function plannedJson({ session, into, strategy, commits, files }: MergePlan): {
  id: string;
  into: string;
  strategy: MergePlan['strategy'];
  commits: string[];
  files: string[];
} {
  return {
    id: session.id,
    into,
    strategy,
    commits: commits.map(({ commit }) => commit),
    files: files.map(({ path }) => path),
  };
}

async function askFor(
  context: Context,
  plan: MergePlan,
  input: { strategy: string; into: string | undefined; message: string | undefined; remove: boolean },
): Promise<boolean> {
  if (context.deps.io.stderrIsTTY && !context.globals.json)
    context.tell(
      `${renderPlan(plan, { ...context.look, theme: createTheme(context.deps.io.errColor), isTerminal: true })}\n`,
    );
  const argv = [
    'wt',
    'merge',
    plan.session.id,
    ...(input.into === undefined ? [] : ['--into', input.into]),
    ...(input.strategy === 'merge' ? [] : ['--strategy', input.strategy]),
    ...(input.message === undefined ? [] : ['--message', input.message]),
    ...(input.remove ? ['--remove'] : []),
    '--yes',
  ];
  return context.confirm(`Land ${plan.session.id} on ${plan.into}?`, argv);
}

/** What a person decides on. */
function renderPlan(
  { session, into, strategy, commits, files, message, checkout, target }: MergePlan,
  { theme, isTerminal, width }: Look,
): string {
  const room = isTerminal ? width - 4 : Number.MAX_SAFE_INTEGER;
  const added = files.reduce((sum, file) => sum + (file.added ?? 0), 0);
  const deleted = files.reduce((sum, file) => sum + (file.deleted ?? 0), 0);
  const lines = [
    `${theme.name(session.id)} → ${theme.name(into)}  ${theme.dim(`${strategy}, onto ${target.commit.slice(0, 7)}, no conflicts`)}`,
    ...(strategy === 'merge' || strategy === 'squash'
      ? [`  ${theme.dim('message')}  ${truncate(safe(message.split('\n')[0] ?? ''), room - 9)}`]
      : []),
    '',
    theme.heading(plural(commits.length, 'commit')),
    ...few(
      commits.map(({ commit, subject }) => truncate(`  ${theme.attention(commit.slice(0, 7))} ${safe(subject)}`, room)),
      theme,
    ),
    '',
    `${theme.heading(plural(files.length, 'file'))}  ${theme.good(`+${added}`)} ${theme.bad(`-${deleted}`)}`,
    ...few(
      files.map((file) =>
        truncate(
          `  ${safe(file.path)}  ${theme.good(`+${file.added ?? 'binary'}`)} ${theme.bad(`-${file.deleted ?? 'binary'}`)}`,
          room,
        ),
      ),
      theme,
    ),
    ...(checkout === undefined
      ? []
      : ['', `${theme.path(truncate(checkout, room - 20, 'middle'))} ${theme.dim('will be brought along')}`]),
  ];
  return `${lines.join('\n')}\n`;
}

function few(lines: readonly string[], theme: Look['theme']): readonly string[] {
  return lines.length <= SHOWN ? lines : [...lines.slice(0, SHOWN), theme.dim(`  and ${lines.length - SHOWN} more`)];
}

function describeNothing({ session, into, reason }: Nothing, { theme }: Look): string {
  return reason === 'empty'
    ? `Nothing to land: ${theme.name(session.id)} has no commits of its own yet.\n`
    : `Nothing to land: ${theme.name(into)} has everything of ${theme.name(session.id)} already.\n`;
}

function describeRemoval(id: string, removal: Removal | undefined, { theme }: Look): string {
  return removal !== undefined && 'outcome' in removal
    ? `${theme.ok} Removed ${theme.name(id)}  ${theme.dim(`in the trash: ${removal.outcome.trash ?? ''}`)}\n`
    : '';
}

async function removeLanded(repo: Repo, { session, reason }: Nothing, isAsked: boolean): Promise<Removal | undefined> {
  return isAsked && reason === 'contained' ? takeAway(repo, session.id) : undefined;
}

/** The landing stands whatever becomes of the removal: a refusal is told, not thrown. */
async function takeAway(repo: Repo, id: string): Promise<Removal> {
  try {
    return {
      outcome: await removeSession(repo, id, { force: false, keepBranch: false, verb: 'remove', dryRun: false }),
    };
  } catch (error) {
    const reasons = WtError.is(error, 'session.refused') ? error.details.reasons.map(reasonLine) : [String(error)];
    return { kept: `${id} has landed and was kept: ${reasons.join('; ')}` };
  }
}
