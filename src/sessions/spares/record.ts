import path from 'node:path';
import * as z from 'zod';
import { parseJson } from '../../core/json.ts';
import { ObjectId } from '../../core/names.ts';
import { listDirectory, lstatOf, readSmallFile, readText, removeFile, replaceFile } from '../../platform/files.ts';
import type { Layout } from '../layout.ts';
import { byText } from '../../core/text.ts';

/** What a spare was made from, and what is in it; written last, so that a spare without it was never finished. */
export const SpareRecord = z.looseObject({
  version: z.literal(1),
  /** Its files are those of this commit, and its HEAD names it. */
  commit: ObjectId,
  /** Hash of the definition that it was made ready with. */
  stamp: z.string(),
  madeAt: z.iso.datetime(),
  /** Files of the set-up are in it, and how many; null: they are not, and nothing after them was done. */
  files: z
    .object({
      copied: z.number(),
      copiedBytes: z.number(),
      cloned: z.number(),
      entries: z.array(z.string()),
      linked: z.array(z.string()),
      skipped: z.array(z.object({ path: z.string(), reason: z.string() })),
      warnings: z.array(z.string()),
    })
    .nullable(),
  /** Commands of the set-up that have run in it, by where they are written; the first so many of them. */
  ran: z.array(z.string()),
  /** What was copied, as it was in the main worktree. */
  sources: z.record(z.string(), z.string()),
  /** What is in it beside git's own files, as it was when it was finished. */
  extra: z.record(z.string(), z.string()),
  log: z.string().nullable(),
});
export type SpareRecord = z.infer<typeof SpareRecord>;

/** A finished worktree that is no session yet. git does not know of it: its administrative folder lies among wt's own. */
export interface Spare {
  /** Twelve hexadecimal digits, never used again. */
  readonly name: string;
  readonly tree: string;
  readonly admin: string;
}

export const SPARE_NAME = /^[0-9a-f]{12}$/;
const TREE = '.spare-';
const ADMIN = 'spare-';
const RECORD = 'wt-spare.json';
/** There while it is made. */
const MAKING = 'wt-making';
const LIMIT_BYTES = 4 * 1024 * 1024;

/**
 * As deep as the place of a session, so that links out of it lead where they led before; and the administrative folder as deep as
 * git's own, so that its `commondir` stays right.
 */
export function spareAt({ worktrees, state }: Pick<Layout, 'worktrees' | 'state'>, name: string): Spare {
  return { name, tree: path.join(worktrees, `${TREE}${name}`), admin: path.join(state, `${ADMIN}${name}`) };
}

/** Whether a folder below `.worktrees` is that of a spare, by its name. Pure. */
export function isSpareFolder(folder: string): boolean {
  const name = path.basename(folder);
  return name.startsWith(TREE) && SPARE_NAME.test(name.slice(TREE.length));
}

/** The same of an administrative folder: git writes there, with the modes that it gives to those of worktrees. Pure. */
export function isSpareAdmin(folder: string): boolean {
  const name = path.basename(folder);
  return name.startsWith(ADMIN) && SPARE_NAME.test(name.slice(ADMIN.length));
}

/** Spares that there are, also half ones: by their administrative folder, or by their tree alone. */
export async function listSpares(layout: Layout): Promise<readonly Spare[]> {
  const namesIn = async (folder: string, prefix: string): Promise<readonly string[]> =>
    (await listDirectory(folder))
      .filter((entry) => entry.isDirectory() && entry.name.startsWith(prefix))
      .map(({ name }) => name.slice(prefix.length))
      .filter((name) => SPARE_NAME.test(name));
  const [admins, trees] = await Promise.all([namesIn(layout.state, ADMIN), namesIn(layout.worktrees, TREE)]);
  return [...new Set([...admins, ...trees])].toSorted().map((name) => spareAt(layout, name));
}

/** Only the finished ones: one look into one folder. */
export async function listFinished(layout: Layout): Promise<readonly (Spare & { readonly record: SpareRecord })[]> {
  const names = (await listDirectory(layout.state))
    .filter(({ name }) => name.startsWith(ADMIN) && SPARE_NAME.test(name.slice(ADMIN.length)))
    .map(({ name }) => name.slice(ADMIN.length));
  const spares = await Promise.all(
    names.map(async (name) => {
      const spare = spareAt(layout, name);
      const record = await readRecord(spare);
      return record === undefined ? [] : [{ ...spare, record }];
    }),
  );
  return spares.flat().toSorted((a, b) => byText(a.record.madeAt, b.record.madeAt));
}

export async function readRecord({ admin }: Pick<Spare, 'admin'>): Promise<SpareRecord | undefined> {
  const content = await readSmallFile(path.join(admin, RECORD), LIMIT_BYTES);
  if (content === undefined || 'refused' in content) return undefined;
  return SpareRecord.safeParse(parseJson(content.text)).data;
}

export async function writeRecord({ admin }: Pick<Spare, 'admin'>, record: SpareRecord): Promise<void> {
  await replaceFile(recordFile(admin), `${JSON.stringify(record)}\n`);
  await removeFile(path.join(admin, MAKING));
}

/** Says that its making has begun; what was killed before the record was written is known by it. */
export async function markMaking({ admin }: Pick<Spare, 'admin'>): Promise<void> {
  await replaceFile(path.join(admin, MAKING), '');
}

/** It was never finished. */
export async function isHalfMade({ admin }: Pick<Spare, 'admin'>): Promise<boolean> {
  return (await lstatOf(path.join(admin, MAKING))) !== undefined && (await lstatOf(recordFile(admin))) === undefined;
}

/** Where the record of a spare is, also in a session that was one. */
export function recordFile(admin: string): string {
  return path.join(admin, RECORD);
}

/** The folder and the administrative folder name each other, and HEAD names the commit. */
export async function isWhole({ tree, admin }: Spare, { commit }: Pick<SpareRecord, 'commit'>): Promise<boolean> {
  const [stats, pointer, back, head] = await Promise.all([
    lstatOf(tree),
    readText(path.join(tree, '.git')).catch(() => undefined),
    readText(path.join(admin, 'gitdir')),
    readText(path.join(admin, 'HEAD')),
  ]);
  return (
    stats?.isDirectory() === true &&
    pointer?.trim() === `gitdir: ${admin}` &&
    back?.trim() === path.join(tree, '.git') &&
    head?.trim() === commit
  );
}
