import { readdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { until } from '../support/spawn.ts';
import { makeBench, type Bench } from '../support/wt.ts';

interface Error {
  code: string;
  changed: boolean;
  details: { exitCode: number; log: string; output: string[]; tree: string };
}

/** Sessions `a` and `b` that agree as texts; main needs `flag` to be true wherever `use` is. */
async function makeSkew(): Promise<Bench> {
  const bench = await makeBench({ flag: 'true\n', 'use.txt': 'no\n' });
  await bench.wt('create', 'a', '--task', 'Switch the flag off');
  await bench.wt('create', 'b', '--task', 'Use the flag');
  await bench.work('a', { flag: 'false\n' });
  await bench.work('b', { 'use.txt': 'yes\n' });
  return bench;
}
const SOUND = 'if [ "$(cat use.txt)" = yes ]; then [ "$(cat flag)" = true ]; fi';

async function failOf(bench: Bench, ...argv: string[]): Promise<{ code: number; error: Error }> {
  const { code, raw } = await bench.wt('--json', ...argv);
  return { code, error: (JSON.parse(raw) as { error: Error }).error };
}

test('the gate runs on exactly the merged files, in a worktree of its own, and its output is shown', async () => {
  const bench = await makeSkew();
  await bench.write({ 'main.txt': 'main goes on\n' });
  await bench.git('add', '-A');
  await bench.git('commit', '-qm', 'main goes on');
  const gate = 'pwd -P; cat flag main.txt; git rev-parse HEAD^{tree}; echo $WT_ID on $WT_BASE';
  const { code, stdout, stderr } = await bench.wt('merge', 'a', '--yes', '--gate', gate);
  const tree = await bench.git('rev-parse', 'main^{tree}');
  expect({ code, stderr: stderr.replace(tree, 'TREE') }).toEqual({
    code: 0,
    stderr: `gate for a: ${gate}\n  $ROOM/app/.worktrees/.gate\n  false\n  main goes on\n  ${bench.room.seal(tree)}\n  a on main\n`,
  });
  expect(stdout).toContain('the gate is green: pwd -P;');
});

test('a red gate changes nothing: exit 7, with the end of its output and where the log is', async () => {
  const bench = await makeSkew();
  const before = await bench.git('rev-parse', 'main');
  const { code, error } = await failOf(bench, 'merge', 'a', '--yes', '--gate', 'echo broken; exit 3');
  expect({ code, error }).toMatchObject({ code: 7, error: { code: 'gate.failed', changed: false } });
  expect(error.details).toMatchObject({ exitCode: 3, output: ['broken'] });
  expect(await readFile(error.details.log, 'utf8')).toBe('$ echo broken; exit 3\nbroken\n');
  expect(await bench.git('rev-parse', 'main')).toBe(before);
  expect(await bench.git('status', '--porcelain')).toBe('');
});

test('of two that are green alone and red together the train lands one and refuses the other', async () => {
  const bench = await makeSkew();
  for (const id of ['a', 'b']) expect((await bench.wt('merge', id, '--yes', '--dry-run')).code).toBe(0);
  const { code, raw } = await bench.wt('merge', 'a', 'b', '--yes', '--gate', SOUND, '--json');
  const { data } = JSON.parse(raw) as { data: { landed: { id: string }[]; stopped: object } };
  expect({ code, landed: data.landed.map(({ id }) => id), stopped: data.stopped }).toEqual({
    code: 7,
    landed: ['a'],
    stopped: { id: 'b', reason: 'gate.failed', paths: [] },
  });
  expect(await bench.git('show', 'main:use.txt')).toBe('no');
  expect(await bench.git('show', 'main:flag')).toBe('false');
  expect(await bench.git('rev-parse', 'wt/b')).toBe(await bench.room.git(bench.at('b'), 'rev-parse', 'HEAD'));
});

test('a green verdict counts for the same files and command: no second run', async () => {
  const bench = await makeSkew();
  const gate = `echo run >> "${bench.room.dir}/runs"`;
  expect((await bench.wt('merge', 'a', '--yes', '--gate', gate)).code).toBe(0);
  await bench.wt('undo');
  const { stdout } = await bench.wt('merge', 'a', '--yes', '--gate', gate);
  expect(stdout).toContain('the gate is green, from an earlier run on the same files');
  expect(await readFile(`${bench.room.dir}/runs`, 'utf8')).toBe('run\n');
  await bench.wt('undo');
  expect((await bench.wt('merge', 'a', '--yes', '--gate', `${gate}; true`)).code).toBe(0);
  expect(await readFile(`${bench.room.dir}/runs`, 'utf8')).toBe('run\nrun\n');
});

test('a red verdict is no verdict: the gate runs again', async () => {
  const bench = await makeSkew();
  const gate = `test -f "${bench.room.dir}/fixed"`;
  expect((await bench.wt('merge', 'a', '--yes', '--gate', gate)).code).toBe(7);
  await bench.room.write(bench.room.dir, { fixed: '' });
  expect((await bench.wt('merge', 'a', '--yes', '--gate', gate)).code).toBe(0);
});

test('a base that moves during the gate is built and tested anew', async () => {
  const bench = await makeSkew();
  const once = `"${bench.room.dir}/once"`;
  const move = `git update-ref refs/heads/main $(git commit-tree -p main -m moved main^{tree})`;
  const gate = `echo run >> "${bench.room.dir}/runs"; if [ ! -e ${once} ]; then touch ${once}; ${move}; fi`;
  await bench.git('checkout', '-q', '--detach');
  expect((await bench.wt('merge', 'a', '--yes', '--gate', gate)).code).toBe(0);
  expect(await bench.git('log', '--format=%s', '--first-parent', 'main')).toBe(
    'Merge session a: Switch the flag off\nmoved\nfirst',
  );
});

test('a base that never stands still is left alone after the last try: exit 9', async () => {
  const bench = await makeSkew();
  await bench.git('checkout', '-q', '--detach');
  // Every move changes the files, so that no verdict is good for the next try.
  const move = [
    `echo x >> "${bench.room.dir}/runs"`,
    `b=$(cat "${bench.room.dir}/runs" | git hash-object -w --stdin)`,
    `export GIT_INDEX_FILE="${bench.room.dir}/index"`,
    'git read-tree main',
    'git update-index --add --cacheinfo 100644,$b,moved.txt',
    'git update-ref refs/heads/main $(git commit-tree -p main -m moved $(git write-tree))',
  ].join(' && ');
  const env = { WT_MERGE_RETRIES: '2' };
  const { code, raw } = await bench.wt('--json', 'merge', 'a', '--yes', '--gate', move, { env });
  expect({ code, error: (JSON.parse(raw) as { error: Error }).error.code }).toEqual({ code: 9, error: 'target.moved' });
  expect(await readFile(`${bench.room.dir}/runs`, 'utf8')).toBe('x\nx\nx\n');
  expect(await bench.git('log', '--format=%s', '--first-parent', 'main')).toBe('moved\nmoved\nmoved\nfirst');
});

test('a session that moves during the gate does not land unseen', async () => {
  const bench = await makeSkew();
  const later = `cd "${bench.at('a')}" && git commit -q --allow-empty -m later`;
  const env = { WT_MERGE_RETRIES: '0' };
  const { code } = await bench.wt('merge', 'a', '--yes', '--gate', later, { env });
  expect(code).toBe(9);
  expect(await bench.git('log', '--format=%s', 'main')).toBe('first');
});

test('ignored files stay warm between runs, others do not', async () => {
  const bench = await makeBench({ '.gitignore': 'node_modules/\n' });
  for (const id of ['a', 'b']) {
    await bench.wt('create', id);
    await bench.work(id, { [id]: `${id}\n` });
  }
  const gate = 'ls -A; mkdir -p node_modules; touch node_modules/x left.txt; echo edited >> .gitignore';
  await bench.wt('merge', 'a', '--yes', '--gate', gate);
  const { stderr } = await bench.wt('merge', 'b', '--yes', '--gate', gate);
  expect(stderr).toContain('  node_modules\n');
  expect(stderr).not.toContain('left.txt\n');
  expect(await bench.git('show', 'main:.gitignore')).toBe('node_modules/');
});

test('the gate worktree is no session, in no list, no finding, and is made again when it is deleted', async () => {
  const bench = await makeSkew();
  await bench.wt('merge', 'a', '--yes', '--gate', 'true');
  expect(await bench.data<{ unmanaged: unknown[] }>('list')).toMatchObject({ unmanaged: [] });
  const checks = async (): Promise<string[]> => {
    const { findings } = await bench.data<{ findings: { check: string }[] }>('doctor');
    return findings.map(({ check }) => check).filter((check) => check !== 'session.landed');
  };
  expect(await checks()).toEqual([]);
  await rm(path.join(bench.root, '.worktrees', '.gate'), { recursive: true });
  expect(await checks()).toEqual([]);
  expect((await bench.wt('merge', 'b', '--yes', '--gate', 'true')).code).toBe(0);
});

test('something else in its place is left alone', async () => {
  const bench = await makeSkew();
  await bench.room.write(bench.root, { '.worktrees/.gate/mine.txt': 'mine\n' });
  const { code, error } = await failOf(bench, 'merge', 'a', '--yes', '--gate', 'true');
  expect({ code, error: error.code }).toEqual({ code: 4, error: 'path.unsafe' });
  expect(await readdir(path.join(bench.root, '.worktrees', '.gate'))).toEqual(['mine.txt']);
});

test('the gate of the config runs, and --no-gate lifts it', async () => {
  const bench = await makeSkew();
  const env = { WT_MERGE_GATE: 'exit 1' };
  expect((await bench.wt('merge', 'a', '--yes', { env })).code).toBe(7);
  expect((await bench.wt('merge', 'a', '--yes', '--no-gate', { env })).code).toBe(0);
});

test('a gate that the repository brings along does not run before a person has approved it: exit 8', async () => {
  const bench = await makeSkew();
  await bench.write({ 'wt.config.jsonc': `{ "merge": { "gate": "touch '${bench.room.dir}/ran'" } }` });
  const { code, error } = await failOf(bench, 'merge', 'a', '--yes');
  expect({ code, error: error.code }).toEqual({ code: 8, error: 'config.untrusted' });
  expect(await readdir(bench.room.dir)).not.toContain('ran');
  expect((await bench.wt('merge', 'a', '--yes', '--gate', 'true')).code).toBe(0);
});

test('what the gate said is shown with the session, and whether it is about what would land by now', async () => {
  const bench = await makeSkew();
  const gateOf = async (id: string): Promise<unknown> => {
    const { session } = await bench.data<{ session: { gate?: object } }>('show', id);
    return session.gate;
  };
  expect(await gateOf('b')).toBeUndefined();
  await bench.wt('merge', 'b', '--yes', '--gate', 'exit 1');
  expect(await gateOf('b')).toMatchObject({ passed: false, command: 'exit 1', isStale: false });
  expect((await bench.wt('list', { columns: 120 })).stdout).toContain('gate red');
  expect((await bench.wt('show', 'b')).stdout).toMatch(/gate +red {2}.*exit 1 {2}\S+\.log/);
  await bench.wt('merge', 'a', '--yes');
  expect(await gateOf('b')).toMatchObject({ isStale: true });
  expect((await bench.wt('list', { columns: 120 })).stdout).toContain('before the last changes');
});

test('every file counts, whatever is sparse in the main worktree or was hidden by an earlier gate', async () => {
  const bench = await makeBench({ 'tests/t.sh': 'exit 1\n', 'src/x': 'x\n', k: 'k\n' });
  await bench.git('sparse-checkout', 'set', '--cone', 'src');
  for (const id of ['a', 'b']) {
    await bench.wt('create', id);
    await bench.work(id, { [`src/${id}`]: 'y\n' });
  }
  expect((await bench.wt('merge', 'a', '--yes', '--gate', 'if [ -f tests/t.sh ]; then sh tests/t.sh; fi')).code).toBe(
    7,
  );
  await bench.wt('merge', 'a', '--yes', '--gate', 'git update-index --skip-worktree k; rm k; exit 1');
  expect((await bench.wt('merge', 'b', '--yes', '--gate', 'test -f k')).code).toBe(0);
});

test('a gate that checks a branch out takes it from nobody', async () => {
  const bench = await makeSkew();
  await bench.git('switch', '-q', '--detach');
  expect((await bench.wt('merge', 'a', '--yes', '--gate', 'git checkout -q main')).code).toBe(0);
  expect(await bench.git('show', 'main:flag')).toBe('false');
  await bench.git('switch', '-q', 'main');
});

test('what a gate leaves running neither holds the landing up nor lives on', async () => {
  const bench = await makeSkew();
  const pid = `${bench.room.dir}/pid`;
  expect((await bench.wt('merge', 'a', '--yes', '--gate', `sleep 300 & echo $! > "${pid}"`)).code).toBe(0);
  await until(async () => !(await isAlive(await readFile(pid, 'utf8'))));
});

test('an interrupt ends the gate with everything it has started, and nothing lands', async () => {
  const bench = await makeSkew();
  const pid = `${bench.room.dir}/pid`;
  const ending = new AbortController();
  const merging = bench.wt('merge', 'a', '--yes', '--gate', `sleep 300 & echo $! > "${pid}"; wait; true`, {
    signal: ending.signal,
  });
  const read = (): Promise<string> => readFile(pid, 'utf8').catch(() => '');
  await until(async () => /\d\n/.test(await read()));
  ending.abort('SIGTERM');
  expect((await merging).code).toBe(143);
  await until(async () => !(await isAlive(await read())));
  expect(await bench.git('log', '--format=%s', 'main')).toBe('first');
});

async function isAlive(pid: string): Promise<boolean> {
  const stat = await readFile(`/proc/${pid.trim()}/stat`, 'utf8').catch(() => '');
  return stat !== '' && !/\) Z/.test(stat);
}
