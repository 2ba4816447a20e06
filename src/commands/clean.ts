import * as z from 'zod';
import { askTrust } from '../cli/ask-trust.ts';
import { defineCommand, type Context } from '../cli/define.ts';
import { duration, flag, hooksOption, killOption } from '../cli/params.ts';
import { CLEAN_PHASES, cleanSessions, type CleanOutcome, type CleanRequest, type Kept } from '../sessions/clean.ts';
import { gatherCommands, type Commands } from '../sessions/hooks.ts';
import { openRepo } from '../sessions/open.ts';
import type { Repo } from '../sessions/repo.ts';
import { loadDefinition } from '../setup/definition.ts';
import { reasonLine } from '../ui/refusals.ts';
import { proofWords } from '../ui/session.ts';
import { bytes, few, plural, safe, shellLine } from '../ui/text.ts';
import { renderTable, type Column } from '../ui/table.ts';
import { narratorOf } from '../ui/setup.ts';
import { createTheme, type Look } from '../ui/theme.ts';

type Outcome = CleanOutcome | { readonly kind: 'declined' };

export default defineCommand({
  description:
    'Moves into the trash what is proven landed and has no uncommitted work, says the proof of each and why each other one stays. Of a pushed session that git proves nothing of, gh or glab is asked whether exactly its tip was merged; without an answer within five seconds it stays. A session without commits has not landed.',
  args: {},
  options: {
    olderThan: {
      flags: '--older-than <age>',
      help: 'Only sessions without work for so long (7d, 12h); also those that never had commits',
      schema: duration.optional(),
    },
    all: flag('--all', 'Also sessions that nothing proves safe; asks first'),
    keepBranches: flag('--keep-branches', 'Leave the branches where they are'),
    kill: killOption,
    hooks: hooksOption,
    forge: {
      flags: '--no-forge',
      help: 'Do not ask gh or glab what was merged as a pull request',
      schema: z.boolean().default(true),
    },
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
        pullRequest: z.object({ number: z.number(), url: z.string() }).optional(),
      }),
    ),
    kept: z.array(z.object({ id: z.string(), reasons: z.array(z.object({ code: z.string(), message: z.string() })) })),
    pruned: z.array(z.object({ id: z.string(), reason: z.string() })),
    expired: z.array(
      z.object({
        id: z.string().nullable(),
        trash: z.string(),
        reason: z.enum(['age', 'size']),
        freedBytes: z.number(),
      }),
    ),
    thinned: z.array(
      z.object({ id: z.string().nullable(), trash: z.string(), paths: z.array(z.string()), freedBytes: z.number() }),
    ),
    /** Spares that no session would have got; `kept`: somebody has worked there, and this is where it lies now. */
    spares: z
      .array(
        z.object({
          path: z.string(),
          reason: z.enum(['stale', 'surplus', 'broken', 'changed']),
          freedBytes: z.number().nullable(),
          kept: z.string().nullable(),
        }),
      )
      .optional(),
  }),

  async run(context, { olderThan, all, keepBranches, kill, hooks, forge }): Promise<Outcome> {
    const { deps, globals, confirm, busy } = context;
    const repo = await openRepo(deps);
    const plain: CleanRequest = { dryRun: globals.dryRun, olderThanMs: olderThan, all, keepBranches, kill, forge };
    if (all && !globals.dryRun) {
      const planned = await cleanSessions(repo, { ...plain, dryRun: true });
      const unproven = planned.removed
        .filter(({ evidence }) => evidence === null || evidence.proof === 'empty')
        .map(({ id }) => id);
      const isSure =
        unproven.length === 0 ||
        (await confirm(
          `Move ${plural(unproven.length, 'session')} with unproven work into the trash (${unproven.join(', ')})?`,
          ['wt', 'clean', '--all', '--yes'],
        ));
      if (!isSure) return { kind: 'declined' };
    }
    const commands = hooks && !globals.dryRun ? await commandsFor(context, repo) : undefined;
    const work = (): Promise<CleanOutcome> => cleanSessions(repo, { ...plain, commands });
    return commands === undefined ? busy('looking for what has landed', work) : work();
  },

  human: (outcome, look) => (outcome.kind === 'declined' ? 'Nothing was removed.\n' : describe(outcome, look)),
  json: (outcome) =>
    outcome.kind === 'declined'
      ? { removed: [], kept: [], pruned: [], expired: [], thinned: [] }
      : {
          removed: outcome.removed.map(({ id, evidence, freedBytes, outcome: { op } }) => ({
            id,
            proof: evidence?.proof ?? null,
            freedBytes,
            trash: op,
            ...(evidence?.proof === 'pull-request'
              ? { pullRequest: { number: evidence.number, url: evidence.url } }
              : {}),
          })),
          kept: outcome.kept.map(({ id, reasons }) => ({
            id,
            reasons: reasons.map((reason) => ({ code: reason.code, message: wordsOf(reason) })),
          })),
          pruned: [...outcome.pruned],
          expired: outcome.expiry.expired.map(({ item, reason }) => ({
            id: item.meta?.id ?? null,
            trash: item.op,
            reason,
            freedBytes: item.sizeBytes,
          })),
          thinned: outcome.expiry.thinned.map(({ item, paths, freedBytes }) => ({
            id: item.meta?.id ?? null,
            trash: item.op,
            paths: [...paths],
            freedBytes,
          })),
          ...(outcome.spares.length === 0 ? {} : { spares: [...outcome.spares] }),
        },
  warnings: (outcome) =>
    outcome.kind === 'declined'
      ? []
      : [
          ...outcome.warnings,
          ...(outcome.expiry.failure === undefined
            ? []
            : [`the trash could not be cleared of all that is due: ${outcome.expiry.failure}`]),
        ],
});

