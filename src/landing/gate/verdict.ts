import path from 'node:path';
import * as z from 'zod';
import { ObjectId } from '../../core/names.ts';
import { makePrivateDirectory } from '../../platform/files.ts';
import { appendLine, readLastLines } from '../../registry/lines.ts';
import type { Repo } from '../../sessions/repo.ts';

/** What a gate said of exactly one tree. */
export const Verdict = z.object({
  at: z.iso.datetime(),
  /** Tree of the merged result that was tested. */
  tree: ObjectId,
  command: z.string(),
  exitCode: z.number().int(),
  durationMs: z.number(),
  log: z.string(),
  /** The session whose landing was tested, on top of what. */
  id: z.string(),
  into: z.string(),
  tip: ObjectId,
  target: ObjectId,
});
export type Verdict = z.infer<typeof Verdict>;

/** The last verdicts, oldest first. */
export async function listVerdicts({ layout }: Pick<Repo, 'layout'>): Promise<readonly Verdict[]> {
  return readLastLines(layout.verdicts, Verdict);
}

/** A green verdict of this command on this very tree: it needs no second run. A red one is worth another try. */
export async function findGreen(
  repo: Pick<Repo, 'layout'>,
  { tree, command }: Pick<Verdict, 'tree' | 'command'>,
): Promise<Verdict | undefined> {
  const all = await listVerdicts(repo);
  const last = all.findLast((verdict) => verdict.tree === tree && verdict.command === command);
  return last?.exitCode === 0 ? last : undefined;
}

/** Writes a verdict down; the caller holds the lock. */
export async function recordVerdict({ layout }: Pick<Repo, 'layout'>, verdict: Verdict): Promise<void> {
  await makePrivateDirectory(path.dirname(layout.verdicts));
  await appendLine(layout.verdicts, verdict);
}
