import path from 'node:path';
import * as z from 'zod';
import { parseJson } from '../core/json.ts';
import { isoFromMs, msOf } from '../core/time.ts';
import { makePrivateDirectory, readText, replaceFile } from '../platform/files.ts';
import type { Repo } from './repo.ts';

const HOUR_MS = 3_600_000;
const APART_MS = 24 * HOUR_MS;

/** What the clock said at two of the last calls of clean, a day or more apart. */
const Readings = z.object({ earlier: z.iso.datetime().nullable(), last: z.iso.datetime() });
export type Readings = z.infer<typeof Readings>;

/** With what it says now. When it has gone back, what it said last was wrong, or is. Pure. */
export function addReading(known: Readings | undefined, nowMs: number): Readings {
  const now = isoFromMs(nowMs);
  const last = known === undefined ? Number.NaN : msOf(known.last);
  if (known !== undefined && last <= nowMs)
    return nowMs - last >= APART_MS ? { earlier: known.last, last: now } : known;
  const earlier = known?.earlier ?? null;
  return { earlier: earlier !== null && nowMs - msOf(earlier) >= APART_MS ? earlier : null, last: now };
}

/**
 * The time that ages are judged by: one that the clock has passed at an earlier clean already, so that a clock that is
 * wrong for once lets nothing go. Whoever keeps things for less than an hour is taken at his word. Pure.
 */
export function provenTime({ earlier }: Readings, nowMs: number, keepMs: number): number {
  if (keepMs < HOUR_MS) return nowMs;
  return earlier === null ? Number.NEGATIVE_INFINITY : Math.min(msOf(earlier), nowMs);
}

export async function readReadings(repo: Repo): Promise<Readings | undefined> {
  const parsed = Readings.safeParse(parseJson((await readText(fileOf(repo))) ?? ''));
  return parsed.success ? parsed.data : undefined;
}

export async function writeReadings(repo: Repo, readings: Readings): Promise<void> {
  await makePrivateDirectory(path.dirname(fileOf(repo)));
  await replaceFile(fileOf(repo), `${JSON.stringify(readings)}\n`);
}

function fileOf(repo: Repo): string {
  return path.join(path.dirname(repo.layout.operations), 'clean.json');
}
