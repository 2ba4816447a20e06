import * as z from 'zod';
import { defineCommand, type Context } from '../cli/define.ts';
import { flag, sessionArg } from '../cli/params.ts';
import {
  approveSession,
  planApproval,
  revokeApproval,
  type ApproveOutcome,
  type ApprovePlan,
} from '../sessions/approve.ts';
import { openRepo } from '../sessions/open.ts';
import { judgeApproval } from '../sessions/word.ts';
import { age, plural, safe, truncate } from '../ui/text.ts';
import { workLines } from '../ui/work.ts';
import { createTheme, type Look } from '../ui/theme.ts';

type Outcome = ApproveOutcome | { readonly kind: 'declined'; readonly plan: ApprovePlan };

export default defineCommand({
  description:
    'A person’s word on exactly the commits that are there now: shows them and asks. One more commit, and the approval is stale. From inside a session it is refused, because an agent cannot approve itself; so is a session with uncommitted work, which would not be part of what was approved.',
  args: { id: sessionArg },
  options: { revoke: flag('--revoke', 'Take the approval back') },
  examples: ['wt approve fix-login', 'wt approve fix-login --yes', 'wt approve fix-login --revoke'],
  mutates: true,
  data: z.object({
    id: z.string(),
    approved: z.object({ commit: z.string(), at: z.iso.datetime(), by: z.string() }).nullable(),
    before: z.object({ commit: z.string(), at: z.iso.datetime(), by: z.string() }).nullable(),
    commits: z.array(z.string()),
    files: z.array(z.string()),
  }),

  async run(context, { id, revoke }): Promise<Outcome> {
    const { deps, globals, busy } = context;
    const repo = await openRepo(deps);
    if (revoke) return revokeApproval(repo, id, globals.dryRun);
    let seen: ApprovePlan | undefined;
    if (!globals.yes || globals.dryRun) {
      seen = await busy('reading the session', () => planApproval(repo, id));
      const { session, before } = seen;
      if (judgeApproval(session, seen.tip) === 'fresh')
        return { kind: 'already', plan: seen, approved: before ?? null };
      if (globals.dryRun) return { kind: 'planned', plan: seen, approved: null };
      if (!(await askFor(context, seen))) return { kind: 'declined', plan: seen };
    }
    return approveSession(repo, id, seen);
  },

  human(outcome, look) {
    const { theme } = look;
    if (outcome.kind === 'revoked') {
      const { session, before } = outcome;
      return before === null
        ? `${theme.name(session.id)} was not approved.\n`
        : `${theme.ok} Took back the approval of ${theme.name(session.id)}  ${theme.dim(`it was of ${before.commit.slice(0, 7)}`)}\n`;
    }
    const { plan } = outcome;
    if (outcome.kind === 'planned') return `${renderPlan(plan, look)}${theme.dim('Nothing was changed.')}\n`;
    if (outcome.kind === 'declined') return 'Nothing was approved.\n';
    const tip = theme.attention(plan.tip.slice(0, 7));
    if (outcome.kind === 'already')
      return `${theme.name(plan.session.id)} is approved at ${tip} already  ${theme.dim(`${age(outcome.approved?.at ?? '', look.now)} ago`)}\n`;
    const size = `${plural(plan.commits.length, 'commit')}, ${plural(plan.files.length, 'file')}`;
    return `${theme.ok} Approved ${theme.name(plan.session.id)} at ${tip}  ${theme.dim(size)}  ${theme.command(`wt merge ${plan.session.id}`)} ${theme.dim('lands it')}\n`;
  },
  json(outcome) {
    if (outcome.kind === 'revoked')
      return { id: outcome.session.id, approved: null, before: wordOf(outcome.before), commits: [], files: [] };
    const { plan } = outcome;
    return {
      id: plan.session.id,
      approved: outcome.kind === 'declined' ? null : wordOf(outcome.approved),
      before: outcome.kind === 'already' ? null : wordOf(plan.before ?? null),
      commits: plan.commits.map(({ commit }) => commit),
      files: plan.files.map(({ path }) => path),
    };
  },
});

function wordOf(word: { commit: string; at: string; by: string } | null): typeof word {
  return word === null ? null : { commit: word.commit, at: word.at, by: word.by };
}

async function askFor({ deps, globals, look, tell, confirm }: Context, plan: ApprovePlan): Promise<boolean> {
  const { id } = plan.session;
  if (deps.io.stderrIsTTY && !globals.json)
    tell(renderPlan(plan, { ...look, theme: createTheme(deps.io.errColor), isTerminal: true }));
  return confirm(`Approve ${id} at ${plan.tip.slice(0, 7)}?`, ['wt', 'approve', id, '--yes']);
}

/** What a person decides on. */
function renderPlan(
  { session, tip, commits, files, before }: ApprovePlan,
  { theme, isTerminal, width, now }: Look,
): string {
  const room = isTerminal ? width - 2 : Number.MAX_SAFE_INTEGER;
  const { done } = session.row;
  const lines = [
    `${theme.name(session.id)} at ${theme.attention(tip.slice(0, 7))}  ${theme.dim(`for ${session.row.base.branch ?? session.row.base.commit.slice(0, 7)}`)}`,
    ...(session.row.task === null ? [] : [truncate(`  ${safe(session.row.task.split('\n')[0] ?? '')}`, room)]),
    ...(done?.commit === tip
      ? [
          truncate(
            `  ${done.failed ? 'failed' : 'done'}, says ${safe(done.by)}${done.summary === null ? '' : `: ${safe(done.summary.split('\n')[0] ?? '')}`}`,
            room,
          ),
        ]
      : []),
    ...(before === undefined
      ? []
      : [theme.dim(`  approved before at ${before.commit.slice(0, 7)}, ${age(before.at, now)} ago`)]),
    '',
    ...workLines({ commits, files }, theme, room),
    '',
  ];
  return `${lines.join('\n')}\n`;
}
