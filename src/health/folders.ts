import { randomUUID } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { findRef, refOfBranch } from '../git/ref.ts';
import {
  discardOwnTree,
  lstatOf,
  makeDirectory,
  makePrivateDirectory,
  moveDurably,
  replaceFile,
} from '../platform/files.ts';
import { noteOf, writeNote } from '../registry/notes.ts';
import type { SessionRow } from '../registry/session.ts';
import type { Session } from '../sessions/book.ts';
import { isOwnLock, lockSession } from '../sessions/git-lock.ts';
import type { Held } from '../sessions/hold.ts';
import { sessionPath } from '../sessions/layout.ts';
import { loadNamingOrDefault, nameBranch } from '../sessions/naming.ts';
import { gitAtWorktree, type Repo } from '../sessions/repo.ts';
import type { Finding } from './finding.ts';
import { holderOf } from './heads.ts';
import { findAside, findPlace, joinPlace, newScratchFolder, type Place } from './place.ts';
import { restingSessions, type Check, type Scene } from './scene.ts';

/** Each session's folder: there, its own, and known to git. */
export const checkFolders: Check = async (scene) => {
  const found = await Promise.all(restingSessions(scene).map((session) => checkFolder(scene, session)));
  return found.filter((finding) => finding !== undefined);
};

async function checkFolder(scene: Scene, recorded: Session): Promise<Finding | undefined> {
  const session = await atHome(scene, recorded);
  const place = await findPlace(scene, session);
  switch (place.kind) {
    case 'ok':
      return undefined;
    case 'missing':
      return session.admin === undefined ? gone(session) : missing(scene, session);
    case 'parted':
      return parted(session, place.path);
    case 'unregistered':
      return unregistered(scene, session, place.name);
    case 'foreign':
      return foreign(session, place.what, await findAside(session.path));
    case 'taken':
      return taken(scene, session, place);
  }
}

/** The repository was moved and the folder did not come along: it belongs into the `.worktrees` that is here now. */
async function atHome({ repo }: Scene, session: Session): Promise<Session> {
  const parent = path.dirname(session.path);
  const isOldHome =
    path.basename(parent) === '.worktrees' && path.basename(session.path) === path.basename(homeOf(repo, session));
  if (!isOldHome || (await lstatOf(parent)) !== undefined) return session;
  return { ...session, path: homeOf(repo, session) };
}

function homeOf({ layout }: Repo, { id, home }: Session): string {
  return home ?? sessionPath(layout, id);
}

function missing({ repo }: Scene, session: Session): Finding {
  const { id, path: at, admin } = session;
  const shared = { check: 'folder.missing', session: id, message: `its folder is gone: ${at}` };
  const isElsewhere = at !== homeOf(repo, session);
  if (isElsewhere || !isOwnLock(admin?.locked ?? `wt ${id}:`, id))
    return {
      ...shared,
      severity: 'warning',
      why: isElsewhere
        ? 'It may lie on a disk that is not mounted; its commits and what was staged are safe in the repository.'
        : `Somebody has locked it in git (${admin?.locked ?? ''}), so it may only be away.`,
      fix: {
        kind: 'command',
        argv: ['wt', 'remove', id, '--force', '--keep-branch'],
        does: 'Mount the disk, or move the folder back. Only when it is really gone: this takes the session away, its branch stays.',
      },
    };
  return {
    ...shared,
    severity: 'error',
    why: 'Nothing can run in it. Committed and staged work is safe; edits that were not staged went with the folder.',
    fix: {
      kind: 'automatic',
      does: 'brings the files back from its own index, staged contents as they were',
      apply: ({ repo: held }) => bringBack(held, session),
    },
  };
}

/** Filled beside its place and renamed into it, so that a kill never leaves half of the files as if the rest were deleted. */
async function bringBack(repo: Repo, { id, path: at, admin, row }: Session): Promise<void> {
  if (admin === undefined) return;
  const scratch = newScratchFolder(repo, id);
  await makePrivateDirectory(repo.layout.worktrees);
  await mkdir(scratch); // fails if there is one: what is deleted below has been made here
  try {
    await replaceFile(path.join(scratch, '.git'), `gitdir: ${admin.directory}\n`, 0o644);
    const git = gitAtWorktree(repo, scratch);
    if ((await lstatOf(path.join(admin.directory, 'index'))) === undefined)
      await git(['read-tree', refOfBranch(row.branch)]);
    // Exit 1: entries in conflict have no one content to check out, the others have been.
    await git(['checkout-index', '--all', '--quiet'], { expect: [0, 1], timeoutMs: 600_000 });
    await moveDurably(scratch, at);
  } catch (error) {
    await discardOwnTree(scratch);
    throw error;
  }
  await joinPlace(admin, at);
  // Only the times the index remembers; without them every status reads all files again.
  await gitAtWorktree(repo, at)(['update-index', '-q', '--refresh'], { expect: [0, 1, 128] });
}

function gone({ id, row }: Session): Finding {
  return {
    check: 'session.gone',
    severity: 'warning',
    session: id,
    message: `neither its folder nor git's record of it is there, only its entry in sessions.json`,
    why: `It shows up in every list and nothing can run in it. Its branch ${row.branch} is not touched by that.`,
    fix: {
      kind: 'command',
      argv: ['wt', 'remove', id, '--force', '--keep-branch'],
      does: 'takes the entry away, the branch stays',
    },
  };
}

