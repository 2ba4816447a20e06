import { mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { DEAD } from '../support/dead.ts';
import { makeBench, type Bench } from '../support/wt.ts';

const OP = '00000000-0000-4000-8000-000000000000';

/** Leaves the repository as a `wt create s` that was killed with only its intent written. */
async function leaveCreate({ root, git }: Bench): Promise<string> {
  const commit = await git('rev-parse', 'HEAD');
  const startedAt = new Date(Date.now() - 5000).toISOString();
  const entry = {
    op: OP,
    kind: 'create',
    owner: DEAD,
    generation: 1,
    startedAt,
    id: 's',
    branch: 'wt/s',
    commit,
    createsBranch: true,
    path: `${root}/.worktrees/s`,
  };
  await mkdir(`${root}/.git/wt/journal`, { recursive: true });
  await mkdir(`${root}/.worktrees`, { recursive: true });
  await writeFile(`${root}/.git/wt/journal/${OP}.json`, JSON.stringify(entry));
  return commit;
}

test('what was written into a half-made session stays in the trash when the create is taken back', async () => {
  const bench = await makeBench();
  await leaveCreate(bench);
  await bench.git('worktree', 'add', '-q', '-b', 'wt/s', '.worktrees/s');
  await bench.git('worktree', 'lock', '--reason', `wt:${OP}`, '.worktrees/s');
  await writeFile(`${bench.at('s')}/work.txt`, 'hours of it\n');
  const { stderr } = await bench.wt('list');
  expect(stderr).toContain('took back the interrupted create of s; the files in it are kept in');
  expect(await readFile(`${bench.root}/.git/wt/trash/${OP}/tree/work.txt`, 'utf8')).toBe('hours of it\n');
});

test('a half-made session with nothing but the files of its commit leaves nothing behind', async () => {
  const bench = await makeBench();
  await leaveCreate(bench);
  await bench.git('worktree', 'add', '-q', '--detach', '.worktrees/s');
  await bench.git('worktree', 'lock', '--reason', `wt:${OP}`, '.worktrees/s');
  await bench.wt('list');
  expect(await readdir(`${bench.root}/.git/wt/journal`)).toEqual([]);
  expect(await readdir(`${bench.root}/.git/wt/trash`).catch(() => [])).toEqual([]);
});

test('a worktree that a person made at the path of a killed create is not touched', async () => {
  const bench = await makeBench();
  await leaveCreate(bench);
  await bench.git('worktree', 'add', '-q', '-b', 'mine', '.worktrees/s');
  await writeFile(`${bench.at('s')}/work.txt`, 'mine\n');
  await bench.wt('list');
  expect(await readFile(`${bench.at('s')}/work.txt`, 'utf8')).toBe('mine\n');
  expect(await bench.room.git(bench.at('s'), 'symbolic-ref', 'HEAD')).toBe('refs/heads/mine');
});

test('a branch below the name of a killed create is not deleted', async () => {
  const bench = await makeBench();
  await leaveCreate(bench);
  await bench.git('branch', 'wt/s/mine');
  await bench.wt('list');
  expect(await bench.git('branch', '--list', '--format=%(refname:short)', 'wt/*')).toBe('wt/s/mine');
});

test('a branch that somebody else made under the name of a killed create is not deleted', async () => {
  const bench = await makeBench();
  await leaveCreate(bench);
  await bench.git('branch', 'wt/s');
  await bench.wt('list');
  expect(await bench.git('branch', '--list', '--format=%(refname:short)', 'wt/*')).toBe('wt/s');
});

test('--from-changes refuses edits that git is told not to see, and keeps the originals of those it moves', async () => {
  const bench = await makeBench({ au: 'cfg\n', f: 'x\n' });
  await bench.git('update-index', '--assume-unchanged', 'au');
  await bench.write({ au: 'MYLOCAL\n', f: 'y\n' });
  expect((await bench.wt('create', 't', '--from-changes')).code).toBe(2);
  expect(await readFile(`${bench.root}/au`, 'utf8')).toBe('MYLOCAL\n');
  await bench.git('update-index', '--no-assume-unchanged', 'au');
  const { code } = await bench.wt('create', 't', '--from-changes');
  expect(code).toBe(0);
  const [op = ''] = await readdir(`${bench.root}/.git/wt/trash`);
  expect(await readFile(`${bench.root}/.git/wt/trash/${op}/changes/au`, 'utf8')).toBe('MYLOCAL\n');
});

test('--from-changes loses no byte that a filter drops', async () => {
  const bench = await makeBench({ '.gitattributes': '*.nb filter=strip\n', 'a.nb': 'cell\n', f: '1\n' });
  await bench.git('config', 'filter.strip.clean', 'sed /SECRET/d');
  await bench.git('config', 'filter.strip.smudge', 'cat');
  await bench.write({ 'a.nb': 'cell\nSECRET\n', f: '2\n' });
  expect((await bench.wt('create', 't', '--from-changes')).code).toBe(0);
  const [op = ''] = await readdir(`${bench.root}/.git/wt/trash`);
  const places = [bench.root, bench.at('t'), `${bench.root}/.git/wt/trash/${op}/changes`];
  const found = await Promise.all(places.map((place) => readFile(`${place}/a.nb`, 'utf8').catch(() => '')));
  expect(found).toContain('cell\nSECRET\n');
});

test('a registry that is ahead of a lock folder made anew can still be written', async () => {
  const bench = await makeBench();
  for (const id of ['a', 'b']) await bench.wt('create', id);
  await rm(`${bench.root}/.git/wt`, { recursive: true });
  expect((await bench.wt('create', 'c')).code).toBe(0);
});

test('a landing counts only when the base itself has moved', async () => {
  const bench = await makeBench();
  await bench.git('config', 'branch.main.mergeOptions', '--squash');
  await bench.wt('create', 'a');
  await bench.work('a', { a: 'a\n' });
  expect((await bench.wt('merge', 'a', '--yes')).code).toBe(0);
  expect(await bench.git('show', 'main:a')).toBe('a');
});

test('an interrupted landing never deletes through a link', async () => {
  const bench = await makeBench({ keep: 'k\n' });
  const outside = `${bench.room.dir}/outside`;
  await mkdir(outside);
  await writeFile(`${outside}/x`, 'same\n');
  await symlink(outside, `${bench.root}/d`);
  await bench.git('add', 'd');
  await bench.git('commit', '-qm', 'a link');
  const from = await bench.git('rev-parse', 'HEAD');
  await bench.wt('create', 'a');
  await rm(`${bench.at('a')}/d`);
  const to = await bench.work('a', { 'd/x': 'same\n' });
  const startedAt = new Date(Date.now() - 5000).toISOString();
  const entry = {
    op: OP,
    kind: 'merge',
    owner: DEAD,
    generation: 1,
    startedAt,
    id: 'a',
    target: 'refs/heads/main',
    from,
    to,
    tip: to,
    worktree: bench.root,
  };
  await writeFile(`${bench.root}/.git/wt/journal/${OP}.json`, JSON.stringify(entry));
  await bench.wt('list');
  expect(await readFile(`${outside}/x`, 'utf8')).toBe('same\n');
  expect(await bench.git('rev-parse', 'main')).toBe(to);
});

test('a session with commits that only its submodule has is not removed without --force', async () => {
  const bench = await makeBench();
  const upstream = await bench.room.repo('lib', { l: '1\n' });
  await bench.git('-c', 'protocol.file.allow=always', 'submodule', 'add', '-q', upstream, 'm');
  await bench.git('commit', '-qm', 'submodule');
  await bench.wt('create', 'a');
  await bench.room.git(bench.at('a'), '-c', 'protocol.file.allow=always', 'submodule', 'update', '-q', '--init');
  const inside = `${bench.at('a')}/m`;
  await bench.room.git(inside, 'switch', '-q', '-c', 'keep');
  await bench.room.git(inside, 'commit', '-q', '--allow-empty', '-m', 'only here');
  await bench.room.git(inside, 'switch', '-q', '--detach', 'HEAD~1');
  const { code, stderr } = await bench.wt('remove', 'a');
  expect(code).toBe(4);
  expect(stderr).toContain('submodule m');
});

test('edits inside a submodule alone are nothing to commit, and no hook is blamed', async () => {
  const bench = await makeBench();
  const upstream = await bench.room.repo('lib', { l: '1\n' });
  await bench.git('-c', 'protocol.file.allow=always', 'submodule', 'add', '-q', upstream, 'm');
  await bench.git('commit', '-qm', 'submodule');
  await bench.wt('create', 'a');
  await bench.room.git(bench.at('a'), '-c', 'protocol.file.allow=always', 'submodule', 'update', '-q', '--init');
  await writeFile(`${bench.at('a')}/m/l`, '2\n');
  const { code, stdout } = await bench.wt('commit', 'a');
  expect({ code, stdout }).toEqual({ code: 0, stdout: 'Nothing to commit in a.\n' });
});
