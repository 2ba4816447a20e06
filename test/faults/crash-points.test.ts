import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeRoom, type Room } from '../support/room.ts';
import {
  askWt,
  exists,
  filesBelow,
  findFaults,
  lines,
  registeredIds,
  runWt,
  startWt,
  untilGroupIsGone,
  type Exit,
} from '../support/spawn.ts';

// Kills a command before its k-th call that changes the file system, Node and every git child at once, then asks the
// next command to put things right. WT_CRASH_ALL=1 tries every point; without it some forty of each command.
const EVERY_POINT = process.env['WT_CRASH_ALL'] === '1';
const POINTS = 40;
const LANES = 2;
const MINUTES = EVERY_POINT ? 60 : 10;

const compiler = ['cc', 'gcc', 'clang'].find((name) => spawnSync(name, ['--version']).status === 0);
const cannot =
  process.platform !== 'linux'
    ? ' (skipped: preloading a library this way is for Linux)'
    : compiler === undefined
      ? ' (skipped: there is no C compiler here)'
      : '';

let library = '';
beforeAll(async () => {
  if (cannot !== '') return;
  const folder = await mkdtemp(path.join(tmpdir(), 'wt-crash-'));
  library = path.join(folder, 'crash.so');
  const source = path.resolve(import.meta.dirname, '../support/crash.c');
  execFileSync(compiler ?? 'cc', ['-shared', '-fPIC', '-O2', '-o', library, source, '-ldl']);
});
afterAll(async () => {
  if (library !== '') await rm(path.dirname(library), { recursive: true });
});

/** A repository at a fixed place that can be put back to how it was. */
interface Scene {
  readonly room: Room;
  readonly root: string;
  /** Contents that must be found afterwards, whatever happens. */
  readonly contents: readonly string[];
  readonly commits: readonly string[];
  reset(): void;
}

/** One command to kill, and what must be true of the repository afterwards. */
interface Case {
  readonly argv: readonly string[];
  prepare(room: Room, root: string): Promise<{ contents: readonly string[]; commits: readonly string[] }>;
  /** After the next command: what is wrong. */
  inspect(scene: Scene): Promise<readonly string[]>;
  /** After the killed command has been run again: what is wrong. */
  reached(scene: Scene, again: Exit): Promise<readonly string[]>;
}

const MAIN_FILES = { 'README.md': 'hello\n', 'src/a.txt': 'a\n', 'src/b.txt': 'b\n', '.gitignore': '.env\ncache/\n' };

async function makeScene(one: Case): Promise<Scene> {
  const room = await makeRoom();
  const root = await room.repo('app', MAIN_FILES);
  const prepared = await one.prepare(room, root);
  const pristine = path.join(room.dir, 'pristine');
  execFileSync('cp', ['-a', root, pristine]);
  const reset = (): void => {
    execFileSync('rm', ['-rf', root]);
    execFileSync('cp', ['-a', pristine, root]);
  };
  return { room, root, ...prepared, reset };
}

async function runCounted(
  scene: Scene,
  argv: readonly string[],
  at: number,
): Promise<{ exit: Exit; calls: readonly string[] }> {
  const counter = path.join(scene.room.dir, 'counter');
  const log = path.join(scene.room.dir, 'calls');
  await rm(counter, { force: true });
  await rm(log, { force: true });
  const env = { LD_PRELOAD: library, CRASH_COUNTER: counter, CRASH_LOG: log, CRASH_AT: String(at) };
  const child = startWt(scene.room, scene.root, argv, { env, group: true });
  const exit = await child.done;
  await untilGroupIsGone(child.pid);
  return { exit, calls: lines(await readFile(log, 'utf8').catch(() => '')) };
}

/** Kills at one point and gives what is wrong afterwards, with the calls before the kill. */
async function tryPoint(scene: Scene, one: Case, at: number): Promise<readonly string[]> {
  scene.reset();
  const { exit, calls } = await runCounted(scene, one.argv, at);
  const faults: string[] = [];
  if (exit.signal !== 'SIGKILL' && exit.code !== 0) faults.push(`the command itself failed: ${exit.stderr}`);
  const list = await runWt(scene.room, scene.root, ['list', '--json']);
  if (list.code !== 0) faults.push(`wt list exits with ${list.code}: ${list.stdout}${list.stderr}`);
  faults.push(
    ...(await findFaults(scene.room, scene.root)),
    ...(await findLosses(scene)),
    ...(await one.inspect(scene)),
  );
  const again = await runWt(scene.room, scene.root, one.argv);
  const after = [
    ...(await one.reached(scene, again)),
    ...(await findFaults(scene.room, scene.root)),
    ...(await findLosses(scene)),
  ].map((fault) => `when run again: ${fault}`);
  faults.push(...after);
  if (faults.length === 0) return [];
  const around = calls.slice(-4).map((line) => scene.room.seal(line));
  return [[`point ${at}:`, ...faults, 'recovery said: ' + list.stderr.trim(), ...around].join('\n  ')];
}

