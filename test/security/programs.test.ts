import { execa } from 'execa';
import { chmod, mkdir, readdir } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { PROGRAM } from '../support/built.ts';
import { makeBench, type Bench } from '../support/wt.ts';

const HOOKS = [
  'post-checkout',
  'post-index-change',
  'reference-transaction',
  'pre-commit',
  'commit-msg',
  'pre-merge-commit',
  'post-merge',
  'pre-rebase',
  'post-rewrite',
  'fsmonitor-watchman',
];

/** A repository whose configuration starts a program wherever git would let it; each leaves a file of its name. */
async function makeTrap(): Promise<Bench & { sprung: () => Promise<readonly string[]> }> {
  const bench = await makeBench({ 'README.md': 'hello\n', '.gitattributes': '*.md diff=trap\n' });
  const { room, git } = bench;
  const [traps, hooks] = [path.join(room.dir, 'traps'), path.join(room.dir, 'hooks')];
  await mkdir(traps);
  for (const hook of HOOKS) {
    await room.write(hooks, { [hook]: `#!/bin/sh\ntouch '${traps}/hook-${hook}'\n` });
    await chmod(path.join(hooks, hook), 0o755);
  }
  const programs = [
    'core.fsmonitor',
    'core.pager',
    'pager.diff',
    'pager.log',
    'core.editor',
    'sequence.editor',
    'core.askPass',
    'core.sshCommand',
    'diff.external',
    'diff.trap.textconv',
    'diff.trap.command',
    'interactive.diffFilter',
  ];
  for (const key of programs) await git('config', key, `touch '${traps}/${key}'; cat`);
  for (const verb of ['status', 'diff', 'log', 'worktree', 'merge-tree', 'update-ref', 'for-each-ref', 'rev-parse'])
    await git('config', `alias.${verb}`, `!touch '${traps}/alias-${verb}'`);
  await git('config', 'core.hooksPath', hooks);
  return { ...bench, sprung: () => readdir(traps) };
}

test('a repository whose configuration starts programs starts none through wt, but for the hooks of a merge', async () => {
  const bench = await makeTrap();
  const { room, data, git } = bench;
  await data('create', 'a');
  await room.write(bench.at('a'), { 'README.md': 'by a\n' });
  await data('list', '--conflicts');
  await data('show', 'a');
  await data('diff', 'a');
  await bench.wt('diff', 'a', '--stat');
  await room.git(bench.at('a'), '-c', 'core.hooksPath=/dev/null', '-c', 'core.fsmonitor=false', 'commit', '-qam', 'a');
  await data('merge', 'a', '--yes');
  await data('undo');
  await data('merge', 'a', '--yes', '--strategy', 'rebase', '--remove');
  await data('restore', 'a');
  await bench.write({ 'begun.md': 'begun\n' });
  await data('create', 'b', '--from-changes');
  await data('undo');
  await data('clean', '--yes');
  await git('-c', 'core.hooksPath=/dev/null', '-c', 'core.fsmonitor=false', 'worktree', 'add', '--quiet', '../linked');
  await data('adopt', '../linked');
  await data('events');
  // As git merge runs them: they are the person's own, like those of a commit.
  expect(await bench.sprung()).toEqual(['hook-commit-msg', 'hook-post-merge', 'hook-pre-merge-commit']);
});

test('a program that wt exec starts has nothing of wt’s: no open file, no variable of git’s or of its own work', async () => {
  const bench = await makeBench();
  await bench.data('create', 'a');
  const script =
    'ls /proc/self/fd | tr "\\n" " "; echo; env | grep -E "^(GIT_|WT_)" | sed "s/=.*//" | sort | tr "\\n" " "';
  const options = {
    cwd: bench.root,
    env: { ...bench.room.env, GIT_DIR: '/', GIT_INDEX_FILE: 'x', GIT_OBJECT_DIRECTORY: 'y' },
    extendEnv: false,
  };
  const { stdout } = await execa(process.execPath, [PROGRAM, 'exec', 'a', '--', 'sh', '-c', script], options);
  const { stdout: plain } = await execa('sh', ['-c', script], options);
  const [open, names] = stdout.split('\n').map((line) => line.trim());
  expect(open).toBe(plain.split('\n')[0]?.trim());
  expect(names?.split(' ')).toEqual([
    ...Object.keys(bench.room.env)
      .filter((name) => name.startsWith('GIT_'))
      .toSorted(),
    'WT_BASE',
    'WT_BRANCH',
    'WT_DB',
    'WT_ID',
    'WT_MAIN',
    'WT_PATH',
    'WT_SESSION',
  ]);
});
