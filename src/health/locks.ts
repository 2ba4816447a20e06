import path from 'node:path';
import { parseJson } from '../core/json.ts';
import { listDirectory, lstatOf, readText } from '../platform/files.ts';
import { livenessOf, parseOwner } from '../platform/identity.ts';
import type { Finding } from './finding.ts';
import { isGitAtWork } from './quiet.ts';
import type { Check, Scene } from './scene.ts';

const YOUNG_MS = 60_000;
const SETTLE_MS = 300;

/** Lock files of git's that no git seems to hold any more. They are somebody else's: never touched, only named. */
export const checkLocks: Check = async (scene) => {
  const files = await listLocks(scene);
  if (files.length === 0) return [];
  const places = scene.entries.flatMap((entry) => entry.path ?? []);
  const isAtWork =
    scene.journal.entries.some(({ owner }) => livenessOf(owner) === 'alive') || (await isGitAtWork(scene.repo, places));
  await scene.repo.deps.clock.sleep(SETTLE_MS); // what a quick command holds is given back by then
  const found = await Promise.all(files.map((file) => describe(scene, file, isAtWork)));
  return found.filter((finding) => finding !== undefined);
};

async function listLocks({ repo, entries }: Scene): Promise<readonly string[]> {
  const here = [repo.commonDir, ...entries.map(({ directory }) => directory)];
  const flat = await Promise.all(
    here.map(async (folder) =>
      (await listDirectory(folder))
        .filter((entry) => entry.isFile() && entry.name.endsWith('.lock'))
        .map(({ name }) => path.join(folder, name)),
    ),
  );
  const refs = await Promise.all(here.map((folder) => listBelow(path.join(folder, 'refs'))));
  return [...flat.flat(), ...refs.flat()];
}

async function listBelow(folder: string): Promise<readonly string[]> {
  const found: string[] = [];
  for (const entry of await listDirectory(folder)) {
    const place = path.join(folder, entry.name);
    if (entry.isDirectory()) found.push(...(await listBelow(place)));
    else if (entry.name.endsWith('.lock')) found.push(place);
  }
  return found;
}

async function describe({ nowMs, entries }: Scene, file: string, isAtWork: boolean): Promise<Finding | undefined> {
  const stats = await lstatOf(file);
  if (stats === undefined) return undefined; // given back meanwhile
  const ageMs = Math.max(0, nowMs - stats.mtimeMs);
  if (ageMs < YOUNG_MS && isAtWork) return undefined;
  return {
    check: 'git.lock',
    severity: 'warning',
    session: entries.find(({ directory }) => path.dirname(file) === directory)?.note?.id ?? null,
    message: `a lock of git's is left, ${ageOf(ageMs)} old: ${file}`,
    why: `Git refuses to change what it guards${isAtWork ? '; a git is at work in the repository and may hold it' : ', and no git is at work in the repository'}.`,
    fix: {
      kind: 'command',
      argv: ['rm', file],
      does: 'only when you are sure that no git, editor or tool is at work there',
    },
  };
}

function ageOf(ms: number): string {
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 1) return 'less than a minute';
  if (minutes < 120) return `${minutes} min`;
  return minutes < 2880 ? `${Math.floor(minutes / 60)} h` : `${Math.floor(minutes / 1440)} days`;
}

/** wt's own lock: a record that cannot be read is nobody's to pass over, so every command would wait for it. */
export const checkOwnLock: Check = async ({ repo, nowMs }) => {
  const { lock } = repo.layout;
  const names = new Set((await listDirectory(lock)).map(({ name }) => name));
  const highest = Math.max(0, ...[...names].flatMap((name) => Number(/^l\.(\d+)$/.exec(name)?.[1] ?? 0)));
  const file = path.join(lock, `l.${highest}`);
  if (highest === 0 || names.has(`d.${highest}`) || parseOwner(parseJson(await readText(file))) !== undefined)
    return [];
  const ageMs = nowMs - ((await lstatOf(file))?.mtimeMs ?? nowMs);
  if (ageMs < YOUNG_MS) return [];
  return [
    {
      check: 'lock.unreadable',
      severity: 'error',
      session: null,
      message: `the lock of wt is held by a record that cannot be read: ${file}`,
      why: 'Every command that changes something waits for it and gives up.',
      fix: {
        kind: 'command',
        argv: ['ln', file, path.join(lock, `d.${highest}`)],
        does: 'gives the lock back, once you are sure that no wt is at work',
      },
    },
  ];
};
