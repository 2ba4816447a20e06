import type { FormatName } from '../../config/schema.ts';
import { WtError } from '../../core/errors.ts';
import { claude } from './claude.ts';
import { codex } from './codex.ts';
import { conductor } from './conductor.ts';
import { cursor } from './cursor.ts';
import type { Format, Found } from './format.ts';
import { gtr } from './gtr.ts';
import { phantom } from './phantom.ts';
import { worktrunk } from './worktrunk.ts';

/** Every reader, by name. */
const READERS: Readonly<Record<FormatName, Format>> = { worktrunk, cursor, codex, conductor, gtr, phantom, claude };

/**
 * The definitions of other tools that a repository holds, in the order that was asked for. One that cannot be understood is
 * listed as broken: it is in nobody's way unless it is the one that counts.
 */
export async function listFound(root: string, order: readonly FormatName[]): Promise<readonly Found[]> {
  const found = await Promise.all([...new Set(order)].map((name) => tryFind(root, READERS[name])));
  return found.flatMap((one) => one ?? []);
}

async function tryFind(root: string, { name, find }: Format): Promise<Found | undefined> {
  try {
    return await find(root);
  } catch (error) {
    if (!WtError.is(error, 'config.invalid')) throw error;
    const { path: file, reason } = error.details;
    return { format: name, file, steps: [], files: [], ports: [], notes: [reason], broken: error };
  }
}