/** Contents and commits that were there and cannot be found any more: on disk, in the trash, or reachable in git. */
async function findLosses({ room, root, contents, commits }: Scene): Promise<readonly string[]> {
  const places = [path.join(root, '.worktrees'), path.join(root, '.git', 'wt', 'trash')];
  const onDisk = new Set<string>();
  for (const place of places)
    for (const name of await filesBelow(place)) onDisk.add(await readFile(path.join(place, name), 'utf8'));
  const known = new Set(lines(await room.git(root, 'rev-list', '--objects', '--all')).map((line) => line.slice(0, 40)));
  for (const tree of lines(await room.git(root, 'worktree', 'list', '--porcelain')).filter((line) =>
    line.startsWith('worktree '),
  )) {
    const folder = tree.slice('worktree '.length);
    if (!(await exists(folder))) continue;
    const indexed = await room.git(folder, 'rev-list', '--objects', '--indexed-objects', 'HEAD');
    for (const line of lines(indexed)) known.add(line.slice(0, 40));
  }
  const lost: string[] = commits.filter((commit) => !known.has(commit)).map((commit) => `commit ${commit} is lost`);
  for (const content of contents) {
    if (onDisk.has(content)) continue;
    const blob = execFileSync('git', ['hash-object', '--stdin'], { input: content, encoding: 'utf8' }).trim();
    if (!known.has(blob)) lost.push(`content ${JSON.stringify(content)} is lost`);
  }
  return lost;
}

async function statusOf({ room, root }: Pick<Scene, 'room' | 'root'>): Promise<string> {
  return room.git(root, 'status', '--porcelain');
}

async function expectNoPointToMatter(one: Case): Promise<void> {
  const scenes = await Promise.all(Array.from({ length: LANES }, () => makeScene(one)));
  const [first] = scenes;
  if (first === undefined) throw new Error('no scene');
  first.reset();
  const whole = await runCounted(first, one.argv, 0);
  expect({ code: whole.exit.code, stderr: whole.exit.stderr }).toEqual({ code: 0, stderr: '' });
  const total = whole.calls.length;
  expect(total).toBeGreaterThan(POINTS);
  const step = EVERY_POINT ? 1 : total / POINTS;
  const points = [...new Set(Array.from({ length: Math.ceil(total / step) }, (_, i) => Math.floor(i * step) + 1))];
  const failing: string[] = [];
  await Promise.all(
    scenes.map(async (scene) => {
      for (let at = points.shift(); at !== undefined; at = points.shift())
        failing.push(...(await tryPoint(scene, one, at)));
    }),
  );
  expect(failing.join('\n')).toBe('');
}

const create: Case = {
  argv: ['create', 'x', '--task', 'Do it'],
  async prepare(room, root) {
    await runWt(room, root, ['create', 'other']);
    await room.write(path.join(root, '.worktrees', 'other'), { 'notes.txt': 'in the other session\n' });
    await room.write(root, { 'draft.txt': 'draft in main\n' });
    return { contents: ['in the other session\n'], commits: [await room.git(root, 'rev-parse', 'HEAD')] };
  },
  async inspect({ room, root }) {
    const faults: string[] = [];
    const isThere = (await registeredIds(root)).includes('x');
    const has = async (what: string): Promise<boolean> =>
      (await room.git(root, 'for-each-ref', `refs/heads/${what}`)) !== '';
    if (isThere !== (await has('wt/x'))) faults.push(`registered ${isThere}, but the branch says otherwise`);
    if (isThere !== (await exists(path.join(root, '.worktrees', 'x'))))
      faults.push(`registered ${isThere}, but the folder says otherwise`);
    if ((await statusOf({ room, root })) !== '?? draft.txt') faults.push('main is no longer as it was');
    return faults;
  },
  async reached({ room, root }, again) {
    const isDone = again.code === 0 || (again.code === 4 && again.stderr.includes('session x exists already'));
    if (!isDone) return [`exit ${again.code}: ${again.stderr}`];
    const folder = path.join(root, '.worktrees', 'x');
    const status = await room.git(folder, 'status', '--porcelain');
    const files = (await filesBelow(folder)).filter((name) => name !== '.git');
    return [
      ...(status === '' ? [] : [`the session is not clean: ${status}`]),
      ...(files.join() === Object.keys(MAIN_FILES).toSorted().join() ? [] : [`the session has ${files.join()}`]),
    ];
  },
};

