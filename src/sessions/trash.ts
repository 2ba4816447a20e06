import path from 'node:path';
import { WtError } from '../core/errors.ts';
import * as z from 'zod';
import { writeCommit, KEEPER } from '../git/commit.ts';
import type { Git } from '../git/git.ts';
import { changeRefs, listRefs, type RefChange } from '../git/ref.ts';
import { copyIndex, snapshotIndex } from '../git/snapshot.ts';
import {
  listDirectory,
  lstatOf,
  makePrivateDirectory,
  moveDurably,
  readText,
  removeFile,
  replaceFile,
} from '../platform/files.ts';
import { SessionRow } from '../registry/session.ts';
import { SessionId } from '../core/names.ts';
import { scratchIndexOf } from './cache.ts';
import type { Repo } from './repo.ts';

/** `meta.json` of a trash entry: everything needed to bring the session back. */
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
  head: z.object({ ref: z.string().nullable(), commit: z.string().nullable() }),
  branch: z.object({ name: z.string(), commit: z.string().nullable(), deleted: z.boolean() }),
  proof: z.string().nullable(),
  /** Ignored files that no build makes again. */
  precious: z.array(z.string()),
});
export type TrashMeta = z.infer<typeof TrashMeta>;

export function trashFolder(repo: Repo, op: string): string {
  return path.join(repo.layout.trash, op);
}

const PIN_ATTEMPTS = 3;

/**
 * Pins HEAD, the branch tip and the index under `refs/wt/trash/<id>/<op>/`, so that no gc can eat them. A gc that runs at
 * this moment may eat the index's fresh commit before it is pinned: then it is made again.
 */
export async function pinSession(
  repo: Repo,
  op: string,
  spec: { id: string; gitDir: string | null; head: string | null; tip: string | null },
): Promise<void> {
  const prefix = `refs/wt/trash/${spec.id}/${op}`;
  for (let attempt = 1; attempt <= PIN_ATTEMPTS; attempt++) {
    const index =
      spec.gitDir === null
        ? undefined
        : await commitIndex(repo, op, { gitDir: spec.gitDir, parent: spec.head ?? spec.tip });
    const pins = { head: spec.head, branch: spec.tip, index: index ?? null };
    const changes: RefChange[] = Object.entries(pins).flatMap(([name, to]) =>
      to === null ? [] : [{ kind: 'create', ref: `${prefix}/${name}`, to }],
    );
    if (changes.length === 0 || (await changeRefs(repo.git, changes))) return;
  }
  throw new WtError('git.failed', {
    args: ['git', 'update-ref', prefix],
    exitCode: 128,
    stderr: 'the backups could not be written',
  });
}

/** Drops the pins of an operation that never came to move anything. */
export async function unpin(repo: Repo, id: string, op: string): Promise<void> {
  const refs = await listRefs(repo.git, [`refs/wt/trash/${id}/${op}/`]);
  if (refs.length > 0)
    await changeRefs(
      repo.git,
      refs.map(({ name, commit }) => ({ kind: 'delete', ref: name, from: commit })),
      { shielded: true },
    );
}

/** The index as a commit: staged-only contents stay alive. Of an unmerged index every stage is kept, named by its number. */
async function commitIndex(
  repo: Repo,
  op: string,
  spec: { gitDir: string; parent: string | null },
): Promise<string | undefined> {
  const real = path.join(spec.gitDir, 'index');
  await makePrivateDirectory(repo.layout.cache);
  const copy = scratchIndexOf(repo, op);
  try {
    if (!(await copyIndex(real, copy))) return undefined;
    // A split index keeps its other half beside the real one (git-update-index(1) --split-index).
    const env = { GIT_INDEX_FILE: copy, GIT_DIR: spec.gitDir };
    const tree = (await snapshotIndex(repo.git, env)) ?? (await treeOfStages(repo.git, env));
    return await writeCommit(repo.git, {
      tree,
      parents: spec.parent === null ? [] : [spec.parent],
      message: `wt: index of ${op}`,
      env: KEEPER,
    });
  } finally {
    await removeFile(copy);
  }
}

async function treeOfStages(git: Git, env: { GIT_INDEX_FILE: string; GIT_DIR: string }): Promise<string> {
  const { stdout } = await git(['ls-files', '--stage', '-z'], { env });
  const entries = stdout.split('\0').filter((line) => line !== '' && !line.startsWith('160000'));
  const input = entries.map((line, i) => {
    const [mode = '', object = '', stage = ''] = line.slice(0, line.indexOf('\t')).split(' ');
    return `${mode} blob ${object}\t${String(i).padStart(7, '0')}.${stage}\0`;
  });
  return (await git(['mktree', '-z'], { input: input.join('') })).stdout.trim();
}

/** Renames a tree or an administrative folder into its trash entry; done already is fine. Fails closed: nothing is ever copied or unlinked. */
export async function moveToTrash(repo: Repo, op: string, part: 'tree' | 'admin', from: string): Promise<void> {
  const to = path.join(trashFolder(repo, op), part);
  if ((await lstatOf(from)) === undefined || (await lstatOf(to)) !== undefined) return;
  await makePrivateDirectory(trashFolder(repo, op));
  await moveDurably(from, to);
}

export async function writeTrashMeta(repo: Repo, meta: TrashMeta): Promise<void> {
  await makePrivateDirectory(trashFolder(repo, meta.op));
  await replaceFile(path.join(trashFolder(repo, meta.op), 'meta.json'), `${JSON.stringify(meta, null, 2)}\n`);
}

/** Sessions in the trash, newest first. An entry without a readable `meta.json` is passed over. */
export async function listTrash(repo: Repo): Promise<readonly TrashMeta[]> {
  const folders = (await listDirectory(repo.layout.trash)).filter((entry) => entry.isDirectory());
  const metas = await Promise.all(folders.map((entry) => readTrashMeta(repo, entry.name)));
  return metas.filter((meta) => meta !== undefined).toSorted((a, b) => b.at.localeCompare(a.at));
}

async function readTrashMeta(repo: Repo, op: string): Promise<TrashMeta | undefined> {
  const folder = trashFolder(repo, op);
  const text = await readText(path.join(folder, 'meta.json'));
  try {
    const meta = TrashMeta.parse(JSON.parse(text ?? ''));
    const parts = await Promise.all(['tree', 'admin'].map((part) => lstatOf(path.join(folder, part))));
    // Both moved back by hand: it is a session again. One that had neither folder left only its branch here.
    const isBack = parts.every((part) => part === undefined) && meta.admin !== null;
    return isBack ? undefined : meta;
  } catch {
    return undefined;
  }
}
