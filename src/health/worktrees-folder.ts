import path from 'node:path';
import { branchOf } from '../git/ref.ts';
import { lstatOf, listDirectory, realPathOf } from '../platform/files.ts';
import type { AdminEntry } from '../registry/notes.ts';
import { isSpareFolder } from '../sessions/spares/record.ts';
import type { Finding } from './finding.ts';
import { readHeadRef } from './heads.ts';
import { findPlace, readPointer, isScratchFolder, type Pointer } from './place.ts';
import { type Check, type Scene } from './scene.ts';

/** What lies in `.worktrees` beside the sessions' own folders. */
export const checkWorktreesFolder: Check = async (scene) => {
  const { repo, book } = scene;
  const folder = repo.layout.worktrees;
  const stats = await lstatOf(folder);
  if (stats === undefined || !stats.isDirectory()) return [];
  const owned = new Set<string>();
  for (const session of book.sessions.values()) {
    owned.add(session.path).add(path.join(folder, session.id));
    const place = session.pending === undefined ? await findPlace(scene, session) : undefined;
    if (place?.kind === 'parted') owned.add(place.path);
  }
  for (const entry of scene.journal.entries) if ('path' in entry) owned.add(entry.path);
  const others = (await listDirectory(folder)).filter(
    (entry) => entry.isDirectory() && !owned.has(path.join(folder, entry.name)),
  );
  const found = await Promise.all(others.map(({ name }) => checkOther(scene, path.join(folder, name))));
  return found.filter((finding) => finding !== undefined);
};

async function checkOther(scene: Scene, folder: string): Promise<Finding | undefined> {
  if (isSpareFolder(folder)) return undefined; // judged by itself
  if (isScratchFolder(folder)) return leftover(folder);
  const pointer = await readPointer(folder);
  const entry = await entryNamed(scene, pointer);
  if (entry === undefined) return orphan(folder, pointer);
  if (entry.path === scene.repo.layout.gate) return undefined;
  if (entry.path === folder) return unmanaged(folder, await readHeadRef(entry.directory));
  return copied(folder, entry);
}

async function entryNamed({ entries }: Scene, pointer: Pointer): Promise<AdminEntry | undefined> {
  if (pointer.kind !== 'names') return undefined;
  for (const entry of entries) if ((await realPathOf(entry.directory)) === pointer.gitDir) return entry;
  return undefined;
}

function unmanaged(folder: string, head: string | null | undefined): Finding {
  const isDetached = head === null;
  return {
    check: 'worktree.unmanaged',
    severity: 'info',
    session: null,
    message: `${folder} is a worktree${typeof head === 'string' ? ` on ${branchOf(head)}` : ''} and no session`,
    why: 'wt list shows it apart, and nothing of wt lands or removes it.',
    fix: isDetached
      ? {
          kind: 'command',
          argv: ['git', '-C', folder, 'switch', '-c', path.basename(folder)],
          does: 'gives it a branch; then wt adopt makes it a session',
        }
      : { kind: 'command', argv: ['wt', 'adopt', folder], does: 'makes it a session where it stands' },
  };
}

function copied(folder: string, entry: AdminEntry): Finding {
  const original = entry.note?.id ?? entry.path ?? entry.admin;
  return {
    check: 'folder.copied',
    severity: 'warning',
    session: entry.note?.id ?? null,
    message: `${folder} is a copy of the folder of ${original}`,
    why: `Git in the copy works on the branch and index of ${original}: a commit there makes the original look as if all of it was undone.`,
    fix: {
      kind: 'command',
      argv: ['mv', path.join(folder, '.git'), path.join(folder, '.git.copied')],
      does: 'makes the copy a plain folder; its files stay',
    },
  };
}

function orphan(folder: string, pointer: Pointer): Finding {
  const what =
    pointer.kind === 'repository'
      ? 'a repository of its own'
      : pointer.kind === 'names'
        ? `a worktree of ${pointer.gitDir}, which ${pointer.isThere ? 'is not of this repository' : 'is gone'}`
        : 'a folder that neither git nor wt knows';
  return {
    check: 'folder.orphan',
    severity: 'warning',
    session: null,
    message: `${folder} is ${what}`,
    why: 'No command of wt shows, lands or removes it, and a session of that name cannot be made. There may be work in it.',
    fix: { kind: 'command', argv: ['ls', '-la', folder], does: 'shows what it holds; move it out of .worktrees' },
  };
}

/** Nobody can tell whether it is wt's: another wt may be filling it, a killed one may have left it, a person may have put files there. */
function leftover(folder: string): Finding {
  return {
    check: 'folder.orphan',
    severity: 'warning',
    session: null,
    message: `${folder} looks like what is left of a killed "wt doctor --fix"`,
    why: 'wt brings the files of a session back in such a folder, and deletes none that it has not just made. Git may take it for that session.',
    fix: { kind: 'command', argv: ['ls', '-la', folder], does: 'shows what it holds; move it out of .worktrees' },
  };
}
