import { text } from 'node:stream/consumers';
import process from 'node:process';
import { afterChange } from './agents/after-change.ts';
import { supervise, type Spec, type Word } from './agents/supervise.ts';
import { parseJson } from './core/json.ts';
import { systemClock } from './platform/clock.ts';
import { endGroupGently } from './platform/members.ts';
import { createRunner } from './platform/runner.ts';

/**
 * The other composition root: what stays beside an agent in the background until it ends. Small on purpose, for there is one of it for
 * every agent. What it has to do comes on standard input, and the wt that waits reads its standard output.
 */
let isHeard = true;
process.stdout.on('error', () => (isHeard = false));

const say = (word: Word): void => {
  if (isHeard) process.stdout.write(`${JSON.stringify(word)}\n`);
  if (word.word === 'started') endOnSignal(word.pid);
  else isHeard = false;
};

// It belongs to no terminal. When the machine shuts down the agent gets its own signal; one that is meant for both is passed on.
for (const signal of ['SIGHUP', 'SIGINT'] as const) process.on(signal, () => {});
function endOnSignal(pid: number): void {
  process.on('SIGTERM', () => endGroupGently(pid));
}

void text(process.stdin).then((input) =>
  supervise(parseJson(input) as Spec, {
    env: process.env,
    clock: systemClock,
    random: Math.random,
    run: createRunner(process.env),
    signal: new AbortController().signal,
    say,
    afterChange: (change) => afterChange(change, { env: process.env, program: process.argv[1] ?? '' }),
  }),
);
