import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { WtError } from '../core/errors.ts';
import { parseJson } from '../core/json.ts';
import {
  appendText,
  listDirectory,
  makePrivateDirectory,
  readTail,
  readText,
  removeFile,
  replaceFile,
} from '../platform/files.ts';
import { createBriefIdentity } from '../platform/identity.ts';
import { acquireLock, type LockDeps } from '../platform/lock.ts';
import type { Event } from './events.ts';

/**
 * Writing the stream of events. It has a lock of its own, held for milliseconds, because agents write to it at any time and must not
 * wait for a landing. This file is on the path of every call of a hook, so it loads no zod.
 */
export interface EventLog {
  readonly events: string;
  readonly eventsLock: string;
  /** Events that could not wait, one in a file; the next writer takes them into the stream. */
  readonly inbox: string;
}

/** Pure. */
export function eventLogOf(commonDir: string): EventLog {
  const state = path.join(commonDir, 'wt');
  return {
    events: path.join(state, 'events.jsonl'),
    eventsLock: path.join(state, 'lock', 'events'),
    inbox: path.join(state, 'inbox'),
  };
}

export type NewEvent = Pick<Event, 'at' | 'event' | 'session' | 'by' | 'data'>;
export type Append = (event: NewEvent) => Promise<unknown>;

export interface LogOptions {
  /** How long the lock is waited for; then events go into the inbox. */
  readonly timeoutMs: number;
  /** Whether it must survive a power cut. */
  readonly isDurable: boolean;
}

/** What everybody does who can wait. */
export const PATIENT: LogOptions = { timeoutMs: 10_000, isDurable: true };

/** Writes one event down. */
export async function logEvent(
  deps: Omit<LockDeps, 'identity'>,
  log: EventLog,
  event: NewEvent,
  options: Partial<LogOptions> = {},
): Promise<void> {
  await whileLogging(deps, log, { ...PATIENT, ...options }, (append) => append(event));
}

/** Runs while nobody else writes events: what it reads and writes meanwhile is of one piece. Never throws for a lock that is taken. */
export async function whileLogging<T>(
  deps: Omit<LockDeps, 'identity'>,
  log: EventLog,
  { timeoutMs, isDurable }: LogOptions,
  use: (append: Append) => Promise<T>,
): Promise<T> {
  const identity = createBriefIdentity('wt events', randomUUID());
  const request = { directory: log.eventsLock, timeoutMs, onWait: () => {}, shielded: true };
  const lease = await acquireLock({ ...deps, identity }, request).catch((error: unknown) => {
    if (WtError.is(error, 'registry.busy')) return undefined;
    throw error;
  });
  if (lease === undefined) return use((event) => putIntoInbox(log.inbox, event));
  try {
    await takeInbox(log, isDurable);
    return await use((event) => appendEvent(log.events, event, { isDurable }));
  } finally {
    await lease.release();
  }
}

/** Appends one event with the next number; the caller holds the lock. A torn last line of a crashed writer is closed first. */
export async function appendEvent(
  file: string,
  event: NewEvent,
  { isDurable = true } = {},
): Promise<NewEvent & { seq: number }> {
  const { seq, isTorn } = await readEnd(file);
  const numbered: NewEvent & { seq: number } = { seq: seq + 1, ...event };
  await appendText(file, `${isTorn ? '\n' : ''}${JSON.stringify(numbered)}\n`, { isDurable });
  return numbered;
}

/** The number of the last event; 0 when there is none. */
export async function readLastSeq(file: string): Promise<number> {
  return (await readEnd(file)).seq;
}

const TAIL_BYTES = 256 * 1024;

async function readEnd(file: string): Promise<{ seq: number; isTorn: boolean }> {
  const tail = await readTail(file, TAIL_BYTES);
  const isTorn = tail !== '' && !tail.endsWith('\n');
  const seq = lastSeqIn(tail) ?? (tail === '' ? 0 : (lastSeqIn((await readText(file)) ?? '') ?? 0));
  return { seq, isTorn };
}

function lastSeqIn(text: string): number | undefined {
  const lines = text.split('\n');
  for (let i = lines.length - 1; i >= 0; i--) {
    const value = parseJson(lines[i]) as { seq?: unknown; event?: unknown } | null | undefined;
    const seq = value?.seq;
    if (typeof seq === 'number' && Number.isInteger(seq) && seq > 0 && typeof value?.event === 'string') return seq;
  }
  return undefined;
}

async function putIntoInbox(inbox: string, event: NewEvent): Promise<void> {
  await makePrivateDirectory(inbox);
  const name = `${event.at.replaceAll(/[:.]/g, '-')}-${randomUUID()}.json`;
  await replaceFile(path.join(inbox, name), `${JSON.stringify(event)}\n`, 0o600, { isDurable: false });
}

/** In the order of their times. One that a killed writer took in and could not delete any more comes a second time. */
async function takeInbox({ inbox, events }: EventLog, isDurable: boolean): Promise<void> {
  const names = (await listDirectory(inbox)).map(({ name }) => name).filter((name) => name.endsWith('.json'));
  for (const name of names.toSorted()) {
    const file = path.join(inbox, name);
    const event = parseJson(await readText(file)) as NewEvent | undefined;
    if (typeof event?.event === 'string') await appendEvent(events, event, { isDurable });
    await removeFile(file);
  }
}
