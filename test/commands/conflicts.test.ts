import { chmod, readFile, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { lines } from '../support/spawn.ts';
import { makeBench, type Bench, type Result, type Stage } from '../support/wt.ts';

interface Data {
  readonly pairs: readonly { a: string; b: string; paths: string[]; files: { path: string; kind: string }[] }[];
  readonly base: readonly { id: string; paths: string[]; files: { path: string; kind: string }[] }[];
  readonly order: readonly string[];
  readonly ownership: readonly { id: string; path: string; owner: string | null }[];
}

const FILES = {
  f: '1\n2\n3\n',
  g: '1\n2\n3\n4\n5\n6\n',
  'd/a': 'a\nb\nc\nd\n',
  'd/b': 'e\nf\ng\nh\n',
  bin: '\0\u0001',
};

async function makeSessions(...ids: readonly string[]): Promise<Bench> {
  const bench = await makeBench(FILES);
  for (const id of ids) await bench.wt('create', id);
  return bench;
}

const screen = (columns: number): Stage => ({ columns, env: { PAGER: 'cat' } });
const conflicts = (bench: Bench, ...argv: (string | Stage)[]): Promise<Data> => bench.data<Data>('conflicts', ...argv);
const kinds = ({ pairs }: Data): readonly string[] =>
  pairs.map(({ a, b, files }) => `${a} ${b}: ${files.map(({ path: file, kind }) => `${file} ${kind}`).join(', ')}`);
/** Verdicts of merges, and how git was asked for them. */
const verbsOf = ({ git }: Result): readonly string[] => git.map(([verb]) => verb ?? '');

test('nothing to compare is one friendly line', async () => {
  const bench = await makeBench();
  const { stdout, code } = await bench.wt('conflicts', screen(80));
  expect({ stdout, code }).toEqual({
    stdout: '✓ Nothing to compare: no session has work that has not landed.\n',
    code: 0,
  });
  expect(await conflicts(bench)).toEqual({ pairs: [], base: [], order: [], ownership: [] });
});

test('committed, uncommitted and untracked work conflicts with the base and with each other', async () => {
  const bench = await makeSessions('done', 'dirty', 'fresh', 'idle');
  await bench.work('done', { f: '1\ndone\n3\n', new: 'done\n' });
  await bench.room.write(bench.at('dirty'), { f: '1\ndirty\n3\n' });
  await bench.room.write(bench.at('fresh'), { new: 'fresh\n', 'sub/dir/other': 'x\n' });
  await bench.write({ f: '1\nmain\n3\n' });
  await bench.git('commit', '-qam', 'main moves');
  const found = await conflicts(bench);
  expect(kinds(found)).toEqual(['done dirty: f content', 'done fresh: new add/add']);
  expect(found.base).toEqual([
    { id: 'done', paths: ['f'], files: [{ path: 'f', kind: 'content' }] },
    { id: 'dirty', paths: ['f'], files: [{ path: 'f', kind: 'content' }] },
  ]);
  expect(found.order).toEqual(['dirty', 'done', 'fresh']);
});

test('only with --exit-code is a conflict an exit of 6, and what was asked for bounds it', async () => {
  const bench = await makeSessions('a', 'b', 'c');
  for (const id of ['a', 'b']) await bench.work(id, { f: `1\n${id}\n3\n` });
  await bench.work('c', { g: 'c\n' });
  const codes = [['--exit-code'], [], ['c', '--exit-code'], ['b', '--exit-code']].map(
    async (argv) => (await bench.wt('conflicts', ...argv)).code,
  );
  expect(await Promise.all(codes)).toEqual([6, 0, 0, 6]);
  expect((await bench.wt('conflicts', 'nobody')).code).toBe(3);
  expect(kinds(await conflicts(bench, 'c'))).toEqual([]);
  expect((await bench.wt('conflicts', 'c', screen(80))).stdout).toBe('✓ c: no conflicts.  3 sessions compared\n');
});

describe('a conflict', () => {
  const write = (bench: Bench, id: string, name: string, text: string): Promise<void> =>
    writeFile(path.join(bench.at(id), name), text);
  const git = (bench: Bench, id: string, ...argv: string[]): Promise<string> => bench.room.git(bench.at(id), ...argv);
  type Change = (bench: Bench, id: string) => Promise<unknown>;
  const cases: readonly (readonly [string, string, Change, Change])[] = [
    [
      'of a deletion and an edit',
      'f modify/delete',
      (bench, id) => rm(path.join(bench.at(id), 'f')),
      (bench, id) => write(bench, id, 'f', '1\nx\n3\n'),
    ],
    [
      'of a rename and an edit',
      'h content',
      async (bench, id) => {
        await git(bench, id, 'mv', 'g', 'h');
        await write(bench, id, 'h', '1\nx\n3\n4\n5\n6\n');
      },
      (bench, id) => write(bench, id, 'g', '1\ny\n3\n4\n5\n6\n'),
    ],
    [
      'of a rename and a deletion',
      'h rename',
      (bench, id) => git(bench, id, 'mv', 'g', 'h'),
      (bench, id) => git(bench, id, 'rm', '-q', 'g'),
    ],
    [
      'of a renamed folder and a file added to it',
      'e/new rename',
      (bench, id) => git(bench, id, 'mv', 'd', 'e'),
      (bench, id) => write(bench, id, 'd/new', 'x\n'),
    ],
    [
      'of a file and a folder of one name',
      'x file/directory',
      (bench, id) => write(bench, id, 'x', 'x\n'),
      async (bench, id) => bench.room.write(bench.at(id), { 'x/y': 'y\n' }),
    ],
    [
      'of two binary files',
      'bin binary',
      (bench, id) => write(bench, id, 'bin', '\0\u0002'),
      (bench, id) => write(bench, id, 'bin', '\0\u0003'),
    ],
    [
      'of two modes',
      'x mode',
      async (bench, id) => {
        await write(bench, id, 'x', 'x\n');
        await chmod(path.join(bench.at(id), 'x'), 0o755);
      },
      (bench, id) => write(bench, id, 'x', 'x\n'),
    ],
    [
      'of a file and a link',
      'f mode',
      async (bench, id) => {
        await rm(path.join(bench.at(id), 'f'));
        await symlink('g', path.join(bench.at(id), 'f'));
      },
      (bench, id) => write(bench, id, 'f', '1\nx\n3\n'),
    ],
  ];
  test.each(cases)('%s is found and named', async (_, kind, one, other) => {
    const bench = await makeSessions('a', 'b');
    await one(bench, 'a');
    await other(bench, 'b');
    expect(kinds(await conflicts(bench))).toEqual([`a b: ${kind}`]);
    for (const id of ['a', 'b']) {
      await git(bench, id, 'add', '-A');
      await git(bench, id, 'commit', '-qm', id);
    }
    expect(kinds(await conflicts(bench))).toEqual([`a b: ${kind}`]);
  });

  test('in a name with spaces, newlines and accents is one line, and whole in the JSON', async () => {
    const bench = await makeSessions('a', 'b');
    const name = 'a b\n"ü\t';
    for (const id of ['a', 'b']) await bench.room.write(bench.at(id), { [name]: `${id}\n` });
    expect((await conflicts(bench)).pairs[0]?.paths).toEqual([name]);
    expect((await bench.wt('conflicts')).stdout).toBe('pair\ta\tb\ta b\\n"ü \n');
  });
});

test('nothing of a session or of the repository is touched', async () => {
  const bench = await makeSessions('a', 'b');
  await bench.work('a', { f: '1\na\n3\n' });
  await bench.room.write(bench.at('b'), { f: '1\nb\n3\n', new: 'x\n', g: 'staged\n' });
  await bench.room.git(bench.at('b'), 'add', 'g');
  await bench.room.git(bench.at('b'), 'stash', 'push', '-q', 'g');
  const picture = async (): Promise<readonly unknown[]> => [
    await bench.git('count-objects', '-v'),
    await bench.git('for-each-ref'),
    ...(await Promise.all(
      ['a', 'b'].flatMap((id) => [
        readFile(path.join(bench.root, '.git/worktrees', id, 'index'), 'base64'),
        bench.room.git(bench.at(id), '--no-optional-locks', 'status', '--porcelain=v2', '-uall'),
      ]),
    )),
  ];
  const before = await picture();
  expect(kinds(await conflicts(bench))).toEqual(['a b: f content']);
  expect(await picture()).toEqual(before);
});

test('the answer is the same when it is remembered, and then nothing is merged', async () => {
  const bench = await makeSessions('a', 'b', 'c');
  for (const id of ['a', 'b']) await bench.work(id, { f: `1\n${id}\n3\n` });
  await bench.room.write(bench.at('c'), { f: '1\nc\n3\n' });
  const [first, second] = [await bench.wt('conflicts', '--json'), await bench.wt('conflicts', '--json')];
  expect(second.raw).toBe(first.raw);
  expect(verbsOf(first)).toContain('merge-tree');
  expect(verbsOf(second).filter((verb) => /merge-tree|diff-tree|update-index|write-tree/.test(verb))).toEqual([]);
  const file = path.join(bench.root, '.git/wt/cache/conflicts/answers.jsonl');
  await writeFile(file, (await readFile(file, 'utf8')).slice(0, 300));
  expect((await bench.wt('conflicts', '--json')).raw).toBe(first.raw);
});

test('what is remembered of uncommitted work counts only while every byte, mode and entry of the index is the same', async () => {
  const bench = await makeSessions('a', 'b');
  await bench.work('a', { f: '1\na\n3\n', g: '1\n2\n3\n4\n5\na\n' });
  const file = path.join(bench.at('b'), 'f');
  const stamp = new Date('2026-01-01T00:00:00Z');
  const see = async (text: string): Promise<readonly string[]> => {
    await writeFile(file, text);
    await utimes(file, stamp, stamp); // the same size and time each time
    return kinds(await conflicts(bench));
  };
  expect(await see('1\nb\n3\n')).toEqual(['a b: f content']);
  expect(await see('1\na\n3\n')).toEqual([]);
  expect(await see('1\nb\n3\n')).toEqual(['a b: f content']);
  await bench.work('a', { h: 'h\n' });
  expect(await see('1\nb\n3\n')).toEqual(['a b: f content']);
  await chmod(file, 0o755);
  await bench.room.write(bench.at('b'), { h: 'other\n' });
  expect(kinds(await conflicts(bench))).toEqual(['a b: f content, h add/add']);
});

test('a setting that changes how files merge is heeded', async () => {
  const bench = await makeSessions('a', 'b');
  for (const id of ['a', 'b']) await bench.work(id, { f: `1\n${id}\n3\n` });
  expect(kinds(await conflicts(bench))).toEqual(['a b: f content']);
  await bench.write({ '.git/info/attributes': 'f merge=union\n' });
  expect(kinds(await conflicts(bench))).toEqual([]);
});

test('attributes that a folder of main gets count at once, whatever is remembered', async () => {
  const bench = await makeSessions('a', 'b');
  for (const id of ['a', 'b']) await bench.work(id, { 'deep/x': `${id}\n` });
  expect(kinds(await conflicts(bench))).toEqual(['a b: deep/x add/add']);
  await bench.write({ 'deep/.gitattributes': '* merge=union\n' });
  await bench.git('add', '-A');
  await bench.git('commit', '-qm', 'attributes');
  expect(kinds(await conflicts(bench))).toEqual([]);
});

test('twelve sessions cost few git processes, however many pairs they are', async () => {
  const ids = Array.from({ length: 12 }, (_, i) => `s${i}`);
  const bench = await makeSessions(...ids);
  for (const id of ids) await bench.work(id, { f: `1\n${id}\n3\n` });
  const { git, raw } = await bench.wt('conflicts', '--json');
  expect((JSON.parse(raw) as { data: Data }).data.pairs).toHaveLength(66);
  expect(git.length - 12).toBeLessThanOrEqual(11); // one status each
});

test('what has landed, is empty or broken takes no part; a session without its folder does', async () => {
  const bench = await makeSessions('landed', 'empty', 'gone', 'broken', 'a');
  await bench.work('landed', { f: '1\nlanded\n3\n' });
  await bench.wt('merge', 'landed', '--yes');
  for (const id of ['gone', 'broken', 'a']) await bench.work(id, { g: `${id}\n` });
  await rm(bench.at('gone'), { recursive: true });
  await bench.git('update-ref', '-d', 'refs/heads/wt/broken');
  const found = await conflicts(bench);
  expect([found.order, kinds(found)]).toEqual([['gone', 'a'], ['gone a: g content']]);
});

test('a session that cannot be read is named, and the others are compared', async () => {
  const bench = await makeSessions('a', 'b', 'bad');
  for (const id of ['a', 'b', 'bad']) await bench.work(id, { f: `1\n${id}\n3\n` });
  await writeFile(path.join(bench.root, '.git/worktrees/bad/index'), 'garbage');
  const { raw } = await bench.wt('conflicts', '--json');
  const { data, warnings } = JSON.parse(raw) as { data: Data; warnings: readonly string[] };
  expect(kinds(data)).toEqual(['a b: f content', 'a bad: f content', 'b bad: f content']);
  expect(warnings).toEqual(['bad: its uncommitted work could not be read, so its last commit was compared']);
});

test('a stacked session is compared with the branch that it stands on', async () => {
  const bench = await makeSessions('below', 'aside');
  await bench.work('below', { f: '1\nbelow\n3\n' });
  await bench.wt('create', 'top', '--base', 'wt/below');
  await bench.work('top', { g: 'top\n' });
  await bench.work('aside', { g: 'aside\n' });
  const found = await conflicts(bench);
  expect(kinds(found)).toEqual(['aside top: g content']);
  expect(found.base).toEqual([]);
  expect(found.order).toEqual(['below', 'aside', 'top']);
  await bench.work('below', { g: 'below\n' });
  const moved = await conflicts(bench);
  expect(moved.base.map(({ id, paths }) => [id, paths])).toEqual([['top', ['g']]]);
  expect(kinds(moved)).toContain('below top: g content');
});

test('a conflict with the base is not told again of those who only have a later state of it', async () => {
  const bench = await makeSessions('old');
  await bench.work('old', { f: '1\nold\n3\n', g: '1\n2\n3\n4\n5\nold\n' });
  await bench.write({ f: '1\nmain\n3\n' });
  await bench.git('commit', '-qam', 'main moves');
  for (const id of ['late', 'rival']) await bench.wt('create', id);
  await bench.work('late', { g: 'late\n2\n3\n4\n5\n6\n' });
  await bench.work('rival', { f: '1\nrival\n3\n' });
  const found = await conflicts(bench);
  expect(found.base.map(({ id, paths }) => [id, paths])).toEqual([['old', ['f']]]);
  expect(kinds(found)).toEqual(['old rival: f content']);
});

test('what lies below a link by now, and a repository inside a session, are no hindrance', async () => {
  const bench = await makeSessions('a', 'b');
  await rm(path.join(bench.at('a'), 'd'), { recursive: true });
  await symlink('elsewhere', path.join(bench.at('a'), 'd'));
  await bench.room.write(bench.at('a'), { 'elsewhere/a': 'x\n', 'elsewhere/b': 'x\n' });
  await bench.room.git(bench.at('b'), 'init', '-q', 'inner');
  await bench.room.write(bench.at('b'), { 'd/a': 'x\nb\nc\nd\n' });
  const { raw } = await bench.wt('conflicts', '--json');
  const { data, warnings } = JSON.parse(raw) as { data: Data; warnings: readonly string[] };
  expect(data.pairs.map(({ a, b }) => [a, b])).toEqual([['a', 'b']]);
  expect(warnings).toEqual([]);
});

test('a merge of the base that is not committed yet does not conflict with the base again', async () => {
  const bench = await makeSessions('a', 'b');
  await bench.work('a', { f: '1\na\n3\n' });
  await bench.work('b', { g: 'b\n' });
  await bench.write({ f: '1\nmain\n3\n' });
  await bench.git('commit', '-qam', 'main moves');
  await bench.room.git(bench.at('a'), 'merge', 'main').catch(() => {});
  await bench.room.write(bench.at('a'), { f: '1\nboth\n3\n' });
  await bench.room.git(bench.at('a'), 'add', 'f');
  expect((await conflicts(bench)).base).toEqual([]);
});

describe('ownership', () => {
  test("tells of what lies outside a session's own patterns and inside another's", async () => {
    const bench = await makeBench(FILES);
    await bench.wt('create', 'owner', '--owns', 'd/*', '--owns', '!d/b');
    await bench.wt('create', 'guest');
    await bench.room.write(bench.at('owner'), { 'd/a': 'x\n', 'd/b': 'x\n' });
    await bench.room.write(bench.at('guest'), { 'd/new': 'x\n', 'd/b': 'x\n' });
    expect((await conflicts(bench)).ownership).toEqual([
      { id: 'owner', path: 'd/b', owner: null },
      { id: 'guest', path: 'd/new', owner: 'owner' },
    ]);
    expect((await bench.wt('conflicts', 'guest')).stdout).toContain('owns\tguest\towner\td/new\n');
  });
});

test('a matrix of twelve sessions fits eighty columns, and more are listed', async () => {
  const ids = Array.from({ length: 12 }, (_, i) => `a-rather-long-session-name-${i}`);
  const bench = await makeSessions(...ids);
  for (const id of ids) await bench.room.write(bench.at(id), { f: `1\n${id}\n3\n` });
  const wide = (await bench.wt('conflicts', screen(80))).stdout;
  expect(lines(wide).find((line) => line.includes('base  1  2'))).toBeDefined();
  expect(Math.max(...lines(wide).map((line) => line.length))).toBeLessThanOrEqual(80);
  expect((await bench.wt('conflicts', screen(50))).stdout).not.toContain('base  1  2');
});
