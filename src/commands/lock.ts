import * as z from 'zod';
import { defineCommand } from '../cli/define.ts';
import { duration, flag } from '../cli/params.ts';
import { WtError } from '../core/errors.ts';
import { listLocks, runLocked, type LockRun, type LockView } from '../sessions/named-lock.ts';
import { openRepo } from '../sessions/open.ts';
import { lockUserWords } from '../ui/limits.ts';
import { age, safe } from '../ui/text.ts';
import type { Look } from '../ui/theme.ts';

type Outcome =
  | { readonly kind: 'ran'; readonly run: LockRun }
  | { readonly kind: 'listed'; readonly locks: readonly LockView[] };

const DEFAULT_WAIT_MS = 10 * 60 * 1000;

const User = z.object({
  pid: z.number(),
  host: z.string(),
  command: z.string(),
  session: z.string().nullable(),
  since: z.iso.datetime(),
});

export default defineCommand({
  description:
    'Runs a program while nobody else in this repository, in any session, runs one under the same name: for one staging database, one device, an interface with a rate limit. First come, first served; --max lets several in at once. The lock ends with the program, also when it or wt is killed. Its exit code is the answer.',
  args: {
    name: {
      flags: '[name]',
      help: 'Name of the lock: lower-case letters, digits, ".", "_" and "-"; left out with --list',
      schema: z.string().optional(),
    },
    command: {
      flags: '[command...]',
      help: 'The program and its arguments, after "--"',
      schema: z.array(z.string()).default([]),
    },
  },
  options: {
    max: {
      flags: '--max <n>',
      help: 'How many may run at once (default: 1, or what those who have it say)',
      schema: z.coerce.number().int().min(1, 'at least 1').max(1000, 'at most 1000').optional(),
    },
    wait: {
      flags: '--wait <time>',
      help: 'How long to wait for it (default: 10m); 0s does not wait',
      schema: duration.optional(),
    },
    list: flag('--list', 'Show who has which lock, and who waits'),
  },
  examples: ['wt lock staging -- npm run e2e', 'wt lock api --max 3 --wait 30m -- node crawl.js', 'wt lock --list'],
  mutates: false,
  passThrough: true,
  data: z.object({
    lock: z.object({ name: z.string(), max: z.number(), waitedMs: z.number() }).optional(),
    result: z
      .object({ exitCode: z.number(), durationMs: z.number(), stdout: z.string(), stderr: z.string() })
      .optional(),
    locks: z
      .array(z.object({ name: z.string(), max: z.number(), holders: z.array(User), waiting: z.array(User) }))
      .optional(),
  }),

  async run({ deps, globals }, { name, command, max, wait, list }): Promise<Outcome> {
    if (list) {
      if (name !== undefined) throw new WtError('usage.invalid', { option: '--list', reason: 'goes without a name' });
      return { kind: 'listed', locks: await listLocks(await openRepo(deps)) };
    }
    const argv = command[0] === '--' ? command.slice(1) : command;
    if (name === undefined || name === '--' || argv.length === 0)
      throw new WtError('usage.invalid', {
        option: name === undefined || name === '--' ? '<name>' : '<command…>',
        reason: 'a lock has a name, and a command that runs under it',
        fix: ['wt', 'lock', name === undefined || name === '--' ? '<name>' : name, '--', 'npm', 'test'],
      });
    const run = await runLocked(await openRepo(deps), {
      name,
      max,
      waitMs: wait ?? DEFAULT_WAIT_MS,
      argv,
      output: globals.json ? 'capture' : 'terminal',
      onWait: ({ holders, waiting }) => {
        if (globals.quiet) return;
        const ahead = waiting.length > 1 ? `; ${waiting.length} wait` : '';
        deps.io.err(`wt: waiting for lock ${name}: held by ${holders.map(lockUserWords).join(', ')}${ahead}\n`);
      },
    });
    return { kind: 'ran', run };
  },

  human: (outcome, look) => (outcome.kind === 'ran' ? '' : describe(outcome.locks, look)),
  json(outcome) {
    if (outcome.kind === 'listed')
      return {
        locks: outcome.locks.map(({ name, max, holders, waiting }) => ({
          name,
          max,
          holders: [...holders],
          waiting: [...waiting],
        })),
      };
    const { name, max, waitedMs, exitCode, durationMs, stdout, stderr } = outcome.run;
    return { lock: { name, max, waitedMs }, result: { exitCode, durationMs, stdout, stderr } };
  },
  exitCode: (outcome) => (outcome.kind === 'ran' ? outcome.run.exitCode : 0),
});

function describe(locks: readonly LockView[], { theme, now }: Look): string {
  if (locks.length === 0) return 'Nobody has a lock.\n';
  const user = (word: string, { pid, command, session, since }: LockView['holders'][number]): string =>
    `  ${word.padEnd(6)}${safe(command)}  ${theme.dim(safe(`${session === null ? '' : `in ${session}, `}process ${pid}, ${age(since, now)}`))}\n`;
  return locks
    .map(({ name, max, holders, waiting }) => {
      const places = max === 1 ? '' : `  ${theme.dim(`${holders.length} of ${max}`)}`;
      const users = [...holders.map((one) => user('held', one)), ...waiting.map((one) => user('waits', one))];
      return `${theme.name(name)}${places}\n${users.join('')}`;
    })
    .join('');
}
