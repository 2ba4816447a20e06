import path from 'node:path';
import { excludeOnce } from '../git/ignore.ts';
import { spaceAt, type Space } from '../platform/disk.ts';
import { listDirectory, lstatOf, makePrivate, readSmallFile, readText, realPathOf } from '../platform/files.ts';
import { findProgram } from '../platform/program.ts';
import { EXCLUDE_LINE } from '../sessions/layout.ts';
import { isSpareAdmin } from '../sessions/spares/record.ts';
import type { Repo } from '../sessions/repo.ts';
import type { Finding } from './finding.ts';
import type { Check } from './scene.ts';

const GIGABYTE = 1_000_000_000;

/** Room on the disks of the sessions and of the repository. */
export const checkDisk: Check = async ({ repo }) => {
  const folders = [repo.root, repo.commonDir];
  const devices = await Promise.all(folders.map(async (folder) => (await lstatOf(folder))?.dev));
  const own = folders.filter((_, i) => devices.indexOf(devices[i]) === i);
  const found = await Promise.all(own.map(async (folder) => judgeSpace(folder, await spaceAt(folder))));
  return found.filter((finding) => finding !== undefined);
};

/** Under 1 GB, or under 2 % where that is less than 20 GB. Pure. */
export function judgeSpace(
  folder: string,
  space: Pick<Space, 'freeBytes' | 'totalBytes'> | undefined,
): Finding | undefined {
  if (space === undefined || space.totalBytes === 0) return undefined;
  const { freeBytes, totalBytes } = space;
  const isLow = freeBytes < GIGABYTE || (freeBytes < totalBytes * 0.02 && freeBytes < 20 * GIGABYTE);
  if (!isLow) return undefined;
  const share = ((freeBytes / totalBytes) * 100).toFixed(1);
  return {
    check: 'disk.low',
    severity: 'warning',
    session: null,
    message: `the disk of ${folder} is nearly full: ${Math.round(freeBytes / 1_000_000)} MB, ${share} % free`,
    why: 'A full disk stops agents and git in the middle of what they write.',
    fix: {
      kind: 'command',
      argv: ['wt', 'clean', '--dry-run'],
      does: 'shows which sessions could go; the trash takes room too',
    },
  };
}

/** git passes over `.worktrees` in the main worktree. */
export const checkExclude: Check = async ({ repo, book }) => {
  if (repo.isBare || book.sessions.size === 0) return [];
  const file = path.join(repo.commonDir, 'info', 'exclude');
  if (((await readText(file)) ?? '').split('\n').includes(EXCLUDE_LINE)) return [];
  return [
    {
      check: 'exclude.missing',
      severity: 'warning',
      session: null,
      message: `${EXCLUDE_LINE} is not in ${file}`,
      why: '"git add -A" in the main worktree takes the sessions in as submodules, and "git stash -u" takes sessions.json away.',
      fix: {
        kind: 'automatic',
        does: 'adds the line; no tracked file is edited',
        apply: ({ repo: held }) => excludeOnce(held.commonDir, EXCLUDE_LINE),
      },
    },
  ];
};

/** wt's own files are for their owner alone: tasks, and the files of removed sessions, are in them. */
export const checkPermissions: Check = async ({ repo }) => {
  const open: string[] = [];
  for (const place of await ownPlaces(repo)) {
    const stats = await lstatOf(place);
    if (stats !== undefined && (stats.isDirectory() || stats.isFile()) && (stats.mode & 0o077) !== 0) open.push(place);
  }
  const [first] = open;
  if (first === undefined) return [];
  return [
    {
      check: 'state.open',
      severity: 'warning',
      session: null,
      message: `other users may read or write ${first}${open.length === 1 ? '' : ` and ${open.length - 1} more of wt's own files`}`,
      why: 'Tasks, events and the contents of removed sessions are in them; who may write them decides what wt does.',
      fix: {
        kind: 'automatic',
        does: 'takes the permissions of group and others away (0700, 0600)',
        apply: async () => {
          for (const place of open) await makePrivate(place);
        },
      },
    },
  ];
};

/** The state folder, two levels down, and the registry; what lies inside a trash entry is a person's, and in a spare git's. */
async function ownPlaces({ layout }: Repo): Promise<readonly string[]> {
  const places = [layout.registry, layout.state];
  for (const entry of await listDirectory(layout.state)) {
    const place = path.join(layout.state, entry.name);
    if (isSpareAdmin(place)) continue;
    places.push(place);
    if (entry.isDirectory()) for (const { name } of await listDirectory(place)) places.push(path.join(place, name));
  }
  return places;
}

/** Whether typing "wt" starts this program. */
export const checkProgram: Check = async ({ repo: { deps } }) => {
  const first = await findProgram(deps.env, 'wt');
  if (first === undefined) return [];
  const [real, own] = await Promise.all([realPathOf(first), realPathOf(deps.program)]);
  if (real === own || (await startsOwn(real, own))) return [];
  return [
    {
      check: 'program.shadowed',
      severity: 'info',
      session: null,
      message: `"wt" on your PATH is ${first}, not this program (${own})`,
      why: 'Other programs are called wt too, worktrunk and Windows Terminal among them. Commands that wt proposes would start that one.',
      fix: { kind: 'by-hand', does: 'say "git wt" instead of "wt", or put the folder of this program first on PATH' },
    },
  ];
};

/** A small script that names this program, as version managers write. */
async function startsOwn(file: string, own: string): Promise<boolean> {
  const content = await readSmallFile(file, 64 * 1024);
  return (
    content !== undefined && 'text' in content && (content.text.includes(own) || content.text.includes('wt-sessions'))
  );
}