/** Undefined when nothing is to run around it. */
async function commandsFor(context: Context, repo: Repo): Promise<Commands | undefined> {
  const { commands, missing } = await gatherCommands(repo, await loadDefinition(repo.root, context.deps.env), {
    phases: CLEAN_PHASES,
    narrator: narratorOf(context.deps.io.err, createTheme(context.deps.io.errColor), ''),
    without: ['wt', 'clean', '--no-hooks'],
  });
  await askTrust(context, missing);
  return commands;
}

interface Row {
  readonly what: string;
  readonly id: string;
  readonly why: string;
  readonly next: string;
  readonly isKept: boolean;
}

const columns: readonly Column<Row>[] = [
  { header: '', value: (row) => row.what, paint: (text, row, theme) => (row.isKept ? text : theme.good(text)) },
  { header: 'ID', value: (row) => row.id, min: 12, max: 24, paint: (text, _, theme) => theme.name(text) },
  { header: 'WHY', value: (row) => row.why, min: 36 },
  { header: 'NEXT', value: (row) => row.next, drop: 1, paint: (text, _, theme) => theme.command(text) },
];

function describe({ kind, removed, kept, pruned, expiry, spares }: CleanOutcome, look: Look): string {
  const isPlan = kind === 'planned';
  const rows: readonly Row[] = [
    ...removed.map(({ id, evidence, freedBytes, outcome }) => {
      const size = freedBytes === null ? '' : `, ${bytes(freedBytes)}`;
      return {
        what: isPlan ? 'would remove' : 'removed',
        id,
        why: `${evidence === null ? 'unproven' : `${evidence.proof}: ${proofWords(evidence, outcome.plan.session.row.base.branch)}`}${size}`,
        next: '',
        isKept: false,
      };
    }),
    ...pruned.map(({ id, reason }) => ({
      what: isPlan ? 'would prune' : 'pruned',
      id,
      why: reason,
      next: '',
      isKept: false,
    })),
    ...kept.map(({ id, reasons, fix }) => ({
      what: 'kept',
      id,
      why: reasons.map(wordsOf).join('; '),
      next: shellLine(fix),
      isKept: true,
    })),
  ];
  const gone = [...spareLines(spares, isPlan, look), ...expiryLines(expiry, isPlan, look)];
  if (rows.length === 0)
    return gone.length === 0 ? 'Nothing to clean: there are no sessions.\n' : gone.map((line) => `${line}\n`).join('');
  const along = removed.flatMap(({ id, outcome }) => outcome.plan.precious.map((name) => `${id}/${name}`));
  const notes =
    along.length === 0
      ? []
      : [
          `${look.theme.warn} ${plural(along.length, 'ignored file')} ${isPlan ? 'would go' : 'went'} along: ${safe(few(along))}`,
        ];
  const end = isPlan
    ? 'Nothing was changed.'
    : removed.length + pruned.length === 0
      ? 'Nothing was removed.'
      : 'What was removed lies in the trash: wt restore <id> brings it back.';
  return `${renderTable(columns, rows, look)}${[...notes, ...gone, look.theme.dim(end)].map((line) => `${line}\n`).join('')}`;
}

const SPARE_WORDS: Readonly<Record<CleanOutcome['spares'][number]['reason'], string>> = {
  stale: 'its set-up is another one by now',
  surplus: 'more than pool.size',
  broken: 'it was never finished, or is no longer what it was',
  changed: 'there is something in it that wt has not put there',
};

/** Spares that went. */
function spareLines(spares: CleanOutcome['spares'], isPlan: boolean, { theme }: Look): readonly string[] {
  return spares.map(({ path, reason, freedBytes, kept }) => {
    const size = freedBytes === null ? '' : `, ${bytes(freedBytes)}`;
    const where = kept === null ? '' : ` ${theme.dim('is kept in')} ${theme.path(kept)}`;
    const verb = isPlan ? 'Would take away the spare' : kept === null ? 'Deleted the spare' : 'The spare';
    return `${verb} ${theme.path(path)}${where} ${theme.dim(`(${SPARE_WORDS[reason]}${size})`)}`;
  });
}

/** What left the trash for good. */
function expiryLines(
  { expired, thinned, waiting }: CleanOutcome['expiry'],
  isPlan: boolean,
  { theme }: Look,
): readonly string[] {
  const gone = isPlan ? 'Would delete from the trash' : 'Deleted from the trash';
  const name = (item: { op: string; meta: { id: string } | undefined }): string => item.meta?.id ?? item.op.slice(0, 8);
  return [
    ...expired.map(({ item, reason }) => {
      const why = reason === 'age' ? 'older than trash.keep' : 'the trash is over trash.maxSize';
      return `${gone}: ${theme.name(name(item))} ${theme.dim(`of ${item.at.slice(0, 10)}, ${bytes(item.sizeBytes)} (${why})`)}`;
    }),
    ...thinned.map(
      ({ item, paths, freedBytes }) =>
        `${gone}: ${safe(few(paths))} ${theme.dim(`of ${name(item)}, ${bytes(freedBytes)} that a build makes again`)}`,
    ),
    ...(waiting === 0
      ? []
      : [
          theme.dim(
            `${plural(waiting, 'entry', 'entries')} of the trash over its time or its size: wt clean deletes it a day from now`,
          ),
        ]),
  ];
}

function wordsOf(reason: Kept['reasons'][number]): string {
  return 'detail' in reason ? reason.detail : reasonLine(reason);
}
