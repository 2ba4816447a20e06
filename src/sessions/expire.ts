import path from 'node:path';
import { randomUUID } from 'node:crypto';
import type { SessionId } from '../core/names.ts';
import { isoFromMs, msOf } from '../core/time.ts';
import { listRefs } from '../git/ref.ts';
import { loadPersonalConfig } from '../config/load.ts';
import { listDirectory, lstatOf, makePrivateDirectory, moveDurably, realPathOf } from '../platform/files.ts';
import { sizeOf } from '../platform/disk.ts';
import { listMountsInside } from '../platform/processes.ts';
import { listCalls } from '../registry/operations.ts';
import { expireEntry, PURGE, setAside } from './expire-steps.ts';
import { hold, type Held } from './hold.ts';
import { unpinEntries } from './pins.ts';
import type { Repo } from './repo.ts';
import { regenerableFolders } from './safety.ts';
import { readTrashMeta, trashFolder, writeTrashMeta, type TrashMeta } from './trash.ts';

/** How much may lie in the trash, and for how long. */
export interface TrashLimits {
  readonly keepMs: number;
  readonly maxBytes: number;
  readonly regenerable: ReadonlySet<string>;
}

/** One folder of the trash. Without `meta` it holds what was kept of something else than a session. */
export interface TrashItem {
  readonly op: string;
  readonly meta: TrashMeta | undefined;
  readonly at: string;
  readonly sizeBytes: number;
  /** Ignored folders in it that a build makes again, by their path in the session. */
  readonly regenerable: readonly { readonly path: string; readonly sizeBytes: number }[];
}

export interface Expired {
  readonly item: TrashItem;
  readonly reason: 'age' | 'size';
}
export interface Thinned {
  readonly item: TrashItem;
  readonly paths: readonly string[];
  readonly freedBytes: number;
}
export interface ExpiryPlan {
  readonly expired: readonly Expired[];
  readonly thinned: readonly Thinned[];
}

const UNTOUCHABLE_MS = 24 * 3_600_000;

/**
 * Decide. What is too old goes. When the rest is too large, folders that a build makes again go first, oldest entries
 * first; then whole entries, oldest first, but never one of the last day. Pure.
 */
export function planExpiry(items: readonly TrashItem[], limits: TrashLimits, nowMs: number): ExpiryPlan {
  const ageOf = ({ at }: TrashItem): number => nowMs - msOf(at);
  const old = items.filter((item) => ageOf(item) > limits.keepMs);
  const rest = items.filter((item) => !old.includes(item)).toSorted((a, b) => msOf(a.at) - msOf(b.at));
  let over = rest.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0) - limits.maxBytes;
  const thinned: Thinned[] = [];
  for (const item of rest) {
    if (over <= 0 || item.regenerable.length === 0) continue;
    const freedBytes = item.regenerable.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    thinned.push({ item, paths: item.regenerable.map(({ path: name }) => name), freedBytes });
    over -= freedBytes;
  }
  const large: TrashItem[] = [];
  for (const item of rest) {
    if (over <= 0 || ageOf(item) < UNTOUCHABLE_MS) continue;
    large.push(item);
    over -= item.sizeBytes - (thinned.find((one) => one.item === item)?.freedBytes ?? 0);
  }
  return {
    expired: [
      ...old.map((item) => ({ item, reason: 'age' as const })),
      ...large.map((item) => ({ item, reason: 'size' as const })),
    ],
    thinned: thinned.filter(({ item }) => !large.includes(item)),
  };
}

export async function trashLimits(repo: Repo): Promise<TrashLimits> {
  const { trash } = await loadPersonalConfig(repo.deps.env);
  return { keepMs: trash.keep, maxBytes: trash.maxSize, regenerable: new Set(trash.regenerable) };
}

/** Until when an entry is kept by its age. */
export function keptUntil(at: string, { keepMs }: TrashLimits): string {
  return isoFromMs(msOf(at) + keepMs);
}

/** Everything in the trash, measured. */
export async function gatherTrash(repo: Repo, limits: TrashLimits): Promise<readonly TrashItem[]> {
  const folders = (await listDirectory(repo.layout.trash)).filter(
    (entry) => entry.isDirectory() && !entry.name.startsWith(PURGE),
  );
  return Promise.all(folders.map(({ name }) => measureItem(repo, name, limits)));
}

async function measureItem(repo: Repo, op: string, { regenerable }: TrashLimits): Promise<TrashItem> {
  const folder = trashFolder(repo, op);
  const [meta, stats, size] = await Promise.all([readTrashMeta(repo, op), lstatOf(folder), sizeOf(folder)]);
  const names = regenerableFolders(meta?.regenerable ?? [], regenerable).filter((name) => isInside(name));
  const sizes = await Promise.all(names.map((name) => sizeOf(path.join(folder, 'tree', name))));
  return {
    op,
    meta,
    at: meta?.at ?? isoFromMs(stats?.mtimeMs ?? 0),
    sizeBytes: size ?? 0,
    regenerable: names.flatMap((name, i) => (sizes[i] === undefined ? [] : [{ path: name, sizeBytes: sizes[i] }])),
  };
}

/** A path of a file that anybody may have edited must not lead out of the session. */
function isInside(name: string): boolean {
  return !path.isAbsolute(name) && !name.split('/').includes('..');
}

