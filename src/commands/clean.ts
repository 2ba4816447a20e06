import * as z from 'zod';
import { defineCommand } from '../cli/define.ts';
import { duration, flag } from '../cli/params.ts';
import { cleanSessions, type CleanOutcome, type CleanRequest, type Kept } from '../sessions/clean.ts';
import { openRepo } from '../sessions/open.ts';
import { reasonLine } from '../ui/errors.ts';
import { bytes, plural, safe, shellLine } from '../ui/text.ts';
import type { Look } from '../ui/theme.ts';

type Outcome = CleanOutcome | { readonly kind: 'declined' };

export default defineCommand({
  description:
    'Moves into the trash what is proven landed and has no uncommitted work, says the proof of each and why each other one stays. A session without commits has not landed.',
  args: {},
  options: {
    olderThan: {
      flags: '--older-than <age>',
      help: 'Only sessions without work for so long (7d, 12h); also those that never had commits',
      schema: duration.optional(),
    },
    all: flag('--all', 'Also sessions that nothing proves safe; asks first'),
    keepBranches: flag('--keep-branches', 'Leave the branches where they are'),
  },
  examples: ['wt clean --dry-run', 'wt clean', 'wt clean --older-than 7d'],
  mutates: true,
  data: z.object({
    removed: z.array(
      z.object({
        id: z.string(),
        proof: z.string().nullable(),
        freedBytes: z.number().nullable(),
        trash: z.string().nullable(),
      }),
    ),
    kept: z.array(z.object({ id: z.string(), reasons: z.array(z.object({ code: z.string(), message: z.string() })) })),
    pruned: z.array(z.object({ id: z.string(), reason: z.string() })),
  }),

  async run({ deps, globals, confirm, busy }, { olderThan, all, keepBranches }): Promise<Outcome> {
    const repo = await openRepo(deps);
    const request: CleanRequest = { dryRun: globals.dryRun, olderThanMs: olderThan, all, keepBranches };
    if (all && !globals.dryRun) {
      const planned = await cleanSessions(repo, { ...request, dryRun: true });
      const unproven = planned.removed.filter(({ proof }) => proof === null || proof === 'empty').map(({ id }) => id);
      const isSure =
        unproven.length === 0 ||
        (await confirm(
          `Move ${plural(unproven.length, 'session')} with unproven work into the trash (${unproven.join(', ')})?`,
          ['wt', 'clean', '--all', '--yes'],
        ));
      if (!isSure) return { kind: 'declined' };
    }
    return busy('looking for what has landed', () => cleanSessions(repo, request));
  },

  human: (outcome, look) => (outcome.kind === 'declined' ? 'Nothing was removed.\n' : describe(outcome, look)),
  json: (outcome) =>
    outcome.kind === 'declined'
      ? { removed: [], kept: [], pruned: [] }
      : {
          removed: outcome.removed.map(({ id, proof, freedBytes, outcome: { op } }) => ({
            id,
            proof,
            freedBytes,
            trash: op,
          })),
          kept: outcome.kept.map(({ id, reasons }) => ({
            id,
            reasons: reasons.map((reason) => ({ code: reason.code, message: wordsOf(reason) })),
          })),
          pruned: [...outcome.pruned],
        },
});

function describe({ kind, removed, kept, pruned }: CleanOutcome, { theme }: Look): string {
  const would = kind === 'planned';
  const size = Math.max(0, ...[...removed, ...kept, ...pruned].map(({ id }) => id.length));
  const name = (id: string): string => theme.name(id.padEnd(size));
  const lines = [
    ...removed.flatMap(({ id, proof, freedBytes, outcome }) => [
      `${would ? 'would remove' : `${theme.ok} removed`}  ${name(id)}  ${theme.good(proof ?? 'unproven')}${freedBytes === null ? '' : theme.dim(`  ${bytes(freedBytes)}`)}`,
      ...(outcome.plan.precious.length === 0
        ? []
        : [
            `             ${theme.warn} ${plural(outcome.plan.precious.length, 'ignored file')} went along: ${safe(outcome.plan.precious.slice(0, 5).join(', '))}`,
          ]),
    ]),
    ...pruned.map(
      ({ id, reason }) => `${would ? 'would prune ' : `${theme.ok} pruned `}  ${name(id)}  ${theme.dim(reason)}`,
    ),
    ...kept.map(
      ({ id, reasons, fix }) =>
        `  kept     ${name(id)}  ${safe(reasons.map(wordsOf).join('; '))}  ${theme.command(shellLine(fix))}`,
    ),
  ];
  if (lines.length === 0) return 'Nothing to clean: there are no sessions.\n';
  const total = removed.length + pruned.length;
  const end =
    total === 0
      ? 'Nothing has landed; nothing was removed.'
      : would
        ? 'Nothing was changed.'
        : 'What was removed lies in the trash.';
  return `${lines.join('\n')}\n${theme.dim(end)}\n`;
}

function wordsOf(reason: Kept['reasons'][number]): string {
  return 'detail' in reason ? reason.detail : reasonLine(reason);
}
