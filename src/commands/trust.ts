import * as z from 'zod';
import { defineCommand } from '../cli/define.ts';
import { flag } from '../cli/params.ts';
import { projectConfigFile } from '../config/load.ts';
import { WtError } from '../core/errors.ts';
import { openRepo } from '../sessions/open.ts';
import type { Repo } from '../sessions/repo.ts';
import { isInsideSession } from '../sessions/word.ts';
import { loadDefinition } from '../setup/definition.ts';
import {
  approve,
  broughtBy,
  covers,
  findApproval,
  findEarlier,
  listApprovals,
  revoke,
  type Approval,
  type Brought,
  type Earlier,
} from '../setup/trust.ts';
import { age } from '../ui/text.ts';
import type { Look } from '../ui/theme.ts';
import { commandLines, countOf, renderBrought } from '../ui/trust.ts';

/** What there is to approve, and what was approved before; the earlier one is undefined when there was none. */
interface Judged {
  readonly brought: Brought;
  readonly earlier: Earlier | undefined;
}

type Outcome =
  | { readonly kind: 'listed'; readonly approvals: readonly Approval[] }
  | ({ readonly kind: 'trusted' | 'already' | 'planned' | 'declined' } & Judged)
  | { readonly kind: 'revoked'; readonly had: boolean; readonly isPlanned: boolean };

export default defineCommand({
  description:
    'Shows the commands that this repository brings along, in its own configuration or in that of another tool, and asks. What is approved is exactly this content, kept outside of the repository; once it changes it is asked again. Not possible from inside a session: an agent cannot authorise itself.',
  args: {},
  options: {
    list: flag('--list', 'Show what has been approved, in every repository'),
    revoke: flag('--revoke', 'Take the approval of this repository back'),
  },
  examples: ['wt trust', 'wt trust --dry-run', 'wt trust --yes', 'wt trust --list', 'wt trust --revoke'],
  mutates: true,
  data: z.object({
    trusted: z.boolean(),
    commands: z.array(z.string()),
    files: z.array(z.string()).optional(),
    /** Since the last approval. */
    added: z.array(z.string()).optional(),
    removed: z.array(z.string()).optional(),
    approvals: z
      .array(z.object({ repository: z.string(), commands: z.array(z.string()), at: z.iso.datetime() }))
      .optional(),
  }),

  async run(context, input): Promise<Outcome> {
    const { deps, globals, look } = context;
    if (input.list && input.revoke)
      throw new WtError('usage.invalid', { option: '--list', reason: 'shows all; take nothing back beside it' });
    if (input.list) return { kind: 'listed', approvals: await listApprovals(deps.env) };
    const repo = await openRepo(deps);
    if (!globals.dryRun && (await isInsideSession(repo, deps.env)))
      throw new WtError('config.untrusted', { path: projectConfigFile(repo.root), commands: [], isInside: true });
    if (input.revoke) {
      const had = (await findApproval(deps.env, repo.commonDir)) !== undefined;
      if (!globals.dryRun) await revoke(deps.env, repo.commonDir);
      return { kind: 'revoked', had, isPlanned: globals.dryRun };
    }
    const judged = await judge(repo);
    const { brought, earlier } = judged;
    if (brought.commands.length === 0 || covers(earlier?.approval, brought)) return { kind: 'already', ...judged };
    if (globals.dryRun) return { kind: 'planned', ...judged };
    if (!globals.yes && !globals.json) context.tell(renderBrought(brought, earlier, look));
    const isYes = await context.confirm('Let these commands run?', ['wt', 'trust', '--yes']);
    if (!isYes) return { kind: 'declined', ...judged };
    await approve(deps.env, repo.commonDir, brought, deps.clock.now());
    return { kind: 'trusted', ...judged };
  },

  human: (outcome, look) => describe(outcome, look),
  json(outcome) {
    if (outcome.kind === 'listed')
      return {
        trusted: false,
        commands: [],
        approvals: outcome.approvals.map(({ repository, commands, at }) => ({ repository, commands, at })),
      };
    if (outcome.kind === 'revoked') return { trusted: false, commands: [] };
    const { kind, brought, earlier } = outcome;
    return {
      trusted: kind === 'trusted' || kind === 'already',
      commands: [...brought.commands],
      files: [...brought.files],
      ...(earlier === undefined ? {} : { added: [...earlier.added], removed: [...earlier.removed] }),
    };
  },
});

async function judge({ root, commonDir, deps: { env } }: Repo): Promise<Judged> {
  const brought = broughtBy(root, await loadDefinition(root, env));
  return { brought, earlier: await findEarlier(env, commonDir, brought) };
}

function describeRevoked({ had, isPlanned }: Extract<Outcome, { kind: 'revoked' }>, theme: Look['theme']): string {
  if (!had) return 'Nothing had been approved here.\n';
  return isPlanned ? 'Would take the approval back.\n' : `${theme.ok} The approval is taken back\n`;
}

function describe(outcome: Outcome, look: Look): string {
  const { theme, now } = look;
  if (outcome.kind === 'listed') {
    const rows = outcome.approvals.map(
      ({ repository, commands, at }) =>
        `${theme.path(repository)}  ${theme.dim(`${age(at, now)} ago`)}\n${commandLines(commands)}`,
    );
    return rows.length === 0 ? 'Nothing has been approved.\n' : rows.join('');
  }
  if (outcome.kind === 'revoked') return describeRevoked(outcome, theme);
  const { brought, earlier } = outcome;
  const { commands, files } = brought;
  if (commands.length === 0) return `This repository brings no commands along.\n`;
  switch (outcome.kind) {
    case 'trusted':
      return `${theme.ok} Approved ${countOf(commands)} of ${files.map((file) => theme.path(file)).join(', ')}\n${commandLines(commands)}`;
    case 'already':
      return `Approved already:\n${commandLines(commands)}`;
    case 'planned':
      return `${renderBrought(brought, earlier, look)}Nothing was approved.\n`;
    case 'declined':
      return 'Nothing was approved.\n';
  }
}
