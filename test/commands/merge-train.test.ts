import { expect, test } from 'vitest';
import { listObjects, photograph } from '../support/invariants.ts';
import { makeBench, type Bench } from '../support/wt.ts';

interface Stopped {
  id: string;
  reason: string;
  paths: string[];
  because?: string;
}
interface Data {
  landed: { id: string; commit: string }[];
  stopped: Stopped | null;
  failed: Stopped[];
  untried: string[];
  planned?: { id: string; state: string; stopped?: Stopped }[];
  removed?: { id: string }[];
}

/** Sessions by id with the files that each commits. */
async function makeSessions(files: Readonly<Record<string, Readonly<Record<string, string>>>>): Promise<Bench> {
  const bench = await makeBench({ 'shared.txt': 'one\ntwo\nthree\n' });
  for (const [id, written] of Object.entries(files)) {
    await bench.wt('create', id, '--task', `Do ${id}`);
    await bench.work(id, written, `work of ${id}`);
  }
  return bench;
}

async function train(bench: Bench, ...argv: string[]): Promise<{ code: number; data: Data }> {
  const { code, raw } = await bench.wt('--json', 'merge', ...argv, '--yes');
  return { code, data: (JSON.parse(raw) as { data: Data }).data };
}

const subjects = (bench: Bench): Promise<string> => bench.git('log', '--first-parent', '--format=%s', 'main');

test('lands several, each on top of the one before', async () => {
  const bench = await makeSessions({ a: { a: '1\n' }, b: { b: '1\n' }, c: { c: '1\n' } });
  const { code, stdout } = await bench.wt('merge', 'a', 'b', 'c', '--yes');
  expect(code).toBe(0);
  expect(stdout.match(/✓ Landed \w on main/g)).toEqual([
    '✓ Landed a on main',
    '✓ Landed b on main',
    '✓ Landed c on main',
  ]);
  expect(await subjects(bench)).toBe('Merge session c: Do c\nMerge session b: Do b\nMerge session a: Do a\nfirst');
});

test('stops at the first conflict, keeps what has landed, and leaves that session as it was', async () => {
  const bench = await makeSessions({
    a: { 'shared.txt': 'A\ntwo\nthree\n' },
    b: { 'shared.txt': 'B\ntwo\nthree\n' },
    c: { c: '1\n' },
  });
  const tip = await bench.git('rev-parse', 'wt/b');
  const { code, data } = await train(bench, 'c', 'a', 'b');
  expect(code).toBe(6);
  expect(data.landed.map(({ id }) => id)).toEqual(['c', 'a']);
  expect(data.stopped).toEqual({ id: 'b', reason: 'merge.conflict', paths: ['shared.txt'] });
  expect(await bench.git('rev-parse', 'wt/b')).toBe(tip);
  expect(await bench.room.git(bench.at('b'), 'status', '--porcelain')).toBe('');
  expect(await subjects(bench)).toBe('Merge session a: Do a\nMerge session c: Do c\nfirst');
});

test('names what it did not come to', async () => {
  const bench = await makeSessions({ a: { a: '1\n' }, b: { b: '1\n' } });
  await bench.wt('create', 'last', '--after', 'b', '--after', 'a');
  await bench.work('last', { last: '1\n' });
  await bench.room.write(bench.at('a'), { dirty: 'x\n' });
  const { code, data } = await train(bench, 'a', 'last', 'b');
  expect({ code, stopped: data.stopped?.reason, untried: data.untried }).toEqual({
    code: 4,
    stopped: 'session.dirty',
    untried: ['b', 'last'],
  });
  const { stdout } = await bench.wt('merge', 'a', 'last', 'b', '--yes');
  expect(stdout).toContain('Not tried: b, last\n');
});

test('--keep-going skips what fails with all that comes after it, and lands the rest', async () => {
  const bench = await makeSessions({ a: { 'shared.txt': 'A\n' }, b: { 'shared.txt': 'B\n' }, d: { d: '1\n' } });
  await bench.wt('create', 'c', '--after', 'b');
  await bench.work('c', { c: '1\n' });
  const { code, data } = await train(bench, 'a', 'b', 'c', 'd', '--keep-going');
  expect({
    code,
    landed: data.landed.map(({ id }) => id).toSorted(),
    stopped: data.stopped,
    untried: data.untried,
  }).toEqual({
    code: 6,
    landed: ['a', 'd'],
    stopped: null,
    untried: [],
  });
  expect(data.failed).toEqual([
    { id: 'b', reason: 'merge.conflict', paths: ['shared.txt'] },
    { id: 'c', reason: 'dependency', paths: [], because: 'b' },
  ]);
});

test('lands in the order of the dependencies, however they are named', async () => {
  const bench = await makeSessions({ store: { store: '1\n' } });
  await bench.wt('create', 'api', '--after', 'store');
  await bench.work('api', { api: '1\n' });
  await bench.wt('create', 'page', '--base', 'wt/api');
  await bench.work('page', { page: '1\n' });
  const { code, data } = await train(bench, 'page', 'api', 'store', '--into', 'main');
  expect({ code, landed: data.landed.map(({ id }) => id) }).toEqual({ code: 0, landed: ['store', 'api', 'page'] });
});

