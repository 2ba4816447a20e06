import path from 'node:path';
import { mapLimit } from '../core/pool.ts';
import { hasLfs, isLfsPointer, listLfsFiles } from '../git/lfs.ts';
import { listDirectory, lstatOf } from '../platform/files.ts';
import type { Session } from '../sessions/book.ts';
import { gitAtWorktree, type Repo } from '../sessions/repo.ts';
import { checkTree } from '../sessions/worktree.ts';
import type { Finding } from './finding.ts';
import { restingSessions, type Check, type Scene } from './scene.ts';

const SHOWN = 3;
const AT_ONCE = 4;
const POINTERS_READ = 2000;

/** Submodules that a worktree has no files of: `git worktree add` never fetches them (gitsubmodules(7)). */
export const checkSubmodules: Check = async (scene) => {
  const sessions = await wholeSessions(scene);
  const found = await mapLimit(sessions, AT_ONCE, (session) => checkModules(scene.repo, session));
  return found.filter((finding) => finding !== undefined);
};

async function wholeSessions(scene: Scene): Promise<readonly Session[]> {
  const sessions = restingSessions(scene);
  const states = await Promise.all(sessions.map(checkTree));
  return sessions.filter((_, i) => states[i] === 'ok');
}

async function checkModules(repo: Repo, session: Session): Promise<Finding | undefined> {
  const { id, path: at } = session;
  if ((await lstatOf(path.join(at, '.gitmodules'))) === undefined) return undefined;
  const { stdout } = await gitAtWorktree(repo, at)(['ls-files', '--stage', '-z', '--', ':/']);
  const modules = stdout
    .split('\0')
    .filter((line) => line.startsWith('160000 '))
    .map((line) => line.slice(line.indexOf('\t') + 1));
  const empty: string[] = [];
  for (const name of modules) if ((await listDirectory(path.join(at, name))).length === 0) empty.push(name);
  if (empty.length === 0) return undefined;
  return {
    check: 'submodule.missing',
    severity: 'warning',
    session: id,
    message: `${listed(empty, 'submodule')} without files in it`,
    why: 'Git does not bring submodules along into a worktree; builds and tests that need them fail there.',
    fix: {
      kind: 'command',
      argv: ['wt', 'exec', id, '--', 'git', 'submodule', 'update', '--init'],
      does: 'fetches them there',
    },
  };
}

/** Files that Git LFS keeps: the program is there, and the worktrees have contents, not pointers. */
export const checkLfs: Check = async (scene) => {
  const sessions = await wholeSessions(scene);
  const tracked = await mapLimit(sessions, AT_ONCE, ({ path: at }) => listLfsFiles(gitAtWorktree(scene.repo, at)));
  if (tracked.every((names) => names.length === 0)) return [];
  if (!(await hasLfs(scene.repo.git))) return [lfsMissing(tracked.flat().length)];
  const found: Finding[] = [];
  for (const [i, session] of sessions.entries()) {
    const pointers: string[] = [];
    for (const name of (tracked[i] ?? []).slice(0, POINTERS_READ))
      if (await isLfsPointer(path.join(session.path, name))) pointers.push(name);
    if (pointers.length > 0) found.push(pointersLeft(session.id, pointers));
  }
  return found;
};

function lfsMissing(count: number): Finding {
  return {
    check: 'lfs.missing',
    severity: 'warning',
    session: null,
    message: `${count} files of the sessions are kept by Git LFS, and git-lfs is not installed`,
    why: 'They are checked out as short pointer files, and what is committed over them goes into git itself.',
    fix: { kind: 'by-hand', does: 'install git-lfs (https://git-lfs.com), then run "git lfs pull" in each session' },
  };
}

function pointersLeft(id: string, pointers: readonly string[]): Finding {
  return {
    check: 'lfs.pointers',
    severity: 'warning',
    session: id,
    message: `${listed(pointers, 'file')} of Git LFS still as pointers`,
    why: 'Programs there read a few lines of text instead of the contents.',
    fix: { kind: 'command', argv: ['wt', 'exec', id, '--', 'git', 'lfs', 'pull'], does: 'fetches the contents' },
  };
}

function listed(names: readonly string[], what: string): string {
  const more = names.length > SHOWN ? ` and ${names.length - SHOWN} more` : '';
  return `${names.length} ${what}${names.length === 1 ? '' : 's'} (${names.slice(0, SHOWN).join(', ')}${more})`;
}
