import path from 'node:path';
import * as z from 'zod';
import { parseJson } from '../../core/json.ts';
import { msOf } from '../../core/time.ts';
import { readText, replaceFile } from '../../platform/files.ts';
import type { Repo } from '../repo.ts';

/** Why spares of this definition hold git's checkout and nothing of the set-up. */
const Trouble = z.object({ stamp: z.string(), reason: z.string(), at: z.iso.datetime() });
export type Trouble = z.infer<typeof Trouble>;

/** A command that failed may have failed for want of a network. */
const HOLDS_MS = 3_600_000;

function fileOf({ layout }: Pick<Repo, 'layout'>): string {
  return path.join(layout.state, 'spares.json');
}

export async function noteTrouble(repo: Repo, trouble: Trouble): Promise<void> {
  await replaceFile(fileOf(repo), `${JSON.stringify(trouble)}\n`);
}

/** Undefined when there was none with this definition in the last hour. */
export async function readTrouble(repo: Repo, stamp: string): Promise<Trouble | undefined> {
  const trouble = Trouble.safeParse(parseJson((await readText(fileOf(repo))) ?? '')).data;
  if (trouble?.stamp !== stamp) return undefined;
  const ageMs = repo.deps.clock.now().getTime() - msOf(trouble.at);
  return ageMs >= 0 && ageMs < HOLDS_MS ? trouble : undefined;
}