test('a dry run predicts each on top of the one before, runs no gate and writes nothing', async () => {
  const bench = await makeSessions({
    a: { 'shared.txt': 'A\ntwo\nthree\n' },
    b: { 'shared.txt': 'B\ntwo\nthree\n' },
    c: { c: '1\n' },
  });
  const before = [await photograph(bench), await listObjects(bench)];
  const gate = `touch "${bench.room.dir}/ran"`;
  const { code, stdout } = await bench.wt('merge', 'c', 'a', 'b', '--dry-run', '--gate', gate);
  expect(code).toBe(0);
  expect(stdout).toMatch(/2 sessions of 3 would land/);
  expect(stdout).toContain('b conflicts with main in 1 file');
  expect(stdout).toContain('main: Merge session a: Do a (earlier in this train)');
  expect([await photograph(bench), await listObjects(bench)]).toEqual(before);
  expect(await bench.room.git(bench.room.dir, 'ls-files', '--others', 'ran').catch(() => '')).toBe('');
  const { data } = await train(bench, 'c', 'a', 'b', '--dry-run');
  expect(data.planned?.map(({ id, state }) => [id, state])).toEqual([
    ['c', 'ready'],
    ['a', 'ready'],
    ['b', 'stopped'],
  ]);
});

test('warns of what a session changed although it was to keep off it', async () => {
  const bench = await makeBench();
  await bench.wt('create', 'a', '--owns', 'src/auth/**');
  await bench.wt('create', 'b', '--owns', 'docs/');
  await bench.work('a', { 'src/auth/x.ts': '1\n', 'docs/y.md': '1\n', 'other.txt': '1\n' });
  const shown = await bench.wt('merge', 'a', '--dry-run');
  expect(shown.stdout).toContain(
    '! a changes files that b owns: docs/y.md\n! a changes files outside what it owns: other.txt\n',
  );
  const { code, raw } = await bench.wt('--json', 'merge', 'a', '--yes');
  const { warnings } = JSON.parse(raw) as { warnings: string[] };
  expect({ code, warnings }).toEqual({
    code: 0,
    warnings: ['a changes files that b owns: docs/y.md', 'a changes files outside what it owns: other.txt'],
  });
});

test('is shown and asked for once', async () => {
  const bench = await makeSessions({ a: { a: '1\n' }, b: { b: '1\n' } });
  const { code, stderr } = await bench.wt('merge', 'a', 'b');
  expect(code).toBe(8);
  expect(stderr).toContain('Land a, b?');
  expect(stderr).toContain('wt merge a b --yes');
  expect((await bench.wt('merge', 'a', 'b', { answer: false })).stdout).toBe('Nothing was merged.\n');
  expect((await bench.wt('merge', 'a', 'b', { answer: true })).code).toBe(0);
  expect(await subjects(bench)).toBe('Merge session b: Do b\nMerge session a: Do a\nfirst');
});

test('--all lands what is approved or declared done, and nothing else', async () => {
  const bench = await makeSessions({
    a: { a: '1\n' },
    b: { b: '1\n' },
    c: { c: '1\n' },
    d: { d: '1\n' },
    e: { e: '1\n' },
  });
  expect((await bench.wt('merge', '--all', '--yes')).stdout).toContain('No session is approved or declared done.');
  await bench.wt('approve', 'a', '--yes');
  await bench.wt('done', 'b');
  await bench.wt('done', 'c', '--fail');
  await bench.wt('approve', 'd', '--yes');
  await bench.work('d', { later: '1\n' });
  const { data } = await train(bench, '--all');
  expect(data.landed.map(({ id }) => id)).toEqual(['a', 'b']);
});

test('--all takes nothing beside it', async () => {
  const bench = await makeSessions({ a: { a: '1\n' } });
  expect((await bench.wt('merge', '--all', 'a', '--yes')).code).toBe(2);
});

test('--remove takes away each that has landed', async () => {
  const bench = await makeSessions({ a: { a: '1\n' }, b: { b: '1\n' } });
  const { data } = await train(bench, 'a', 'b', '--remove');
  expect(data.removed?.map(({ id }) => id)).toEqual(['a', 'b']);
  expect((await bench.data<{ sessions: unknown[] }>('list', '--all')).sessions).toEqual([]);
});

test('one named twice lands once', async () => {
  const bench = await makeSessions({ a: { a: '1\n' } });
  const { code, data } = await train(bench, 'a', 'wt/a');
  expect({ code, landed: data.landed.length }).toEqual({ code: 0, landed: 1 });
});

test('an approval is needed where the config says so: of that very commit, and from outside', async () => {
  const bench = await makeSessions({ a: { a: '1\n' } });
  await bench.write({ 'wt.config.jsonc': '{ "merge": { "requireApproval": true } }' });
  const fail = async (stage: object = {}): Promise<unknown> => {
    const { code, raw } = await bench.wt('--json', 'merge', 'a', '--yes', stage);
    const { error } = JSON.parse(raw) as { error: { code: string; details: { reason: string } } };
    return [code, error.code, error.details.reason];
  };
  expect(await fail()).toEqual([8, 'approval.required', 'missing']);
  await bench.wt('done', 'a');
  expect(await fail()).toEqual([8, 'approval.required', 'missing']);
  await bench.wt('approve', 'a', '--yes');
  expect(await fail({ cwd: bench.at('a') })).toEqual([8, 'approval.required', 'inside']);
  expect(await fail({ env: { WT_SESSION: 'a' } })).toEqual([8, 'approval.required', 'inside']);
  await bench.work('a', { later: '1\n' });
  expect(await fail()).toEqual([8, 'approval.required', 'stale']);
  await bench.wt('approve', 'a', '--yes');
  expect((await bench.wt('merge', 'a', '--yes')).code).toBe(0);
});

test('a person’s own config cannot lift what the repository asks for', async () => {
  const bench = await makeSessions({ a: { a: '1\n' } });
  await bench.write({ 'wt.config.jsonc': '{ "merge": { "requireApproval": true } }' });
  await bench.room.write(`${bench.room.dir}/.config/wt`, {
    'config.jsonc': '{ "merge": { "requireApproval": false } }',
  });
  expect((await bench.wt('merge', 'a', '--yes')).code).toBe(8);
});
