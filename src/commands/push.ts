import * as z from 'zod';
import { defineCommand } from '../cli/define.ts';
import { remoteOption, sessionsArg } from '../cli/params.ts';
import { WtError } from '../core/errors.ts';
import { openRepo } from '../sessions/open.ts';
import { planPushes, pushSession, requirePushable, type Pushed, type PushPlan } from '../sessions/push.ts';
import type { Repo } from '../sessions/repo.ts';
import { safe } from '../ui/text.ts';
import type { Look } from '../ui/theme.ts';

type Outcome =
  | { readonly kind: 'planned'; readonly plans: readonly PushPlan[] }
  | { readonly kind: 'pushed'; readonly pushed: readonly Pushed[] };

export default defineCommand({
  description:
    'Pushes the branch of each session under its own name, with your pre-push hook, and sets its upstream if it has none. What the remote has is replaced only when it was a tip of this very branch, as after a rebase, and is still there; anything else is refused, and its commits are named. Nobody is asked for a password.',
  args: { ids: sessionsArg },
  options: { remote: remoteOption },
  examples: ['wt push fix-login', 'wt push fix-login vat --remote fork', 'wt push fix-login --dry-run'],
  mutates: true,
  data: z.object({
    pushed: z.array(
      z.object({
        id: z.string(),
        branch: z.string(),
        remote: z.string(),
        from: z.string().nullable(),
        to: z.string(),
        forced: z.boolean(),
        url: z.string().nullable(),
      }),
    ),
  }),

  async run({ deps, globals, busy }, { ids, remote }): Promise<Outcome> {
    const repo = await openRepo(deps);
    const plans = await planPushes(repo, ids, remote);
    if (globals.dryRun) {
      for (const plan of plans) await requirePushable(repo, plan);
      return { kind: 'planned', plans };
    }
    return { kind: 'pushed', pushed: await busy('pushing', () => pushAll(repo, plans)) };
  },

  human: (outcome, look) =>
    outcome.kind === 'planned'
      ? outcome.plans.map((plan) => describePlan(plan, look)).join('')
      : outcome.pushed.map((pushed) => describe(pushed, look)).join(''),
  json: (outcome) => ({
    pushed:
      outcome.kind === 'planned'
        ? outcome.plans.map((plan) => rowOf(plan, { from: plan.seen, forced: plan.isRewritten, url: null }))
        : outcome.pushed.map(({ plan, from, how, url }) => rowOf(plan, { from, forced: how === 'forced', url })),
  }),
  warnings(outcome) {
    const plans = outcome.kind === 'planned' ? outcome.plans : outcome.pushed.map(({ plan }) => plan);
    const troubles = outcome.kind === 'planned' ? [] : outcome.pushed.map(({ trouble }) => trouble);
    return [
      ...plans
        .filter(({ isDirty }) => isDirty)
        .map(({ session }) => `${session.id} has uncommitted work, which is not pushed: wt commit ${session.id}`),
      ...troubles.filter((trouble) => trouble !== undefined),
    ];
  },
});

/** One after the other; when one fails, those before it are pushed, and the failure says so. */
async function pushAll(repo: Repo, plans: readonly PushPlan[]): Promise<readonly Pushed[]> {
  const pushed: Pushed[] = [];
  for (const plan of plans)
    try {
      pushed.push(await pushSession(repo, plan));
    } catch (error) {
      if (!WtError.any(error) || pushed.length === 0) throw error;
      repo.deps.io.err(`wt: pushed before that: ${pushed.map((one) => one.plan.session.id).join(', ')}\n`);
      throw new WtError(error.kind, error.details, { cause: error, changed: true });
    }
  return pushed;
}

function rowOf(
  { session, branch, remote }: PushPlan,
  fate: { from: string | null; forced: boolean; url: string | null },
): {
  id: string;
  branch: string;
  remote: string;
  from: string | null;
  to: string;
  forced: boolean;
  url: string | null;
} {
  return { id: session.id, branch: session.row.branch, remote, ...fate, to: branch.commit };
}

function describePlan({ session, branch, shown, seen, isRewritten }: PushPlan, { theme }: Look): string {
  const to = branch.commit.slice(0, 7);
  const what =
    seen === null
      ? `${to}, which it was never seen to have`
      : seen === branch.commit
        ? `nothing: it was last seen at ${to}`
        : isRewritten
          ? `${seen.slice(0, 7)}...${to}, which replaces what was pushed before`
          : `${seen.slice(0, 7)}..${to}`;
  return `Would push ${theme.name(session.id)} to ${theme.name(shown)}  ${theme.dim(what)}\n`;
}

function describe({ plan, how, from, to, url }: Pushed, { theme }: Look): string {
  const tip = to.slice(0, 7);
  const names = `${theme.name(plan.session.id)} to ${theme.name(plan.shown)}`;
  if (how === 'same')
    return `${theme.name(plan.shown)} has ${theme.name(plan.session.id)} already  ${theme.dim(tip)}\n`;
  const what = {
    new: `new branch at ${tip}`,
    moved: `${from?.slice(0, 7) ?? ''}..${tip}`,
    forced: `${from?.slice(0, 7) ?? ''}...${tip}, replaced what was pushed before`,
  }[how];
  return `${theme.ok} Pushed ${names}  ${theme.dim(what)}\n${url === null ? '' : `  ${theme.path(safe(url))}\n`}`;
}