function parted({ id, path: at, admin }: Session, folder: string): Finding {
  const isMoved = folder !== at;
  return {
    check: 'folder.parted',
    severity: 'error',
    session: id,
    message: isMoved
      ? `its folder is ${folder}, and git looks for it in ${at}`
      : `its folder ${folder} and git do not name each other`,
    why: 'The repository or the folder was moved or copied. Until they name each other git takes the folder for gone, and "git worktree prune" would drop its index.',
    fix: {
      kind: 'automatic',
      does: 'writes the two pointers anew (.git of the folder, gitdir of its record); no other file',
      apply: async () => {
        if (admin !== undefined) await joinPlace(admin, folder);
      },
    },
  };
}

function foreign({ id, path: at }: Session, what: string, aside: string): Finding {
  return {
    check: 'folder.foreign',
    severity: 'error',
    session: id,
    message: `${what} lies where its folder should be: ${at}`,
    why: 'wt never touches what it did not make, so nothing can run in this session. Its commits and its index are safe.',
    fix: {
      kind: 'command',
      argv: ['mv', at, aside],
      does: 'moves it aside; then wt doctor --fix brings the session back',
    },
  };
}

/** Another git directory has it in use: it is never touched, nor is anybody told to. */
async function taken(
  { repo }: Scene,
  { id, path: at, admin }: Session,
  { gitDir, isCopied }: Extract<Place, { kind: 'taken' }>,
): Promise<Finding> {
  if (!isCopied || admin === undefined)
    return {
      check: 'folder.foreign',
      severity: 'error',
      session: id,
      message: `a folder that belongs to ${gitDir} lies where its folder should be: ${at}`,
      why: 'It is in use there, so nothing can run in this session. Its commits and its index are safe.',
      fix: {
        kind: 'by-hand',
        does: `leave it to whose it is; once they have moved it (git worktree move), wt doctor --fix brings the session back`,
      },
    };
  return {
    check: 'worktree.copied',
    severity: 'warning',
    session: id,
    message: `git's record of it is a copy: its folder ${at} belongs to ${gitDir}`,
    why: `This .git was copied without the folders of its sessions. The session lives in the repository of ${gitDir}; nothing can run in it from here.`,
    fix: {
      kind: 'command',
      argv: ['mv', admin.directory, await findAside(path.join(repo.commonDir, `worktree-${admin.admin}`))],
      does: 'puts the copied record aside, with its index and log; the folder and whose it is are not touched, the branch stays',
    },
  };
}

async function unregistered(scene: Scene, session: Session, name: string): Promise<Finding> {
  const { repo } = scene;
  const { id, row, path: at } = session;
  const shared = {
    check: 'folder.unregistered',
    severity: 'error' as const,
    session: id,
    message: `git has no record of its folder any more: ${at}`,
    why: 'No git command works in it. The files are all there; what was only staged is no longer told from what was not.',
  };
  const branch = await findRef(repo.git, refOfBranch(row.branch));
  if (branch === undefined)
    return {
      ...shared,
      fix: {
        kind: 'command',
        argv: ['git', '-C', repo.root, 'branch', row.branch, row.base.commit],
        does: `makes its branch ${row.branch} again where the session was cut; then wt doctor --fix`,
      },
    };
  const holder = await holderOf(scene, refOfBranch(row.branch));
  const isReftable = (await lstatOf(path.join(repo.commonDir, 'reftable'))) !== undefined;
  if (holder !== undefined || isReftable)
    return {
      ...shared,
      fix:
        holder === undefined
          ? {
              kind: 'by-hand',
              does: 'wt cannot write a record for a repository with reftable: make a new session on its branch and copy the files over',
            }
          : {
              kind: 'command',
              argv: ['git', '-C', holder, 'switch', '--detach'],
              does: `sets its branch ${row.branch} free, which is checked out there; then wt doctor --fix`,
            },
    };
  return {
    ...shared,
    fix: {
      kind: 'automatic',
      does: `makes a new record on branch ${row.branch}; no file in the folder is touched, what differs from the branch shows up as changes`,
      apply: (held) => register(held, session, { name, commit: branch.commit }),
    },
  };
}

/** What the template of this repository calls the branch of such a session. */
async function branchNameOf(repo: Repo, { id, base, task, createdAt }: SessionRow): Promise<string> {
  const facts = { id, base: base.branch ?? base.commit, task, createdAt };
  return nameBranch(repo, await loadNamingOrDefault(repo), facts);
}

/** Built aside and renamed into its place, so that a kill leaves no half-made record. */
async function register(
  { repo }: Held,
  { id, row, path: at }: Session,
  { name, commit }: { name: string; commit: string },
): Promise<void> {
  const parent = path.join(repo.commonDir, 'worktrees');
  const made = path.join(repo.layout.cache, `index-${randomUUID()}`);
  await makePrivateDirectory(repo.layout.cache);
  await makeDirectory(made);
  await makeDirectory(parent);
  let free = name;
  for (let n = 1; (await lstatOf(path.join(parent, free))) !== undefined; n++) free = `${name}${n}`;
  const directory = path.join(parent, free);
  try {
    await repo.git(['read-tree', commit], { env: { GIT_INDEX_FILE: path.join(made, 'index') } });
    await replaceFile(path.join(made, 'gitdir'), `${path.join(at, '.git')}\n`, 0o644);
    await replaceFile(path.join(made, 'commondir'), '../..\n', 0o644);
    await replaceFile(path.join(made, 'HEAD'), `ref: ${refOfBranch(row.branch)}\n`, 0o644);
    // The row is from a file that anybody edits: only a branch of wt's own naming goes with the session.
    const isOwnName = row.branch === (await branchNameOf(repo, row));
    await writeNote(made, { ...noteOf(row), ownsBranch: row.ownsBranch && isOwnName });
    await lockSession(made, id);
    await moveDurably(made, directory);
  } catch (error) {
    await discardOwnTree(made);
    throw error;
  }
  await replaceFile(path.join(at, '.git'), `gitdir: ${directory}\n`, 0o644);
}
