import * as z from 'zod';
import { availableParallelism } from 'node:os';
import { defineCommand, type Context } from '../cli/define.ts';
import { flag } from '../cli/params.ts';
import { WtError } from '../core/errors.ts';
import { execInAll, execInSession, type ExecOutput, type ExecResult } from '../sessions/exec.ts';
import { openRepo } from '../sessions/open.ts';
import { createTheme } from '../ui/theme.ts';

interface Outcome {
  readonly results: readonly ExecResult[];
  readonly isAll: boolean;
}

export default defineCommand({
  description:
    'Runs a program in the session, without a shell; its exit code is the answer. WT_ID, WT_BRANCH, WT_PATH, WT_MAIN, WT_BASE and WT_TASK are set.',
  args: {
    id: { flags: '[id]', help: 'Session id, branch or path; left out with --all', schema: z.string().optional() },
    command: {
      flags: '[command...]',
      help: 'The program and its arguments, after "--"',
      schema: z.array(z.string()).default([]),
    },
  },
  options: {
    all: flag('--all', 'Run in every session'),
    jobs: {
      flags: '-j, --jobs <n>',
      help: 'How many at once with --all (default: one per processor)',
      schema: z.coerce.number().int().min(1, 'at least 1').max(256, 'at most 256').optional(),
    },
  },
  examples: [
    'wt exec fix-login -- npm test',
    'wt exec --all -j 4 -- git fetch',
    "wt exec fix-login -- sh -c 'echo $WT_BRANCH'",
  ],
  mutates: false,
  passThrough: true,
  data: z.object({
    results: z.array(
      z.object({
        id: z.string(),
        exitCode: z.number(),
        durationMs: z.number(),
        stdout: z.string(),
        stderr: z.string(),
      }),
    ),
  }),

  async run(context, { id, command, all, jobs }): Promise<Outcome> {
    const { deps, globals } = context;
    const argv = withoutDashes(all ? [...(id === undefined ? [] : [id]), ...command] : command);
    if (!all && jobs !== undefined) throw new WtError('usage.invalid', { option: '--jobs', reason: 'goes with --all' });
    if (argv.length === 0)
      throw new WtError('usage.invalid', {
        option: '<command…>',
        reason: 'no command was given',
        fix: ['wt', 'exec', all ? '--all' : (id ?? '<id>'), '--', 'git', 'status'],
      });
    const repo = await openRepo(deps);
    if (!all) {
      const target = id === '--' || id === undefined ? '.' : id;
      return {
        results: [await execInSession(repo, target, argv, globals.json ? 'capture' : 'terminal')],
        isAll: false,
      };
    }
    const output = globals.json ? 'capture' : prefixed(context);
    const results = await execInAll(repo, argv, jobs ?? availableParallelism(), output);
    if (!globals.json) context.tell(summary(results));
    return { results, isAll: true };
  },

  human: () => '',
  warnings: ({ results, isAll }) => (isAll && results.length === 0 ? ['there are no sessions to run it in'] : []),
  json: ({ results }) => ({
    results: results.map(({ id, exitCode, durationMs, stdout = '', stderr = '' }) => ({
      id,
      exitCode,
      durationMs: Math.round(durationMs),
      stdout,
      stderr,
    })),
  }),
  exitCode: ({ results }) => results.find(({ exitCode }) => exitCode !== 0)?.exitCode ?? 0,
});

/** `wt exec a -- ls`: commander hands the "--" over; one is ours. */
function withoutDashes(words: readonly string[]): readonly string[] {
  return words[0] === '--' ? words.slice(1) : words;
}

function prefixed({ deps, emit }: Context): ExecOutput {
  const [out, err] = [createTheme(deps.io.color), createTheme(deps.io.errColor)];
  return {
    onLine: (id, line, stream) =>
      stream === 'stdout' ? emit(`${out.name(id)}: ${line}\n`) : deps.io.err(`${err.name(id)}: ${line}\n`),
  };
}

/** Exit codes of all, for a person. */
function summary(results: readonly ExecResult[]): string {
  const size = Math.max(0, ...results.map(({ id }) => id.length));
  const lines = results.map(
    ({ id, exitCode, durationMs }) => `${id.padEnd(size)}  exit ${exitCode}  ${(durationMs / 1000).toFixed(1)} s\n`,
  );
  return lines.length === 0 ? '' : `\n${lines.join('')}`;
}
