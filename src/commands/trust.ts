import * as z from 'zod';
import { defineCommand } from '../cli/define.ts';
import { flag } from '../cli/params.ts';
import { projectConfigFile } from '../config/load.ts';
import { WtError } from '../core/errors.ts';
import { openRepo } from '../sessions/open.ts';
import { isInsideSession } from '../sessions/word.ts';
import { loadDefinition } from '../setup/definition.ts';
import { approve, broughtBy, isTrusted, listApprovals, revoke, type Approval, type Brought } from '../setup/trust.ts';
import { age, plural, safeLine } from '../ui/text.ts';
import type { Look } from '../ui/theme.ts';

type Outcome =
  | { readonly kind: 'listed'; readonly approvals: readonly Approval[] }
  | { readonly kind: 'trusted' | 'already' | 'planned' | 'declined'; readonly brought: Brought }
  | { readonly kind: 'revoked'; readonly had: boolean; readonly isPlanned: boolean };

export default defineCommand({
  description:
    'Shows the commands that this repository brings along in its own configuration, and asks. What is approved is exactly this content, kept outside of the repository; once it changes it is asked again. Not possible from inside a session: an agent cannot authorise itself.',
  args: {},
  options: {
    list: flag('--list', 'Show what has been approved, in every repository'),
    revoke: flag('--revoke', 'Take the approval of this repository back'),
  },
  examples: ['wt trust', 'wt trust --yes', 'wt trust --list', 'wt trust --revoke'],
  mutates: true,
  data: z.object({
    trusted: z.boolean(),
    commands: z.array(z.string()),
    approvals: z
      .array(z.object({ repository: z.string(), commands: z.array(z.string()), at: z.iso.datetime() }))
      .optional(),
  }),

  async run(context, input): Promise<Outcome> {
    const { deps, globals } = context;
    if (input.list && input.revoke)
      throw new WtError('usage.invalid', { option: '--list', reason: 'shows all; take nothing back beside it' });
    if (input.list) return { kind: 'listed', approvals: await listApprovals(deps.env) };
    const repo = await openRepo(deps);
    if (await isInsideSession(repo, deps.env))
      throw new WtError('config.untrusted', { path: projectConfigFile(repo.root), commands: [], isInside: true });
    if (input.revoke) {
      const had = (await listApprovals(deps.env)).some(({ repository }) => repository === repo.commonDir);
      if (!globals.dryRun) await revoke(deps.env, repo.commonDir);
      return { kind: 'revoked', had, isPlanned: globals.dryRun };
    }
    const brought = broughtBy(repo.root, await loadDefinition(repo.root, deps.env));
    if (await isTrusted(deps.env, repo.commonDir, brought)) return { kind: 'already', brought };
    if (globals.dryRun) return { kind: 'planned', brought };
    if (!globals.yes && !globals.json)
      context.tell(`${brought.files.join('\n')}\n${brought.commands.map((line) => `  ${safeLine(line)}\n`).join('')}`);
    const isYes = await context.confirm('Let these commands run?', ['wt', 'trust', '--yes']);
    if (!isYes) return { kind: 'declined', brought };
    const at = deps.clock.now().toISOString();
    await approve(deps.env, { repository: repo.commonDir, hash: brought.hash, commands: [...brought.commands], at });
    return { kind: 'trusted', brought };
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
    const { kind, brought } = outcome;
    return { trusted: kind === 'trusted' || kind === 'already', commands: [...brought.commands] };
  },
});

function describeRevoked({ had, isPlanned }: Extract<Outcome, { kind: 'revoked' }>, theme: Look['theme']): string {
  if (!had) return 'Nothing had been approved here.\n';
  return isPlanned ? 'Would take the approval back.\n' : `${theme.ok} The approval is taken back\n`;
}

function describe(outcome: Outcome, { theme, now }: Look): string {
  if (outcome.kind === 'listed') {
    const rows = outcome.approvals.map(
      ({ repository, commands, at }) =>
        `${theme.path(repository)}  ${theme.dim(`${age(at, now)} ago`)}\n${commands.map((line) => `  ${safeLine(line)}\n`).join('')}`,
    );
    return rows.length === 0 ? 'Nothing has been approved.\n' : rows.join('');
  }
  if (outcome.kind === 'revoked') return describeRevoked(outcome, theme);
  const { commands, files } = outcome.brought;
  const file = files.join(', ');
  const lines = commands.map((line) => `  ${safeLine(line)}\n`).join('');
  if (commands.length === 0) return `This repository brings no commands along.\n`;
  switch (outcome.kind) {
    case 'trusted':
      return `${theme.ok} Approved ${plural(commands.length, 'command')} of ${theme.path(file)}\n${lines}`;
    case 'already':
      return `Approved already:\n${lines}`;
    case 'planned':
      return `Would ask for ${plural(commands.length, 'command')} of ${theme.path(file)}\n${lines}`;
    case 'declined':
      return 'Nothing was approved.\n';
  }
}
