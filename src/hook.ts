import process from 'node:process';
import { receiveHook } from './agents/receive.ts';
import { parseJson } from './core/json.ts';
import { isoFromMs } from './core/time.ts';
import { systemClock } from './platform/clock.ts';
import { listParents } from './platform/parents.ts';
import { readStdinWithin } from './platform/stdin.ts';

/**
 * `wt hook`, without all the rest of wt: agents call it at every step of their work, and wait for it. Whatever happens it says
 * nothing but an answer, exits 0, and does not hang.
 */
const KEPT_BYTES = 1024 * 1024;
const INPUT_MS = 2000;
const ALL_MS = 4000;

setTimeout(() => process.exit(0), ALL_MS).unref();
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});

/** `WT_TRACE`: nothing of it is loaded where it is not asked for. */
const tracing =
  (process.env['WT_TRACE'] ?? '') === ''
    ? Promise.resolve(undefined)
    : import('./agents/after-change.ts').then(({ traceHook }) =>
        traceHook(process.env, (text) => void process.stderr.write(text)),
      );

const answer = receiveHook({
  argv: process.argv.slice(3),
  env: process.env,
  cwd: currentDirectory(),
  // Not when its turn came to run: of two hooks that are called at once, the order is that of their calls.
  at: isoFromMs(performance.timeOrigin),
  deps: {
    run: () => Promise.reject(new Error('a hook starts no program')),
    clock: systemClock,
    random: Math.random,
    signal: new AbortController().signal,
  },
  program: process.argv[1] ?? '',
  readInput: () =>
    readStdinWithin({
      keptBytes: KEPT_BYTES,
      timeoutMs: INPUT_MS,
      isWhole: (text) => parseJson(text) !== undefined,
    }),
  listParents,
  afterChange: async (change) => {
    const trace = await tracing;
    await (
      await import('./agents/after-change.ts')
    ).afterChange(change, {
      env: process.env,
      program: process.argv[1] ?? '',
      ...(trace === undefined ? {} : { detach: trace.detach }),
    });
  },
});
void sayAndEnd();

async function sayAndEnd(): Promise<void> {
  const text = await answer;
  (await tracing)?.end();
  if (text === '') process.exit(0);
  process.stdout.write(text, () => process.exit(0));
}

function currentDirectory(): string {
  try {
    return process.cwd();
  } catch {
    return process.env['PWD'] ?? '/';
  }
}
