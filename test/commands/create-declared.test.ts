import { readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { makeBench } from '../support/wt.ts';

test('what a session owns and comes after is in its row, its note, the JSON and what people see', async () => {
  const bench = await makeBench();
  await bench.wt('create', 'first');
  const { stdout } = await bench.wt('create', 'a', '--owns', 'src/**', '--owns', '!x y', '--after', 'FIRST');
  expect(stdout).toContain('  owns src/**  !x y\n  lands after first\n');
  const declared = { owns: ['src/**', '!x y'], after: ['first'] };
  expect(JSON.parse(await readFile(path.join(bench.root, '.git/worktrees/a/wt.json'), 'utf8'))).toMatchObject(declared);
  expect(await bench.data('show', 'a')).toMatchObject({ session: declared });
  expect((await bench.wt('show', 'a', { columns: 80, env: { PAGER: 'cat' } })).stdout).toContain(
    '  owns      src/**  !x y\n  after     first\n',
  );
  await rm(path.join(bench.root, '.worktrees/sessions.json'));
  expect(await bench.data('show', 'a')).toMatchObject({ session: declared });
});

test('nothing is said of it when it was not given', async () => {
  const bench = await makeBench();
  const { session } = await bench.data<{ session: object }>('create', 'a');
  expect(Object.keys(session)).not.toEqual(expect.arrayContaining(['owns', 'after']));
});

test('it comes back with a removed session', async () => {
  const bench = await makeBench();
  await bench.wt('create', 'a', '--owns', 'src/');
  await bench.wt('remove', 'a');
  await bench.wt('restore', 'a');
  expect(await bench.data('show', 'a')).toMatchObject({ session: { owns: ['src/'] } });
});

test('a dependency that is not there, or would wait for itself, is refused, and nothing is made', async () => {
  const bench = await makeBench();
  await bench.wt('create', 'a');
  await bench.wt('create', 'b', '--after', 'a');
  await bench.wt('remove', 'a');
  const refused = await Promise.all(
    [
      ['x', '--after', 'nobody'],
      ['x', '--after', 'x'],
      ['a', '--after', 'b'],
      ['x', '--owns', ''],
      ['x', '--owns', '# no'],
    ].map(async (argv) => {
      const { raw, code } = await bench.wt('create', ...argv, '--json');
      return [code, (JSON.parse(raw) as { error: { code: string } }).error.code];
    }),
  );
  expect(refused).toEqual([
    [3, 'session.not-found'],
    [2, 'usage.invalid'],
    [2, 'usage.invalid'],
    [2, 'usage.invalid'],
    [2, 'usage.invalid'],
  ]);
  expect(await bench.git('for-each-ref', '--format=%(refname)', 'refs/heads')).not.toContain('wt/x');
});
