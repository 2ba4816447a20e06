import { chmod, mkdir, readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { makeBench, type Bench } from '../support/wt.ts';

/** Session `a` with one commit, and hooks that write down that they ran, with what, and where. */
async function makeHooked(hooks: Readonly<Record<string, string>>): Promise<Bench> {
  const bench = await makeBench({ 'README.md': 'hello\n' });
  await bench.wt('create', 'a', '--task', 'Add the feature');
  await bench.work('a', { 'feature.txt': 'feature\n' }, 'add feature.txt');
  await setHooks(bench, hooks);
  return bench;
}

async function setHooks({ root, room }: Bench, hooks: Readonly<Record<string, string>>): Promise<void> {
  const folder = path.join(root, '.git', 'hooks');
  await mkdir(folder, { recursive: true });
  for (const [name, body] of Object.entries(hooks)) {
    await room.write(folder, { [name]: `#!/bin/sh\npwd -P > "${room.dir}/ran-${name}"\n${body}\n` });
    await chmod(path.join(folder, name), 0o755);
  }
}

async function ran({ room }: Bench): Promise<readonly string[]> {
  return (await readdir(room.dir))
    .filter((name) => name.startsWith('ran-'))
    .map((name) => name.slice(4))
    .toSorted();
}

test('a merge runs the hooks that git merge runs, and no other', async () => {
  const others = ['pre-commit', 'post-commit', 'post-checkout', 'reference-transaction', 'pre-rebase', 'post-rewrite'];
  const own = ['commit-msg', 'post-merge', 'pre-merge-commit', 'prepare-commit-msg'];
  const bench = await makeHooked(Object.fromEntries([...others, ...own].map((name) => [name, ''])));
  expect((await bench.wt('merge', 'a', '--yes')).code).toBe(0);
  expect(await ran(bench)).toEqual(own);
});

test('a squash runs the hooks of a commit', async () => {
  const names = ['pre-commit', 'commit-msg', 'post-merge', 'pre-merge-commit', 'prepare-commit-msg'];
  const bench = await makeHooked(Object.fromEntries(names.map((name) => [name, ''])));
  expect((await bench.wt('merge', 'a', '--yes', '--strategy', 'squash')).code).toBe(0);
  expect(await ran(bench)).toEqual(['commit-msg', 'post-merge', 'pre-commit', 'prepare-commit-msg']);
});

test('pre-merge-commit sees the merged files, staged, and not in the checkout of a person', async () => {
  const bench = await makeHooked({
    'pre-merge-commit':
      'test -f feature.txt && test -f main.txt && git diff --cached --name-only | grep -qx feature.txt',
  });
  await bench.write({ 'main.txt': 'main\n' });
  await bench.git('add', '-A');
  await bench.git('-c', 'core.hooksPath=/dev/null', 'commit', '-qm', 'main goes on');
  expect((await bench.wt('merge', 'a', '--yes')).code).toBe(0);
  expect((await readFile(`${bench.room.dir}/ran-pre-merge-commit`, 'utf8')).trim()).toBe(
    `${bench.root}/.worktrees/.gate`,
  );
});

test.for(['pre-merge-commit', 'commit-msg'])(
  'a refusal of %s changes nothing: exit 7 with what it said',
  async (name) => {
    const bench = await makeHooked({ [name]: 'echo "not like this" >&2; exit 3' });
    const before = await bench.git('rev-parse', 'main');
    const { code, stderr } = await bench.wt('merge', 'a', '--yes');
    expect(code).toBe(7);
    expect(stderr).toContain(`(${name})`);
    expect(stderr).toContain('not like this');
    expect(await bench.git('rev-parse', 'main')).toBe(before);
    expect(await bench.git('status', '--porcelain')).toBe('');
  },
);

test('commit-msg may change the message', async () => {
  const bench = await makeHooked({ 'commit-msg': 'echo "Change-Id: I1" >> "$1"' });
  expect((await bench.wt('merge', 'a', '--yes')).code).toBe(0);
  expect(await bench.git('log', '-1', '--format=%B', 'main')).toBe(
    'Merge session a: Add the feature\n\nSession-Id: a\nChange-Id: I1\n',
  );
});

test('post-merge runs where the files were brought along; its failure is a warning', async () => {
  const bench = await makeHooked({ 'post-merge': 'echo "install failed" >&2; exit 1' });
  const { code, stderr } = await bench.wt('merge', 'a', '--yes');
  expect(code).toBe(0);
  expect(stderr).toContain('a has landed, and the hook post-merge failed: install failed');
  expect((await readFile(`${bench.room.dir}/ran-post-merge`, 'utf8')).trim()).toBe(bench.root);
});

test('a hook that a repository keeps beside its files is taken from the checkout of a person, never from the session', async () => {
  const bench = await makeHooked({});
  await bench.room.write(bench.at('a'), {
    '.hooks/pre-merge-commit': `#!/bin/sh\ntouch "${bench.room.dir}/ran-evil"\n`,
  });
  await chmod(path.join(bench.at('a'), '.hooks', 'pre-merge-commit'), 0o755);
  await bench.work('a', {}, 'bring a hook along');
  await bench.git('config', 'core.hooksPath', '.hooks');
  expect((await bench.wt('merge', 'a', '--yes')).code).toBe(0);
  expect(await ran(bench)).toEqual([]);
});
