import { execa } from 'execa';
import { lstat, mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { failure, listing, refs } from '../support/listing.ts';
import { makeBench, type Bench } from '../support/wt.ts';

interface Row {
  id: string;
  branch: string;
  path: string;
  base: { branch: string | null; commit: string };
  [field: string]: unknown;
}
interface Registry {
  version: number;
  revision: number;
  sessions: Record<string, Row>;
  [field: string]: unknown;
}

const fileOf = ({ root }: Bench): string => `${root}/.worktrees/sessions.json`;
const read = async (bench: Bench): Promise<Registry> => JSON.parse(await readFile(fileOf(bench), 'utf8')) as Registry;
const sessions = async (bench: Bench): Promise<Record<string, unknown>[]> =>
  (await bench.data<{ sessions: Record<string, unknown>[] }>('list', '--all')).sessions.toSorted((a, b) =>
    String(a['id']).localeCompare(String(b['id'])),
  );

/** Edits the registry by hand. */
async function edit(bench: Bench, change: (registry: Registry) => void): Promise<void> {
  const registry = await read(bench);
  change(registry);
  await writeFile(fileOf(bench), JSON.stringify(registry));
}

/** Two sessions with everything that can be told of one, and the registry's rows. */
async function makeSessions(): Promise<Bench & { rows: Registry['sessions'] }> {
  const bench = await makeBench();
  await bench.git('commit', '-q', '--allow-empty', '-m', 'second');
  await bench.wt('create', 'a', '--task', 'Task of a', '--agent', 'claude', '--base', 'HEAD~1', {
    now: '2026-01-02T03:04:05.006Z',
  });
  await bench.git('branch', 'mine');
  await bench.wt('create', 'b', '--branch', 'mine', { now: '2026-01-03T00:00:00.000Z' });
  return { ...bench, rows: (await read(bench)).sessions };
}

const DAMAGED: readonly (readonly [string, string | Buffer])[] = [
  ['empty', ''],
  ['a brace', '{'],
  ['a list', '[]'],
  ['null', 'null'],
  ['a number', '7'],
  ['bytes', Buffer.from([0xff, 0xfe, 0x00, 0x80])],
  ['cut in the middle', '{"version":1,"revision":3,"sessions":{"a":{"id":"a","bra'],
  ['an object of somebody else', '{"name":"x"}'],
  ['without sessions', '{"version":1,"revision":3}'],
  ['with a list of sessions', '{"version":1,"revision":3,"sessions":[]}'],
  ['of version 0', '{"version":0,"revision":3,"sessions":{}}'],
];

test.each(DAMAGED)('a registry that is %s is moved aside and every session comes back from git', async (_, content) => {
  const bench = await makeSessions();
  await writeFile(fileOf(bench), content);
  const { code, stderr } = await bench.wt('list');
  expect(code).toBe(0);
  expect(stderr).toContain('wt: rebuilt $ROOM/app/.worktrees/sessions.json');
  expect((await read(bench)).sessions).toEqual(bench.rows);
  const aside = (await readdir(`${bench.root}/.worktrees`)).filter((name) => name.startsWith('sessions.json.corrupt-'));
  expect(aside).toHaveLength(1);
  expect(await readFile(`${bench.root}/.worktrees/${aside[0]}`)).toEqual(Buffer.from(content));
  expect((await bench.wt('list')).stderr).toBe('');
});

test('a registry that was deleted is written again with ids, bases, times, tasks and agents', async () => {
  const bench = await makeSessions();
  await rm(fileOf(bench));
  expect(await sessions(bench)).toMatchObject([
    {
      id: 'a',
      branch: 'wt/a',
      createdAt: '2026-01-02T03:04:05.006Z',
      task: 'Task of a',
      agent: 'claude',
      base: bench.rows['a']?.base,
    },
    { id: 'b', branch: 'mine', createdAt: '2026-01-03T00:00:00.000Z', task: null, agent: null },
  ]);
  expect((await read(bench)).sessions).toEqual(bench.rows);
});

test('git clean -fdx takes the registry and wt brings it back', async () => {
  const bench = await makeSessions();
  await bench.git('clean', '-qfdx');
  expect((await bench.wt('list')).stdout.split('\n').filter(Boolean)).toHaveLength(2);
  expect((await read(bench)).sessions).toEqual(bench.rows);
});

test('a rebuilt session still knows that its branch was there before it', async () => {
  const bench = await makeSessions();
  await rm(fileOf(bench));
  await bench.wt('remove', 'b');
  expect(await bench.git('branch', '--list', 'mine')).toContain('mine');
});

test.each([
  ['a row is no object', (registry: Registry) => void (registry.sessions['a'] = 7 as never)],
  ['a row has no branch', (registry: Registry) => void delete (registry.sessions['a'] as Partial<Row>).branch],
  [
    'a row has a base of another shape',
    (registry: Registry) => void ((registry.sessions['a'] as Row).base = 'main' as never),
  ],
  ['a row has an id that is none', (registry: Registry) => void ((registry.sessions['a'] as Row).id = '../x')],
  [
    'a row stands under another id',
    (registry: Registry) => {
      registry.sessions['z'] = registry.sessions['a'] as Row;
      delete registry.sessions['a'];
    },
  ],
  ['a row was deleted', (registry: Registry) => void delete registry.sessions['a']],
])('when %s that session comes back from git and the other stays', async (_, change) => {
  const bench = await makeSessions();
  await edit(bench, change);
  expect((await bench.wt('list')).code).toBe(0);
  expect((await read(bench)).sessions).toEqual(bench.rows);
});

test.each([['/'], ['..'], ['$HOME'], [''], ['/etc/passwd']])('a path edited to %j is never followed', async (place) => {
  const bench = await makeSessions();
  await edit(bench, ({ sessions: { a } }) => void ((a as Row).path = place));
  expect((await sessions(bench)).find(({ id }) => id === 'a')).toMatchObject({ path: bench.at('a'), tree: 'ok' });
  expect((await bench.wt('path', 'a')).raw).toBe(`${bench.at('a')}\n`);
  await writeFile(`${bench.root}/precious`, 'x');
  const before = (await listing(bench.root)).filter((line) => !/^\.git|^\.worktrees/.test(line));
  expect((await bench.wt('remove', 'a', '--force')).code).toBe(0);
  expect((await listing(bench.root)).filter((line) => !/^\.git|^\.worktrees/.test(line))).toEqual(before);
  await expect(lstat(bench.at('a'))).rejects.toThrow('ENOENT');
});

test('a branch edited to main never costs main', async () => {
  const bench = await makeSessions();
  const main = await bench.git('rev-parse', 'main');
  await edit(bench, ({ sessions: { a } }) => void ((a as Row).branch = 'main'));
  expect((await bench.wt('list')).code).toBe(0);
  await bench.wt('remove', 'a', '--force');
  await bench.wt('clean', '--yes');
  expect(await bench.git('rev-parse', 'main')).toBe(main);
  expect(await bench.git('status', '--porcelain')).toBe('');
});

test.each([['__proto__'], ['constructor'], ['toString'], ['hasOwnProperty']])(
  'a row called %s is no way to reach into wt',
  async (id) => {
    const bench = await makeSessions();
    const text = (await readFile(fileOf(bench), 'utf8')).replace(
      '"sessions": {',
      `"sessions": {\n    "${id}": {"polluted": true},`,
    );
    await writeFile(fileOf(bench), text);
    expect((await bench.wt('list')).code).toBe(0);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
    expect((await bench.wt('show', id)).code).toBe(3);
    expect((await read(bench)).sessions).toEqual(bench.rows);
  },
);

test('of two rows with one id one is used and no session is lost', async () => {
  const bench = await makeSessions();
  const text = (await readFile(fileOf(bench), 'utf8')).replace(
    '"sessions": {',
    `"sessions": {\n    "a": ${JSON.stringify({ ...bench.rows['a'], task: 'twin' })},`,
  );
  await writeFile(fileOf(bench), text);
  expect((await sessions(bench)).map(({ id }) => id)).toEqual(['a', 'b']);
});

test('fields that this wt does not know survive a create, in the file and in its rows', async () => {
  const bench = await makeSessions();
  await edit(bench, (registry) => {
    registry['x-tool'] = { kept: [1, 2] };
    (registry.sessions['a'] as Row)['x-note'] = 'kept';
    ((registry.sessions['a'] as Row).base as Record<string, unknown>)['x-origin'] = 'kept';
  });
  expect((await bench.wt('create', 'c')).code).toBe(0);
  const after = await read(bench);
  expect(after['x-tool']).toEqual({ kept: [1, 2] });
  expect(after.sessions['a']).toMatchObject({ 'x-note': 'kept', base: { 'x-origin': 'kept' } });
  expect(Object.keys(after.sessions)).toEqual(['a', 'b', 'c']);
});

test('every write raises the revision', async () => {
  const bench = await makeSessions();
  const { revision } = await read(bench);
  await bench.wt('create', 'c');
  expect((await read(bench)).revision).toBeGreaterThan(revision);
});

test('a registry of a newer wt is refused and not written', async () => {
  const bench = await makeSessions();
  await edit(bench, (registry) => void (registry.version = 99));
  const before = await readFile(fileOf(bench));
  const known = await refs(bench);
  for (const argv of [['list'], ['create', 'c'], ['remove', 'a', '--force'], ['clean', '--yes'], ['commit', 'a']])
    expect(await failure(bench, ...argv)).toMatchObject({
      code: 'registry.too-new',
      exit: 4,
      changed: false,
      details: { found: 99 },
    });
  expect(await readFile(fileOf(bench))).toEqual(before);
  expect(await refs(bench)).toBe(known);
});

const PLANTED: readonly (readonly [string, (bench: Bench) => Promise<unknown>])[] = [
  [
    'a symbolic link',
    (bench) =>
      writeFile(`${bench.room.dir}/victim`, 'victim\n').then(() => symlink(`${bench.room.dir}/victim`, fileOf(bench))),
  ],
  ['a link to nothing', (bench) => symlink(`${bench.room.dir}/nowhere`, fileOf(bench))],
  ['a FIFO', (bench) => execa('mkfifo', [fileOf(bench)])],
  ['a directory', (bench) => mkdir(fileOf(bench))],
  ['a file of more than 4 MB', (bench) => writeFile(fileOf(bench), ' '.repeat(5 * 1024 * 1024))],
];

test.each(PLANTED)('%s in place of the registry is refused, and nothing is written through it', async (_, plant) => {
  const bench = await makeSessions();
  await rm(fileOf(bench));
  await plant(bench);
  const known = await refs(bench);
  const before = await lstat(fileOf(bench));
  for (const argv of [['list'], ['create', 'c'], ['remove', 'a', '--force'], ['clean', '--yes']])
    expect(await failure(bench, ...argv)).toMatchObject({ code: 'registry.damaged', exit: 4, changed: false });
  expect((await lstat(fileOf(bench))).ino).toBe(before.ino);
  expect(await readFile(`${bench.room.dir}/victim`, 'utf8').catch(() => 'victim\n')).toBe('victim\n');
  await expect(lstat(`${bench.room.dir}/nowhere`)).rejects.toThrow('ENOENT');
  expect(await refs(bench)).toBe(known);
  expect((await lstat(bench.at('a'))).isDirectory()).toBe(true);
});

test('a registry that came with a clone makes no session and no harm', async () => {
  const row = {
    id: 'evil',
    branch: 'main',
    base: { branch: 'main', commit: '0'.repeat(40) },
    path: '/',
    agent: null,
    task: null,
    createdAt: '2026-01-01T00:00:00.000Z',
    state: 'ready',
    ownsBranch: true,
  };
  const bench = await makeBench({
    f: 'x\n',
    '.worktrees/sessions.json': JSON.stringify({ version: 1, revision: 1, generation: 0, sessions: { evil: row } }),
  });
  const main = await bench.git('rev-parse', 'main');
  expect(await failure(bench, 'create', 'a')).toMatchObject({ code: 'path.unsafe', exit: 4 });
  await bench.wt('remove', 'evil', '--force');
  await bench.wt('clean', '--all', '--yes');
  expect(await bench.git('rev-parse', 'main')).toBe(main);
  expect(await readFile(`${bench.root}/f`, 'utf8')).toBe('x\n');
});

test('a registry that somebody has added to git stops whatever would take a session away', async () => {
  const bench = await makeSessions();
  await bench.git('add', '-f', '.worktrees/sessions.json');
  await bench.git('commit', '-qm', 'by mistake');
  const known = await refs(bench);
  for (const argv of [
    ['remove', 'a', '--force'],
    ['create', 'c'],
  ])
    expect(await failure(bench, ...argv)).toMatchObject({ code: 'path.unsafe', exit: 4, changed: false });
  expect(await refs(bench)).toBe(known);
  expect((await lstat(bench.at('a'))).isDirectory()).toBe(true);
});
