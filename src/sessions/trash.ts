import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import * as z from 'zod';
import { listDirectory, lstatOf, makePrivateDirectory, moveDurably, readText, replaceFile } from '../platform/files.ts';
import { SessionRow } from '../registry/session.ts';
import { ObjectId, SessionId } from '../core/names.ts';
import type { Repo } from './repo.ts';
import { byText } from '../core/text.ts';

/** `meta.json` of a trash entry: everything needed to bring the session back. Anybody may edit it: restore-checks.ts judges what it names. */
export const TrashMeta = z.looseObject({
  version: z.literal(1),
  op: z.string(),
  id: SessionId,
  verb: z.string(),
  at: z.iso.datetime(),
  row: SessionRow,
  path: z.string(),
  /** Name of the administrative folder; null when git had none any more. */
  admin: z.string().nullable(),
  head: z.object({
    ref: z.string().nullable(),
    commit: ObjectId.nullable(),
    /** The branch it names had no commit; `commit` is where HEAD was before. */
    isUnborn: z.boolean().optional(),
  }),
  branch: z.object({ name: z.string(), commit: ObjectId.nullable(), deleted: z.boolean() }),
  proof: z.string().nullable(),
  /** Ignored files that no build makes again. */
  precious: z.array(z.string()),
  /** Ignored folders that a build makes again: the first to go when the trash is full. */
  regenerable: z.array(z.string()).default([]),
  /** Those of them that have gone to make room. */
  thinned: z.array(z.string()).optional(),
});
export type TrashMeta = z.infer<typeof TrashMeta>;

/** Beginning of the names of folders in the trash that nothing names any more: they are being deleted. */
export const PURGE = 'purge-';

export function trashFolder(repo: Repo, op: string): string {
  return path.join(repo.layout.trash, op);
}

/** Renames a tree or an administrative folder into its trash entry; done already is fine. Fails closed: nothing is ever copied or unlinked. */
export async function moveToTrash(repo: Repo, op: string, part: 'tree' | 'admin', from: string): Promise<void> {
  const to = path.join(trashFolder(repo, op), part);
  if ((await lstatOf(from)) === undefined || (await lstatOf(to)) !== undefined) return;
  await makePrivateDirectory(trashFolder(repo, op));
  await moveDurably(from, to);
}

/** The way back; done already is fine, and so is a part that was never there. Nothing is ever written over. */
export async function moveFromTrash(repo: Repo, op: string, part: 'tree' | 'admin', to: string): Promise<void> {
  const from = path.join(trashFolder(repo, op), part);
  if ((await lstatOf(from)) === undefined || (await lstatOf(to)) !== undefined) return;
  // git takes an empty "worktrees" folder away when it tidies up.
  await mkdir(path.dirname(to), { recursive: true });
  await moveDurably(from, to);
}

export async function writeTrashMeta(repo: Repo, meta: TrashMeta): Promise<void> {
  await makePrivateDirectory(trashFolder(repo, meta.op));
  await replaceFile(path.join(trashFolder(repo, meta.op), 'meta.json'), `${JSON.stringify(meta, null, 2)}\n`);
}

/** Sessions in the trash, newest first. An entry without a readable `meta.json` is passed over, and so is one that is being deleted. */
export async function listTrash(repo: Repo): Promise<readonly TrashMeta[]> {
  const folders = (await listDirectory(repo.layout.trash)).filter((entry) => entry.isDirectory());
  const metas = await Promise.all(folders.map((entry) => readTrashMeta(repo, entry.name)));
  return metas.filter((meta) => meta !== undefined).toSorted((a, b) => byText(b.at, a.at));
}

export async function readTrashMeta(repo: Repo, op: string): Promise<TrashMeta | undefined> {
  if (op.startsWith(PURGE)) return undefined;
  const folder = trashFolder(repo, op);
  const text = await readText(path.join(folder, 'meta.json'));
  try {
    // It goes by the name of its folder: what a file says may lead elsewhere.
    const meta = { ...TrashMeta.parse(JSON.parse(text ?? '')), op };
    const parts = await Promise.all(['tree', 'admin'].map((part) => lstatOf(path.join(folder, part))));
    // Both moved back by hand: it is a session again. One that had neither folder left only its branch here.
    const isBack = parts.every((part) => part === undefined) && meta.admin !== null;
    return isBack ? undefined : meta;
  } catch {
    return undefined;
  }
}
