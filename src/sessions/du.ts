import path from 'node:path';
import type { Cleanable } from '../core/errors.ts';
import { mapLimit } from '../core/pool.ts';
import { readStatus } from '../git/status.ts';
import { treeSize, type Counted, type TreeSize } from '../platform/disk.ts';
import { readBook, type Session } from './book.ts';
import { listCleanable } from './cleanable.ts';
import { trashLimits } from './expire.ts';
import { gitAtWorktree, type Repo } from './repo.ts';
import { regenerableFolders } from './safety.ts';
import { requireSession } from './select.ts';
import { listTrash } from './trash.ts';
import { listSpares } from './spares/record.ts';
import { checkTree } from './worktree.ts';
import { byText } from '../core/text.ts';

/** What a session takes on disk, in blocks. */
export interface SessionUse {
  readonly id: string;
  readonly path: string;
  /** All of it. */
  readonly bytes: number;
  /** Its files, without those that a build makes again. */
  readonly worktreeBytes: number;
  /** Ignored folders of the names in `trash.regenerable`. */
  readonly regenerableBytes: number;
  /** git's own record of the worktree: its index, its logs, its submodules. */
  readonly gitBytes: number;
  readonly files: number;
}

export interface DuOutcome {
  /** Largest first. */
  readonly sessions: readonly SessionUse[];
  /** What is no session's; only when no session was named. */
  readonly rest: Rest | undefined;
  /** Sessions and the rest. */
  readonly bytes: number;
}

interface Rest {
  readonly trash: { readonly bytes: number; readonly entries: number };
  readonly cacheBytes: number;
  readonly logsBytes: number;
  /** The hidden worktree in which merges are tested. */
  readonly gateBytes: number;
  /** Worktrees that are kept ready for the next sessions. */
  readonly sparesBytes: number;
  /** Sessions that `wt clean` would move into the trash now. */
  readonly cleanable: Cleanable;
}

const NOTHING: TreeSize = { bytes: 0, files: 0 };
const STATUS_AT_ONCE = 4;

/**
 * Measures sessions, the trash and wt's own records. A file with several names counts once, for the oldest session that has it;
 * links are not followed, and nothing is entered that is mounted there.
 */
export async function measureUse(repo: Repo, ids: readonly string[]): Promise<DuOutcome> {
  const book = await readBook(repo);
  const all = [...book.sessions.values()];
  const named: Session[] = [];
  for (const id of ids) named.push(await requireSession(repo, book, id));
  const chosen = ids.length === 0 ? all : all.filter((session) => named.some(({ id }) => id === session.id));
  const { regenerable } = await trashLimits(repo);
  const folders = await mapLimit(chosen, STATUS_AT_ONCE, (session) => listRegenerable(repo, session, regenerable));
  const counted: Counted = new Set();
  const uses: SessionUse[] = [];
  // One after the other, so that it does not depend on chance whom a shared file counts for.
  for (const [i, session] of chosen.entries())
    uses.push(await measureSession(session, { all, folders: folders[i] ?? [], counted }));
  const sessions = uses.toSorted((a, b) => b.bytes - a.bytes || byText(a.id, b.id));
  const rest = ids.length === 0 ? await measureRest(repo, uses, counted) : undefined;
  const others =
    rest === undefined ? 0 : rest.trash.bytes + rest.cacheBytes + rest.logsBytes + rest.gateBytes + rest.sparesBytes;
  return { sessions, rest, bytes: sessions.reduce((sum, { bytes }) => sum + bytes, others) };
}

/** Ignored folders of a session that a build makes again; none where git cannot tell. */
async function listRegenerable(repo: Repo, session: Session, names: ReadonlySet<string>): Promise<readonly string[]> {
  if ((await checkTree(session)) !== 'ok') return [];
  const status = await readStatus(gitAtWorktree(repo, session.path), { ignored: true }).catch(() => undefined);
  return regenerableFolders(status?.ignored ?? [], names);
}

async function measureSession(
  { id, path: top, admin }: Session,
  { all, folders, counted }: { all: readonly Session[]; folders: readonly string[]; counted: Counted },
): Promise<SessionUse> {
  const regenerable = { bytes: 0, files: 0 };
  // A session that lies in this one's folder is counted for itself.
  const inner = all.filter((other) => other.path.startsWith(`${top}${path.sep}`));
  const asOwn = new Map([
    ...folders.map((name) => [path.join(top, name).replace(/\/$/, ''), regenerable] as const),
    ...inner.map((other) => [other.path, undefined] as const),
  ]);
  const tree = (await treeSize(top, { counted, asOwn })) ?? NOTHING;
  const git = admin === undefined ? NOTHING : ((await treeSize(admin.directory, { counted })) ?? NOTHING);
  return {
    id,
    path: top,
    bytes: tree.bytes + regenerable.bytes + git.bytes,
    worktreeBytes: tree.bytes,
    regenerableBytes: regenerable.bytes,
    gitBytes: git.bytes,
    files: tree.files + regenerable.files,
  };
}

async function measureRest(repo: Repo, uses: readonly SessionUse[], counted: Counted): Promise<Rest> {
  const { layout } = repo;
  const sizes: number[] = [];
  for (const place of [layout.trash, layout.cache, path.dirname(layout.operations), layout.gate])
    sizes.push((await treeSize(place, { counted }))?.bytes ?? 0);
  const [trash = 0, cacheBytes = 0, logsBytes = 0, gateBytes = 0] = sizes;
  let sparesBytes = 0;
  for (const { tree, admin } of await listSpares(layout))
    for (const place of [tree, admin]) sparesBytes += (await treeSize(place, { counted }))?.bytes ?? 0;
  const ids = await listCleanable(repo);
  const bytes = uses.reduce((sum, use) => sum + (ids.includes(use.id) ? use.bytes : 0), 0);
  return {
    trash: { bytes: trash, entries: (await listTrash(repo)).length },
    cacheBytes,
    logsBytes,
    gateBytes,
    sparesBytes,
    cleanable: { ids, bytes },
  };
}
