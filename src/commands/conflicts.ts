import * as z from 'zod';
import { defineCommand } from '../cli/define.ts';
import { flag, sessionsArg } from '../cli/params.ts';
import { EXIT } from '../core/exit-codes.ts';
import { ConflictFile } from '../git/conflicts.ts';
import { listConflicts, type ConflictsOutcome } from '../landing/radar/conflicts.ts';
import { openRepo } from '../sessions/open.ts';
import { pipeConflicts, renderConflicts } from '../ui/conflicts.ts';

interface Outcome extends ConflictsOutcome {
  readonly tellsByExitCode: boolean;
}

const Files = { paths: z.array(z.string()), files: z.array(ConflictFile) };

export default defineCommand({
  description:
    'Merges every session with its base, and every two sessions with each other, in a throw-away object folder: nothing of them is touched. Uncommitted and untracked files count. Also what was changed against --owns, and in which order to land. Off a terminal a tab-separated line a conflict: base or pair, who, with whom, the files.',
  args: { ids: { ...sessionsArg, help: 'Only conflicts that one of these sessions takes part in' } },
  options: { exitCode: flag('--exit-code', 'Exit with 6 when there are conflicts') },
  examples: [
    'wt conflicts',
    'wt conflicts fix-login',
    'wt conflicts --exit-code && wt merge fix-login',
    'wt conflicts | cut -f1-3',
  ],
  mutates: false,
  paged: true,
  data: z.object({
    pairs: z.array(z.object({ a: z.string(), b: z.string(), ...Files })),
    base: z.array(z.object({ id: z.string(), ...Files })),
    order: z.array(z.string()),
    ownership: z.array(z.object({ id: z.string(), path: z.string(), owner: z.string().nullable() })),
  }),

  async run({ deps, busy }, { ids, exitCode }): Promise<Outcome> {
    const repo = await openRepo(deps);
    const outcome = await busy('comparing sessions', () => listConflicts(repo, ids));
    return { ...outcome, tellsByExitCode: exitCode };
  },

  human: (outcome, look) => (look.isTerminal ? renderConflicts(outcome, look) : pipeConflicts(outcome)),
  warnings: ({ warnings }) => warnings,
  exitCode: ({ pairs, base, tellsByExitCode }) =>
    tellsByExitCode && pairs.length + base.length > 0 ? EXIT.conflict : EXIT.ok,
  json: ({ pairs, base, order, ownership }) => ({
    pairs: pairs.map(({ a, b, files }) => ({ a, b, ...filesOf(files) })),
    base: base.map(({ id, files }) => ({ id, ...filesOf(files) })),
    order: order.map(({ id }) => id),
    ownership: ownership.map((one) => ({ ...one })),
  }),
});

function filesOf(files: readonly ConflictFile[]): { paths: string[]; files: ConflictFile[] } {
  return { paths: files.map(({ path }) => path), files: [...files] };
}