/** Under the lock what is due is renamed aside, at once; deleting it is the work of a process of its own, in the background. */
export async function expireTrash(repo: Repo, limits: TrashLimits, dryRun: boolean): Promise<ExpiryPlan> {
  const decide = async (): Promise<ExpiryPlan> =>
    planExpiry(await gatherTrash(repo, limits), limits, repo.deps.clock.now().getTime());
  const planned = await decide();
  if (dryRun) return planned;
  const expired: Expired[] = [];
  const thinned: Thinned[] = [];
  const rewound = await listOldRewound(repo, limits);
  if (planned.expired.length + planned.thinned.length + rewound.length > 0)
    await hold(repo, async (held) => {
      // Somebody may have brought one back since it was measured.
      for (const one of planned.expired) if (await expireItem(held, one.item)) expired.push(one);
      for (const one of planned.thinned) {
        const gone = await thinItem(held.repo, one);
        if (gone.paths.length > 0) thinned.push(gone);
      }
      for (const { id, op } of rewound) await expireEntry(held, id, op);
    });
  await purge(repo);
  return { expired, thinned };
}

/** False: it is not there any more, or may not be reached into. */
async function expireItem(held: Held, { op, meta }: TrashItem): Promise<boolean> {
  const folder = trashFolder(held.repo, op);
  if ((await lstatOf(folder)) === undefined || (await listMountsInside(folder)).length > 0) return false;
  if (meta === undefined) await setAside(held.repo, op);
  else await expireEntry(held, meta.id, op);
  return true;
}

/** What of it has really gone. */
async function thinItem(repo: Repo, { item, paths }: Thinned): Promise<Thinned> {
  const { op, meta } = item;
  const folder = trashFolder(repo, op);
  const gone: string[] = [];
  const result = (): Thinned => ({
    item,
    paths: gone,
    freedBytes: item.regenerable.reduce((sum, one) => sum + (gone.includes(one.path) ? one.sizeBytes : 0), 0),
  });
  if (meta === undefined || (await readTrashMeta(repo, op)) === undefined) return result();
  const aside = path.join(repo.layout.trash, `${PURGE}${randomUUID()}`);
  await makePrivateDirectory(aside);
  for (const name of paths) {
    const place = path.join(folder, 'tree', name).replace(/\/$/, '');
    if (!(await isPlainFolder(repo, op, place)) || (await holdsRepository(place))) continue;
    if ((await listMountsInside(place)).length > 0) continue;
    // A folder that may not be written to cannot be moved either; then it stays.
    const isMoved = await moveDurably(place, path.join(aside, String(gone.length))).then(
      () => true,
      () => false,
    );
    if (isMoved) gone.push(name);
  }
  if (gone.length > 0) await writeTrashMeta(repo, { ...meta, thinned: [...(meta.thinned ?? []), ...gone] });
  return result();
}

/** No link on the way to it: `meta.json` is a file that anybody may edit. */
async function isPlainFolder(repo: Repo, op: string, place: string): Promise<boolean> {
  const trash = await realPathOf(repo.layout.trash);
  const wanted = path.join(trash, op, path.relative(trashFolder(repo, op), place));
  return (await lstatOf(place))?.isDirectory() === true && (await realPathOf(place)) === wanted;
}

/** A repository in there may hold commits that are nowhere else. */
async function holdsRepository(folder: string): Promise<boolean> {
  const entries = await listDirectory(folder);
  if (entries.some(({ name }) => name === '.git')) return true;
  for (const entry of entries)
    if (entry.isDirectory() && (await holdsRepository(path.join(folder, entry.name)))) return true;
  return false;
}

/** Commits that `wt undo` took a branch back from, and indexes that `wt commit` passed over, by the same age. */
async function listOldRewound(
  repo: Repo,
  { keepMs }: TrashLimits,
): Promise<readonly { readonly id: SessionId; readonly op: string }[]> {
  const refs = await listRefs(repo.git, ['refs/wt/rewound/']);
  if (refs.length === 0) return [];
  const times = new Map(
    (await listCalls(repo.layout.operations)).flatMap(({ operations }) => operations.map(({ op, at }) => [op, at])),
  );
  const now = repo.deps.clock.now().getTime();
  return refs.flatMap(({ name }) => {
    const [id = '', op = ''] = name.slice('refs/wt/rewound/'.length).split('/');
    const at = times.get(op);
    return at !== undefined && now - msOf(at) > keepMs ? [{ id: id as SessionId, op }] : [];
  });
}

/** Also what an earlier purge did not come to the end of. */
async function purge(repo: Repo): Promise<void> {
  const names = (await listDirectory(repo.layout.trash))
    .map(({ name }) => name)
    .filter((name) => name.startsWith(PURGE));
  await unpinEntries(repo, new Set(names.map((name) => name.slice(PURGE.length))));
  for (const name of names) {
    const folder = path.join(repo.layout.trash, name);
    if ((await listMountsInside(folder)).length > 0) continue;
    repo.deps.detach({ file: 'nice', args: ['-n', '19', 'sh', '-c', DELETE, 'sh', folder], cwd: repo.layout.trash });
  }
}

/**
 * Folders without write permission, as some package caches make them, would stay for ever. Files keep their modes: other
 * places may have the same ones by hard links. Links are not followed, and no other file system is entered.
 */
const DELETE =
  'find "$1" -xdev -type d ! -perm -700 -exec chmod u+rwx {} \\; 2>/dev/null; find "$1" -xdev -delete 2>/dev/null';
