import { execa } from 'execa';
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { PROGRAM } from '../support/built.ts';
import { makeBench } from '../support/wt.ts';

test('a mirror push after a forced removal carries no untracked and no ignored file off', async () => {
  const bench = await makeBench({ 'README.md': 'hello\n', '.gitignore': '.env\n' });
  const { room, git } = bench;
  await bench.data('create', 'a');
  await room.write(bench.at('a'), { '.env': 'PASSWORD=hunter2\n', 'notes.txt': 'PASSWORD=hunter3\n' });
  await room.write(bench.root, { 'key.pem': 'PASSWORD=hunter4\n', '.env': 'PASSWORD=hunter5\n' });
  await bench.data('remove', 'a', '--force');
  await bench.data('create', 'b', '--from-changes');
  await bench.data('diff', 'b');
  await bench.data('list', '--conflicts');
  await bench.data('remove', 'b', '--force');

  const mirror = path.join(room.dir, 'mirror.git');
  await git('init', '--quiet', '--bare', mirror);
  await git('push', '--quiet', '--mirror', mirror);
  expect(await room.git(mirror, 'for-each-ref', 'refs/wt')).not.toBe('');
  const { stdout } = await execa('git', ['cat-file', '--batch-all-objects', '--batch'], { cwd: mirror });
  expect(stdout).toContain('hello');
  expect(stdout).not.toContain('hunter');
});

test.for(['000', '022'])('with umask %s nobody else can read what wt keeps', async (umask) => {
  const bench = await makeBench();
  const script = `umask ${umask}; set -e; wt() { "${process.execPath}" "${PROGRAM}" "$@"; }
    wt create a --task secret; echo x > .worktrees/a/x; wt commit a; wt merge a --yes
    echo y > y; wt create b --from-changes; wt undo; wt remove a --force; wt create c; rm .worktrees/sessions.json; wt list`;
  await execa('sh', ['-c', script], {
    cwd: bench.root,
    env: bench.room.env as Record<string, string>,
    extendEnv: false,
  });
  const open: string[] = [];
  for (const folder of ['.git/wt', '.worktrees']) {
    const top = path.join(bench.root, folder);
    if (((await stat(top)).mode & 0o077) !== 0) open.push(folder);
    for (const entry of await readdir(top, { withFileTypes: true }))
      if (folder === '.git/wt' || entry.isFile())
        if (((await stat(path.join(top, entry.name))).mode & 0o077) !== 0) open.push(`${folder}/${entry.name}`);
  }
  const own = ['.git/wt/logs/operations.jsonl', '.git/worktrees/c/wt.json'];
  for (const name of own) if (((await stat(path.join(bench.root, name))).mode & 0o077) !== 0) open.push(name);
  expect(open).toEqual([]);
});
