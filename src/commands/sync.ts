import * as z from 'zod';
import { defineCommand } from '../cli/define.ts';
import { flag, resolveOptions, sessionsArg } from '../cli/params.ts';
import { WtError } from '../core/errors.ts';
import { EXIT, exitCodeOf } from '../core/exit-codes.ts';
import { modeOf, resolveIn, ResolvingData, resolvingData, type Resolved } from '../landing/resolve/resolve-modes.ts';
import { SYNC_STRATEGIES, type SyncPlan } from '../landing/sync/sync-plan.ts';
import { syncSessions, type SyncResult } from '../landing/sync/sync.ts';
import { openRepo } from '../sessions/open.ts';
import { explain } from '../ui/errors.ts';
import { reasonLine } from '../ui/refusals.ts';
import { renderResolved, resolvedWarnings } from '../ui/resolve.ts';
import { plural, shellLine } from '../ui/text.ts';
import type { Look } from '../ui/theme.ts';

type Outcome =
  | {
      readonly kind: 'synced';
      readonly results: readonly SyncResult[];
      readonly isPlanned: boolean;
      readonly isAll: boolean;
    }
  | { readonly kind: 'resolved'; readonly resolved: Resolved };

const BaseCard = z.object({ branch: z.string().nullable(), commit: z.string() });

export default defineCommand({
  description:
    'Replays the commits of a session on its base as it is now (--strategy rebase), or merges the base into it (merge). All is built in the object store first: a conflict leaves the session as it was, unless --resolve lays it out there for its agent. Sessions with uncommitted work, with a running program or in the middle of an operation are left alone. After a rebase of commits that were pushed, wt push replaces them with a lease. One that would lose what a merge of the session holds is refused and needs --strategy merge. wt undo takes it back.',
  args: { ids: sessionsArg },
  options: {
    all: flag('--all', 'All sessions, each after the one it is cut from'),
    strategy: {
      flags: '--strategy <how>',
      help: 'rebase or merge (default: rebase)',
      schema: z.enum(SYNC_STRATEGIES, `one of ${SYNC_STRATEGIES.join(', ')}`).default('rebase'),
    },
    fetch: flag('--fetch', 'Fetch the base from its remote first'),
    includeDirty: flag('--include-dirty', 'Also sessions with uncommitted work; a copy is kept, and it comes along'),
    ...resolveOptions,
  },
  examples: ['wt sync fix-login', 'wt sync --all --fetch', 'wt sync fix-login --resolve'],
  mutates: true,
  data: z.object({
    synced: z.array(
      z.object({
        id: z.string(),
        from: z.string(),
        to: z.string(),
        base: BaseCard,
        strategy: z.enum(SYNC_STRATEGIES),
      }),
    ),
    skipped: z.array(z.object({ id: z.string(), reason: z.string(), message: z.string(), paths: z.array(z.string()) })),
    current: z.array(z.object({ id: z.string(), base: BaseCard })),
    planned: z.boolean().optional(),
    /** What became of a conflict. */
    resolving: ResolvingData.optional(),
  }),

  async run({ deps, globals, busy }, input): Promise<Outcome> {
    const repo = await openRepo(deps);
    const { dryRun } = globals;
    const others = { '--include-dirty': input.includeDirty, '--fetch': input.fetch };
    const mode = modeOf(input, others);
    if (mode === undefined) {
      const { ids, all, strategy, fetch, includeDirty } = input;
      if (all && ids.length > 0)
        throw new WtError('usage.invalid', { option: '--all', reason: 'takes all sessions; name none beside it' });
      const request = { ids, all, strategy, fetch, includeDirty, dryRun };
      const results = await busy('syncing', () => syncSessions(repo, request));
      return { kind: 'synced', results, isPlanned: dryRun, isAll: all };
    }
    const spec = { id: input.ids[0], verb: 'sync' as const, dryRun };
    return { kind: 'resolved', resolved: await busy('merging', () => resolveIn(repo, mode, spec)) };
  },

  human(outcome, look) {
    if (outcome.kind === 'resolved') return renderResolved(outcome.resolved, 'sync', look);
    if (outcome.results.length === 0) return 'There are no sessions.\n';
    return outcome.results.map((result) => line(result, outcome.isPlanned, look)).join('');
  },
  json: (outcome) =>
    outcome.kind === 'resolved'
      ? { synced: [], skipped: [], current: [], resolving: resolvingData(outcome.resolved) }
      : syncedJson(outcome.results, outcome.isPlanned),
  warnings(outcome) {
    if (outcome.kind === 'resolved') return resolvedWarnings(outcome.resolved);
    return outcome.results.flatMap((result) =>
      result.kind === 'synced' && result.plan.isPublished
        ? [`${result.plan.session.id} had been pushed: wt push ${result.plan.session.id} replaces what is there`]
        : [],
    );
  },
  exitCode(outcome) {
    if (outcome.kind !== 'synced') return EXIT.ok;
    const errors = outcome.results.flatMap((result) => (result.kind === 'skipped' ? [result.error] : []));
    const told = errors.find(({ code }) => code === 'merge.conflict') ?? (outcome.isAll ? undefined : errors[0]);
    return told === undefined ? EXIT.ok : exitCodeOf[told.code];
  },
});

