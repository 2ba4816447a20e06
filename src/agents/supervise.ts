import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { isoFromMs } from '../core/time.ts';
import type { Clock } from '../platform/clock.ts';
import { removeFile } from '../platform/files.ts';
import { createBriefIdentity, describeProcess } from '../platform/identity.ts';
import type { LockDeps } from '../platform/lock.ts';
import { startApart, type ApartEnd } from '../platform/runner.ts';
import type { EventLog } from '../registry/event-log.ts';
import { liveRecord } from '../registry/live-record.ts';
import { CLAIM, withEnd, withOwner, withStart } from './changes.ts';
import { boundLog, openToAppend } from './log.ts';
import type { FactsChange } from './receive.ts';
import { recordNews } from './record.ts';

/** All that the supervisor of one agent in the background has to know. It travels as JSON. */
export interface Spec {
  readonly id: string;
  readonly agent: string;
  readonly adminDirectory: string;
  readonly events: EventLog;
  /** The claim of the start, see {@link withOwner}. */
  readonly run: string;
  readonly isResumed: boolean;
  readonly by: string;
  readonly argv: readonly string[];
  readonly cwd: string;
  /** Over the caller's environment; null takes a variable away. */
  readonly env: Readonly<Record<string, string | null>>;
  readonly log: string;
  readonly input: SpecInput;
}

/** What its standard input is: nothing, a file, or a pipe that lines are written into while it runs. */
export type SpecInput =
  | { readonly kind: 'none' }
  | { readonly kind: 'file'; readonly file: string }
  | { readonly kind: 'pipe'; readonly file: string; readonly first: string | null };

/** What the supervisor tells the wt that has started it, a line of JSON each. */
export type Word =
  | { readonly word: 'started'; readonly pid: number; readonly at: string }
  /** It was never started: an errno, or `lost` when somebody took the claim meanwhile. */
  | { readonly word: 'failed'; readonly reason: string }
  /** It has ended within a moment. */
  | { readonly word: 'ended'; readonly exitCode: number | null; readonly signal: string | null }
  | { readonly word: 'settled' };

export interface SuperviseDeps extends Omit<LockDeps, 'identity'> {
  readonly clock: Clock;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Tells the wt that waits; undefined: it need not wait any more. */
  readonly say: (word: Word) => void;
  /** A person may have to be told of it. */
  readonly afterChange: (change: FactsChange) => Promise<void>;
}

/** How long an agent that ends at once is waited for. */
const MOMENT_MS = 500;

/** Starts the agent and stays until it has ended, to write down how. Nothing of the agent needs it: should it be killed, the agent goes on. */
export async function supervise(spec: Spec, deps: SuperviseDeps): Promise<void> {
  const { id, adminDirectory, events, run } = spec;
  const place = { id, adminDirectory, log: events };
  const now = (): string => isoFromMs(deps.clock.now().getTime());
  if (!(await takeOver(spec, deps))) return deps.say({ word: 'failed', reason: 'lost' });
  const started = await start(spec, deps);
  if ('failure' in started) return deps.say({ word: 'failed', reason: started.failure });
  const { pid, end } = started;
  const live = liveRecord(adminDirectory, spec.argv.join(' '));
  live.begin(pid);
  const owner = describeProcess(pid, spec.argv[0] ?? '');
  const at = now();
  const { isResumed, by, agent } = spec;
  await recordNews(deps, place, (facts) => withStart(facts, run, { pid, owner, isResumed, at, by })).catch(() => {});
  const stop = boundLog(spec.log);
  deps.say({ word: 'started', pid, at });
  const early = await Promise.race([end, deps.clock.sleep(MOMENT_MS)]);
  if (early === undefined) deps.say({ word: 'settled' });
  const over = await end;
  stop();
  await live.end();
  if (spec.input.kind === 'pipe') await removeFile(spec.input.file).catch(() => {});
  await insist(deps, async () => {
    const change = await recordNews(deps, place, (facts) =>
      withEnd(facts, run, { agent, end: over, at: now(), by: agent }),
    );
    await deps.afterChange({ place, ...change }).catch(() => {});
  });
  if (early !== undefined) deps.say({ word: 'ended', ...early });
}

/** The claim is the supervisor's from here on: should the wt that was called be killed, the start goes on. */
async function takeOver({ id, adminDirectory, events, run }: Spec, deps: SuperviseDeps): Promise<boolean> {
  const { owner } = await createBriefIdentity(CLAIM, run).owner('', deps.run);
  const place = { id, adminDirectory, log: events };
  const { after } = await recordNews(deps, place, (facts) => withOwner(facts, run, owner));
  return after.run?.owner.nonce === run && after.run.owner.pid === owner.pid;
}

type Started = { readonly pid: number; readonly end: Promise<ApartEnd> } | { readonly failure: string };

async function start(spec: Spec, deps: SuperviseDeps): Promise<Started> {
  const [file = '', ...args] = spec.argv;
  const env = { ...deps.env };
  for (const [name, value] of Object.entries(spec.env)) env[name] = value ?? undefined;
  const output = await openToAppend(spec.log);
  const input = await openInput(spec.input);
  const { pid, end } = startApart({ file, args, cwd: spec.cwd, env }, [input?.fd ?? 'ignore', output.fd]);
  await output.close();
  await input?.close();
  if (pid === undefined) return { failure: (await end).failure ?? 'unknown' };
  return { pid, end };
}

/** A pipe is opened for both ends, so that the agent never sees it end, whoever writes into it and goes. */
async function openInput(input: SpecInput): Promise<{ fd: number; close: () => Promise<void> } | undefined> {
  if (input.kind === 'none') return undefined;
  const handle = await open(input.file, input.kind === 'file' ? constants.O_RDONLY : constants.O_RDWR);
  if (input.kind === 'pipe' && input.first !== null) {
    const line = input.first.endsWith('\n') ? input.first : `${input.first}\n`;
    // What does not fit into the pipe goes in as the agent reads.
    const written = handle.write(line).catch(() => {});
    return { fd: handle.fd, close: () => Promise.resolve(void written.then(() => handle.close())) };
  }
  return { fd: handle.fd, close: () => handle.close() };
}

const LAST_MS = 60_000;

/** A disk that is full for a while must not make an end unknown. */
async function insist(deps: SuperviseDeps, write: () => Promise<unknown>): Promise<void> {
  for (let pauseMs = 250; ; pauseMs *= 2) {
    const isDone = await write().then(
      () => true,
      () => false,
    );
    if (isDone || pauseMs > LAST_MS) return;
    await deps.clock.sleep(pauseMs);
  }
}
