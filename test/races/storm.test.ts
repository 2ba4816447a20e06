import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { untilRoomIsQuiet } from '../support/kill.ts';
import { makeRoom, type Room } from '../support/room.ts';
import { SEED } from '../support/seed.ts';
import { exists, filesBelow, findFaults, lines, runWt, startWt, type Exit } from '../support/spawn.ts';

// Many processes with mixed verbs on one repository, undisturbed and killed at random moments. The choices follow a seed,
// which is printed; WT_SEED=<n> makes others.
const IDS = Array.from({ length: 10 }, (_, i) => `s${i + 1}`);

/** mulberry32. */
function makeRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

function pick<T>(random: () => number, list: readonly T[]): T {
  return list[Math.floor(random() * list.length)] as T;
}

function commandOf(random: () => number): readonly string[] {
  const id = pick(random, IDS);
  const commands = [
    ['create', id],
    ['commit', id, '-m', `work of ${id}`],
    ['list'],
    ['merge', id, '--yes'],
    ['merge', id, '--yes', '--remove'],
    ['remove', id, '--force'],
    ['restore', id],
    ['undo', id],
    ['clean'],
    ['show', id],
  ];
  return [...pick(random, commands), '--json'];
}

/** What a command may say beside others that change the same sessions. */
const TRUTHFUL = new Set([
  'session.not-found',
  'session.exists',
  'session.refused',
  'session.dirty',
  'session.unmerged',
  'session.live',
  'session.operation',
  'target.dirty',
  'branch.exists',
  'branch.checked-out',
  'path.exists',
  'base.not-found',
  'repo.not-found', // its folder went while it was looked at
  'merge.conflict',
  'registry.busy',
  'target.moved',
  'usage.invalid',
  'path.unsafe', // its folder has moved, its row not yet
]);

function untruth(exit: Exit, argv: readonly string[]): readonly string[] {
  if (exit.code === 0 || exit.signal === 'SIGKILL') return [];
  const said = /"code":"([^"]+)"/.exec(exit.stdout)?.[1] ?? '';
  return TRUTHFUL.has(said) ? [] : [`wt ${argv.join(' ')} exits with ${exit.code}: ${exit.stdout}${exit.stderr}`];
}

interface Storm {
  readonly room: Room;
  readonly root: string;
  /** Files that were written into sessions, by their content. */
  readonly written: Map<string, string>;
}

async function makeStorm(seed: number): Promise<Storm> {
  const room = await makeRoom();
  const root = await room.repo();
  const storm: Storm = { room, root, written: new Map() };
  for (const id of IDS.slice(0, 6)) await runWt(room, root, ['create', id]);
  await workEverywhere(storm, seed);
  return storm;
}

/** In every session a file that nobody else has. */
async function workEverywhere({ root, written }: Storm, round: number): Promise<void> {
  for (const id of IDS) {
    const folder = path.join(root, '.worktrees', id);
    if (!(await exists(path.join(folder, '.git')))) continue;
    const [name, text] = [`${id}-${round}.txt`, `${id} in round ${round}\n`];
    await writeFile(path.join(folder, name), text);
    written.set(text, name);
  }
}

/** What has been written must lie in a worktree or the trash, or in a commit or an index. */
async function findLost({ room, root, written }: Storm): Promise<readonly string[]> {
  const found = new Set<string>();
  for (const place of [path.join(root, '.worktrees'), path.join(root, '.git', 'wt', 'trash')])
    for (const name of await filesBelow(place)) found.add(path.basename(name));
  for (const line of lines(await room.git(root, 'rev-list', '--objects', '--all', '--indexed-objects')))
    found.add(path.basename(line.slice(41)));
  return [...written.values()].filter((name) => !found.has(name)).map((name) => `${name} is lost`);
}

async function expectCalm(storm: Storm): Promise<void> {
  const { room, root } = storm;
  await untilRoomIsQuiet(room);
  const { code, stdout } = await runWt(room, root, ['list', '--json']);
  expect({ code, stdout: code === 0 ? '' : stdout }).toEqual({ code: 0, stdout: '' });
  expect([...(await findFaults(room, root)), ...(await findLost(storm))]).toEqual([]);
  expect(await room.git(root, 'status', '--porcelain')).toBe('');
  expect(await readdir(path.join(root, '.git', 'wt', 'journal'))).toEqual([]);
}

test(`a hundred processes of mixed verbs at once lose nothing and say only what is true (seed ${SEED})`, async () => {
  const random = makeRandom(SEED);
  const storm = await makeStorm(SEED);
  const { room, root } = storm;
  const commits = lines(await room.git(root, 'rev-list', '--all'));
  const calls = Array.from({ length: 100 }, () => commandOf(random));
  const exits = await Promise.all(calls.map((argv) => runWt(room, root, argv)));
  expect(exits.flatMap((exit, i) => untruth(exit, calls[i] ?? []))).toEqual([]);
  const now = new Set(lines(await room.git(root, 'rev-list', '--all')));
  expect(commits.filter((commit) => !now.has(commit))).toEqual([]);
  await expectCalm(storm);
  const rows = await readFile(path.join(root, '.worktrees', 'sessions.json'), 'utf8');
  expect(Object.keys((JSON.parse(rows) as { sessions: object }).sessions).every((id) => IDS.includes(id))).toBe(true);
});

test(`processes that are killed at random moments leave nothing that the next command does not put right (seed ${SEED})`, async () => {
  const random = makeRandom(SEED + 1);
  const storm = await makeStorm(SEED);
  const { room, root } = storm;
  for (let round = 1; round <= 4; round++) {
    await workEverywhere(storm, SEED + round);
    const calls = Array.from({ length: 8 }, () => ({ argv: commandOf(random), ms: 60 + random() * 900 }));
    const exits = await Promise.all(
      calls.map(async ({ argv, ms }) => {
        const child = startWt(room, root, argv, { group: true });
        void sleep(ms).then(() => killGroup(child.pid));
        return child.done;
      }),
    );
    expect(exits.flatMap((exit, i) => untruth(exit, calls[i]?.argv ?? []))).toEqual([]);
    await expectCalm(storm);
  }
});

function killGroup(group: number): void {
  try {
    process.kill(-group, 'SIGKILL');
  } catch {
    // it has ended
  }
}