function line(result: SyncResult, isPlanned: boolean, { theme }: Look): string {
  if (result.kind === 'synced') return syncedLine(result.plan, isPlanned, theme);
  const id = theme.name(result.session.id);
  if (result.kind === 'skipped') {
    const { fix } = explain(result.error);
    const next = fix === undefined ? '' : `  ${theme.dim('next')}  ${theme.command(shellLine(fix))}\n`;
    return `${theme.warn} ${id} was left as it was: ${whyLeft(result.error)}\n${next}`;
  }
  const base = theme.name(result.base.branch ?? '');
  return result.kind === 'current'
    ? `${id} has all of ${base} already\n`
    : `${id} ${theme.dim('has landed on')} ${base} ${theme.dim('and is left alone')}\n`;
}

/** Why a session was passed over, on one line. */
function whyLeft(error: WtError): string {
  return WtError.is(error, 'session.refused')
    ? error.details.reasons.map(reasonLine).join('; ')
    : explain(error).message;
}

function syncedLine(plan: SyncPlan, isPlanned: boolean, theme: Look['theme']): string {
  const { session, from, to, base, strategy, commits, work } = plan;
  const how =
    commits === 0 ? 'moved along' : `${strategy === 'rebase' ? 'rebased' : 'merged'}, ${plural(commits, 'commit')}`;
  const along = work === null ? '' : '; uncommitted work came along, a copy is kept';
  const short = (commit: string): string => commit.slice(0, 7);
  const range = isPlanned ? short(from) : `${short(from)}..${short(to)}`;
  const on = theme.name(base.after.branch ?? '');
  return isPlanned
    ? `Would sync ${theme.name(session.id)} with ${on} at ${short(base.after.commit)}  ${theme.dim(`(${how})`)}\n`
    : `${theme.ok} Synced ${theme.name(session.id)} with ${on}  ${theme.dim(`${range} (${how}${along})`)}\n`;
}

function syncedJson(
  results: readonly SyncResult[],
  isPlanned: boolean,
): {
  synced: { id: string; from: string; to: string; base: z.infer<typeof BaseCard>; strategy: SyncPlan['strategy'] }[];
  skipped: { id: string; reason: string; message: string; paths: string[] }[];
  current: { id: string; base: z.infer<typeof BaseCard> }[];
  planned?: boolean;
} {
  const card = ({ branch, commit }: z.infer<typeof BaseCard>): z.infer<typeof BaseCard> => ({ branch, commit });
  return {
    synced: results.flatMap((result) =>
      result.kind === 'synced'
        ? [
            {
              id: result.plan.session.id,
              from: result.plan.from,
              to: result.plan.to,
              base: card(result.plan.base.after),
              strategy: result.plan.strategy,
            },
          ]
        : [],
    ),
    skipped: results.flatMap((result) => {
      if (result.kind !== 'skipped') return [];
      const { error, session } = result;
      const paths = WtError.is(error, 'merge.conflict') ? error.details.files.map(({ path }) => path) : [];
      return [{ id: session.id, reason: error.code, message: whyLeft(error), paths }];
    }),
    current: results.flatMap((result) =>
      result.kind === 'current' || result.kind === 'landed' ? [{ id: result.session.id, base: card(result.base) }] : [],
    ),
    ...(isPlanned ? { planned: true } : {}),
  };
}
