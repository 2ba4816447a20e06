import { expect, test } from 'vitest';
import { findConflicts } from '#src/git/conflicts.ts';
import { gitAt, type Git } from '#src/git/git.ts';
import { gitOf } from '../support/deps.ts';
import { makeRoom } from '../support/room.ts';

/** Four branches: two change the same line, one another, one has it deleted. */
async function makeSides(): Promise<{ git: Git; old: Git; commits: readonly string[] }> {
  const room = await makeRoom();
  const root = await room.repo('app', { f: '1\n', g: '1\n' });
  for (const [branch, files] of Object.entries({ a: { f: 'a\n' }, b: { f: 'b\n' }, c: { g: 'c\n' } })) {
    await room.git(root, 'checkout', '-q', '-b', branch, 'main');
    await room.write(root, files);
    await room.git(root, 'commit', '-qam', branch);
  }
  const commits = (await room.git(root, 'rev-parse', 'a', 'b', 'c')).split('\n');
  const git = gitOf(room, root);
  const { run } = git.place;
  const old = gitAt({
    ...git.place,
    run: (request) =>
      request.args.includes('--stdin')
        ? Promise.resolve({ exitCode: 129, stdout: '', stderr: 'usage', durationMs: 0 })
        : run(request),
  });
  return { git, old, commits };
}

test('many merges in one process give what each gives by itself', async () => {
  const { git, old, commits } = await makeSides();
  const [a = '', b = '', c = ''] = commits;
  const pairs = [
    [a, b],
    [a, c],
    [b, c],
    [b, a],
  ] as const;
  const verdicts = await findConflicts(git, pairs);
  expect(verdicts.map((one) => one?.files)).toEqual([
    [{ path: 'f', kind: 'content' }],
    [],
    [],
    [{ path: 'f', kind: 'content' }],
  ]);
  expect(await findConflicts(old, pairs)).toEqual(verdicts);
});

test('a commit that is none leaves its own merges unknown, not clean, and no other', async () => {
  const { git, commits } = await makeSides();
  const [a = '', b = ''] = commits;
  const verdicts = await findConflicts(git, [
    [a, '1'.repeat(40)],
    [a, b],
  ]);
  expect(verdicts.map((one) => one?.files.length)).toEqual([undefined, 1]);
});
