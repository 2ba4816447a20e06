import * as z from 'zod';
import { defineCommand } from '../cli/define.ts';
import { sessionsArg } from '../cli/params.ts';
import { measureUse, type DuOutcome, type SessionUse } from '../sessions/du.ts';
import { openRepo } from '../sessions/open.ts';
import { renderTable, type Column } from '../ui/table.ts';
import { bytes, few, plural } from '../ui/text.ts';
import type { Look } from '../ui/theme.ts';

export default defineCommand({
  description:
    'Measures what sessions take on disk, largest first, with the trash, the caches and the logs of wt, and says what wt clean would take away. Blocks are counted, and a file with several names once, for the oldest session that has it; copies that share their blocks (btrfs, XFS, APFS) count in full, so the disk may have more room than this says.',
  args: {
    ids: { ...sessionsArg, help: 'Session ids, branches or paths; all when left out' },
  },
  options: {},
  examples: ['wt du', 'wt du fix-login', 'wt du --json'],
  mutates: false,
  data: z.object({
    sessions: z.array(
      z.object({
        id: z.string(),
        path: z.string(),
        bytes: z.number(),
        worktreeBytes: z.number(),
        regenerableBytes: z.number(),
        gitBytes: z.number(),
        files: z.number(),
      }),
    ),
    bytes: z.number(),
    regenerableBytes: z.number(),
    trash: z.object({ bytes: z.number(), entries: z.number() }).optional(),
    cacheBytes: z.number().optional(),
    logsBytes: z.number().optional(),
    gateBytes: z.number().optional(),
    sparesBytes: z.number().optional(),
    /** What `wt clean` would move into the trash now. */
    cleanable: z.object({ ids: z.array(z.string()), bytes: z.number() }).optional(),
  }),

  async run({ deps, busy }, { ids }) {
    const repo = await openRepo(deps);
    return busy('measuring', () => measureUse(repo, ids));
  },

  human: (outcome, look) => describe(outcome, look),
  json: ({ sessions, bytes: all, rest }) => ({
    sessions: [...sessions],
    bytes: all,
    regenerableBytes: regenerableOf(sessions),
    ...(rest === undefined
      ? {}
      : {
          trash: rest.trash,
          cacheBytes: rest.cacheBytes,
          logsBytes: rest.logsBytes,
          gateBytes: rest.gateBytes,
          sparesBytes: rest.sparesBytes,
          cleanable: { ids: [...rest.cleanable.ids], bytes: rest.cleanable.bytes },
        }),
  }),
});

function regenerableOf(sessions: readonly SessionUse[]): number {
  return sessions.reduce((sum, one) => sum + one.regenerableBytes, 0);
}

function describe({ sessions, rest, bytes: all }: DuOutcome, look: Look): string {
  const size = (count: number): string => (look.isTerminal ? bytes(count) : String(count));
  const columns: readonly Column<SessionUse>[] = [
    { header: 'SIZE', value: (use) => size(use.bytes) },
    { header: 'ID', value: ({ id }) => id, min: 12, max: 48, paint: (text, _, theme) => theme.name(text) },
    { header: 'FILES', value: ({ worktreeBytes }) => size(worktreeBytes) },
    { header: 'REGENERABLE', value: ({ regenerableBytes }) => size(regenerableBytes) },
    { header: 'GIT', value: ({ gitBytes }) => size(gitBytes), drop: 1 },
  ];
  const table = sessions.length === 0 ? 'There are no sessions.\n' : renderTable(columns, sessions, look);
  if (rest === undefined) return table;
  const { trash, cacheBytes, logsBytes, gateBytes, sparesBytes, cleanable } = rest;
  const parts: readonly (readonly [string, number, boolean])[] = [
    [`trash (${plural(trash.entries, 'session')}; wt restore --list)`, trash.bytes, trash.bytes > 0],
    ['worktree of the gate', gateBytes, gateBytes > 0],
    ['spares', sparesBytes, sparesBytes > 0],
    ['caches of wt', cacheBytes, cacheBytes > 0],
    ['logs of wt', logsBytes, logsBytes > 0],
    ['all together', all, true],
  ];
  const lines = parts.flatMap(([what, count, isShown]) => (isShown ? [`${bytes(count).padStart(8)}  ${what}\n`] : []));
  const clean =
    cleanable.ids.length === 0
      ? 'wt clean would take nothing away: no session is proven landed.'
      : `${look.theme.command('wt clean')} would move ${bytes(cleanable.bytes)} into the trash: ${few(cleanable.ids)}`;
  const again = regenerableOf(sessions);
  const regenerable = again === 0 ? '' : `${bytes(again)} of the sessions is what a build or an install makes again.\n`;
  return `${table}\n${lines.join('')}\n${clean}\n${regenerable}`;
}
