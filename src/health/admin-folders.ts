import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { refOfBranch } from '../git/ref.ts';
import { listDirectory, lstatOf, readText, replaceFile } from '../platform/files.ts';
import { listProcessesInside } from '../platform/processes.ts';
import type { AdminEntry } from '../registry/notes.ts';
import { moveToTrash } from '../sessions/trash.ts';
import type { Finding } from './finding.ts';
import { isGitAtWork } from './quiet.ts';
import type { Check, Scene } from './scene.ts';

const YOUNG_MS = 60_000;
const MUST_HAVE = ['commondir', 'gitdir', 'HEAD'] as const;
type Part = (typeof MUST_HAVE)[number];

/**
 * Administrative folders that a killed `git worktree add` left half-made, or that lost a file. Read from the file system,
 * since one without `commondir` breaks `git worktree list` and whatever counts on it.
 */
export const checkAdminFolders: Check = async (scene) => {
  const found = await Promise.all(scene.entries.map((entry) => checkEntry(scene, entry)));
  return found.filter((finding) => finding !== undefined);
};

async function checkEntry(scene: Scene, entry: AdminEntry): Promise<Finding | undefined> {
  if (isUnderWay(scene, entry)) return undefined;
  const broken = await findBroken(entry.directory);
  const isLivedIn = entry.note !== undefined || (await lstatOf(path.join(entry.directory, 'index'))) !== undefined;
  if (broken.length === 0) return stuck(scene, entry);
  return isLivedIn ? damaged(entry, broken) : halfMade(scene, entry, broken);
}

/** A create of wt is just making it, or died over it: then its recovery knows best. */
function isUnderWay({ journal }: Scene, { admin, locked }: AdminEntry): boolean {
  return journal.entries.some(
    (entry) => entry.kind === 'create' && (entry.id === admin || locked === `wt:${entry.op}`),
  );
}

async function findBroken(directory: string): Promise<readonly Part[]> {
  const texts = await Promise.all(MUST_HAVE.map((name) => readText(path.join(directory, name)).catch(() => '')));
  return MUST_HAVE.filter((name, i) => {
    const text = texts[i]?.trim() ?? '';
    return text === '' || (name === 'HEAD' && /^0+$/.test(text));
  });
}

async function halfMade(
  { repo, nowMs }: Scene,
  { admin, directory, path: tree }: AdminEntry,
  broken: readonly Part[],
): Promise<Finding | undefined> {
  const ageMs = nowMs - (await newestIn(directory));
  const inside = await Promise.all([directory, ...(tree === undefined ? [] : [tree])].map(listProcessesInside));
  const isBusy = inside.flat().length > 0 || (await isGitAtWork(repo));
  if (ageMs < YOUNG_MS && isBusy) return undefined;
  const isSure = ageMs >= YOUNG_MS && !isBusy;
  return {
    check: 'worktree.half-made',
    severity: 'error',
    session: null,
    message: `git's record of a worktree, ${directory}, is half-made: no ${broken.join(', ')}`,
    why: 'A killed "git worktree add" left it. It can make every worktree command of this repository fail, and git has no command that takes it away.',
    fix: isSure
      ? {
          kind: 'automatic',
          does: 'moves that folder into the trash of wt; nothing was ever worked on in it',
          apply: async ({ repo: held }) => {
            const now = await findBroken(directory);
            if (now.length > 0) await moveToTrash(held, randomUUID(), 'admin', directory);
          },
        }
      : {
          kind: 'by-hand',
          does: isBusy
            ? `something is at work in the repository and may just be making ${admin}; look again when it is done`
            : `it is younger than a minute and may just be made; look again in a minute`,
        },
  };
}

async function newestIn(directory: string): Promise<number> {
  const places = [directory, ...(await listDirectory(directory)).map(({ name }) => path.join(directory, name))];
  const found = await Promise.all(places.map(lstatOf));
  return Math.max(0, ...found.map((stats) => stats?.mtimeMs ?? 0));
}

/** Somebody has worked there: what can be known is written again, in place. */
function damaged({ directory, note }: AdminEntry, broken: readonly Part[]): Finding | undefined {
  const known: readonly (readonly [Part, string])[] = [
    ['commondir', '../..\n'],
    ...(note === undefined ? [] : [['HEAD', `ref: ${refOfBranch(note.branch)}\n`] as const]),
  ];
  const mendable = known.filter(([name]) => broken.includes(name));
  const rest = broken.filter((name) => name !== 'gitdir' && !mendable.some(([other]) => other === name));
  if (mendable.length + rest.length === 0) return undefined; // gitdir alone: the check of folders knows better
  const shared = {
    check: 'worktree.damaged',
    severity: 'error' as const,
    session: note?.id ?? null,
    message: `git's record of its worktree, ${directory}, has no usable ${broken.join(', ')}`,
    why: 'No git command works in that worktree, and some fail in the whole repository.',
  };
  if (mendable.length === 0)
    return {
      ...shared,
      fix: {
        kind: 'by-hand',
        does: `write "ref: refs/heads/<its branch>" into ${path.join(directory, 'HEAD')}; its index is still there`,
      },
    };
  return {
    ...shared,
    fix: {
      kind: 'automatic',
      does: `writes ${mendable.map(([name]) => name).join(' and ')} again, as git would`,
      apply: async () => {
        for (const [name, text] of mendable) await replaceFile(path.join(directory, name), text, 0o644);
      },
    },
  };
}

/** Whole, but still under the lock that `git worktree add` takes while it works. */
async function stuck({ repo, nowMs }: Scene, entry: AdminEntry): Promise<Finding | undefined> {
  const { directory, locked, note, path: tree } = entry;
  if (locked !== 'initializing' || note !== undefined || tree === undefined) return undefined;
  if (nowMs - (await newestIn(directory)) < YOUNG_MS || (await isGitAtWork(repo, [tree]))) return undefined;
  return {
    check: 'worktree.initializing',
    severity: 'warning',
    session: null,
    message: `the worktree ${tree} is still locked as "initializing"`,
    why: 'A killed "git worktree add" left the lock; git refuses to remove or move the worktree. Files may be missing in it.',
    fix: {
      kind: 'command',
      argv: ['git', '-C', repo.root, 'worktree', 'unlock', tree],
      does: 'lifts the lock; then look at git status there',
    },
  };
}