const remove: Case = {
  argv: ['remove', 'x', '--force'],
  async prepare(room, root) {
    await runWt(room, root, ['create', 'x']);
    const folder = path.join(root, '.worktrees', 'x');
    await room.write(folder, { 'unlanded.txt': 'committed, not landed\n' });
    await room.git(folder, 'add', '-A');
    await room.git(folder, 'commit', '-qm', 'unlanded');
    const tip = await room.git(folder, 'rev-parse', 'HEAD');
    await room.write(folder, { 'staged.txt': 'staged only\n' });
    await room.git(folder, 'add', 'staged.txt');
    await room.write(folder, {
      'staged.txt': 'edited after it was staged\n',
      'src/a.txt': 'modified\n',
      'new.txt': 'untracked\n',
      '.env': 'SECRET=ignored\n',
    });
    const contents = [
      'committed, not landed\n',
      'staged only\n',
      'edited after it was staged\n',
      'modified\n',
      'untracked\n',
      'SECRET=ignored\n',
    ];
    return { contents, commits: [tip] };
  },
  async inspect({ room, root, commits }) {
    const faults: string[] = [];
    const isThere = (await registeredIds(root)).includes('x');
    if (isThere) {
      const status = await room.git(path.join(root, '.worktrees', 'x'), 'status', '--porcelain');
      const expected = ' M src/a.txt\nAM staged.txt\n?? new.txt';
      if (status !== expected) faults.push(`the session's status is ${status}`);
      if ((await room.git(root, 'rev-parse', 'refs/heads/wt/x')) !== commits[0]) faults.push('its branch has moved');
    } else if (await exists(path.join(root, '.worktrees', 'x'))) faults.push('its folder is still there');
    if ((await statusOf({ room, root })) !== '') faults.push('main is no longer as it was');
    return faults;
  },
  async reached({ room, root }, again) {
    const isDone = again.code === 0 || (again.code === 3 && again.stderr.includes('there is no session'));
    if (!isDone) return [`exit ${again.code}: ${again.stderr}`];
    const { removed } = await askWt<{ removed: readonly { id: string }[] }>(room, root, ['list', '--all']);
    return [
      ...((await registeredIds(root)).length === 0 ? [] : ['it is still registered']),
      ...(removed.map(({ id }) => id).join() === 'x'
        ? []
        : [`the trash lists [${removed.map(({ id }) => id).join()}]`]),
      ...((await room.git(root, 'for-each-ref', 'refs/heads/wt/')) === '' ? [] : ['its branch is still there']),
    ];
  },
};

const merge: Case = {
  argv: ['merge', 'x', '--yes'],
  async prepare(room, root) {
    await runWt(room, root, ['create', 'x', '--task', 'Land it']);
    const folder = path.join(root, '.worktrees', 'x');
    await room.write(folder, {
      'src/a.txt': 'a, changed in the session\n',
      'src/deep/new.txt': 'new in the session\n',
    });
    await rm(path.join(folder, 'src/b.txt'));
    await room.git(folder, 'add', '-A');
    await room.git(folder, 'commit', '-qm', 'work');
    const tip = await room.git(folder, 'rev-parse', 'HEAD');
    await room.write(root, { 'main.txt': 'meanwhile in main\n' });
    await room.git(root, 'add', '-A');
    await room.git(root, 'commit', '-qm', 'meanwhile');
    const base = await room.git(root, 'rev-parse', 'HEAD');
    await room.write(root, { 'README.md': 'hello, edited and not committed\n', 'draft.txt': 'draft in main\n' });
    return { contents: ['a, changed in the session\n', 'new in the session\n'], commits: [tip, base] };
  },
  async inspect({ room, root, commits }) {
    const faults: string[] = [];
    const status = await statusOf({ room, root });
    if (status !== ' M README.md\n?? draft.txt') faults.push(`the status of main is ${JSON.stringify(status)}`);
    if ((await readFile(path.join(root, 'README.md'), 'utf8')) !== 'hello, edited and not committed\n')
      faults.push('an unrelated edit in main is gone');
    const [tip, base] = commits;
    const head = await room.git(root, 'rev-parse', 'HEAD');
    const parents = head === base ? undefined : await room.git(root, 'log', '-1', '--format=%P', 'refs/heads/main');
    if (parents !== undefined && parents !== `${base} ${tip}`) faults.push(`main is at ${head}, of ${parents}`);
    if ((await room.git(root, 'symbolic-ref', 'HEAD')) !== 'refs/heads/main') faults.push('main is not checked out');
    return faults;
  },
  async reached(scene, again) {
    if (again.code !== 0) return [`exit ${again.code}: ${again.stderr}`];
    const { room, root, commits } = scene;
    const parents = await room.git(root, 'log', '-1', '--format=%P', 'refs/heads/main');
    const merges = await room.git(root, 'rev-list', '--merges', '--count', 'refs/heads/main');
    return [
      ...(parents === `${commits[1]} ${commits[0]}` ? [] : [`main is of ${parents}`]),
      ...(merges === '1' ? [] : [`it landed ${merges} times`]),
      ...(await merge.inspect(scene)),
    ];
  },
};

describe.skipIf(cannot !== '')(`a command killed before any call that changes a file${cannot}`, () => {
  test(
    'create is complete or undone by the next command, and reaches its goal when it is run again',
    { timeout: MINUTES * 60_000 },
    () => expectNoPointToMatter(create),
  );
  test(
    'remove --force loses no byte and no commit, and reaches its goal when it is run again',
    { timeout: MINUTES * 60_000 },
    () => expectNoPointToMatter(remove),
  );
  test(
    'merge leaves main as it was or landed, and reaches its goal when it is run again',
    { timeout: MINUTES * 60_000 },
    () => expectNoPointToMatter(merge),
  );
});
