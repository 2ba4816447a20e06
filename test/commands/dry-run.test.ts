import { expect, test } from 'vitest';
import { table, type VerbName } from '#src/cli/table.ts';
import { listing, refs } from '../support/listing.ts';
import { addAgents, addRun } from '../support/running.ts';
import { LISTENING } from '../support/agent-facts.ts';
import { tell } from '../support/told.ts';
import { makeBench, type Bench } from '../support/wt.ts';

/** Sessions in every state a mutating verb meets: landed, ready, dirty, new; and a foreign worktree. */
async function makeWorkshop(): Promise<Bench> {
  const bench = await makeBench({ f: 'one\n' });
  for (const id of ['landed', 'ready', 'dirty', 'fresh']) await bench.wt('create', id);
  await bench.work('landed', { a: '1\n' });
  await bench.wt('merge', 'landed', '--yes');
  await bench.work('ready', { b: '1\n' });
  await bench.room.write(bench.at('dirty'), { new: 'x\n', f: 'edited, long\n' });
  await bench.git('worktree', 'add', '-q', '-b', 'mine', `${bench.room.dir}/mine`);
  await bench.git('clone', '-q', '--bare', bench.root, `${bench.room.dir}/github.com`);
  await bench.git('remote', 'add', 'origin', `${bench.room.dir}/github.com`);
  await bench.git('remote', 'add', 'hub', 'git@github.com:ada/shop.git');
  await addAgents(bench);
  await addRun(bench, 'ready');
  await bench.wt('create', 'talking');
  await tell(bench, 'talking', { run: LISTENING });
  await bench.wt('create', 'gone');
  await bench.wt('remove', 'gone');
  await bench.wt('list');
  return bench;
}

/** What is known again by object ids is no record: it may be written down while looking. */
const CACHE = /\/wt\/cache\/|\/wt-live$/;

const CALLS: readonly (readonly [VerbName, readonly string[]])[] = [
  ['create', ['x']],
  ['create', ['feature/x', '--task', 'T', '--agent', 'claude']],
  ['create', ['x', '--branch', 'mine-too']],
  ['create', ['fresh', '--reuse']],
  ['create', ['x', '--agent', 'sh', '--run', '--background', '--prompt', 'true']],
  ['run', ['fresh', 'sh', '--prompt', 'true']],
  ['run', ['fresh', 'sh', '--background', '--prompt', 'true']],
  ['send', ['talking', 'hello']],
  ['stop', ['fresh', 'ready', '--kill']],
  ['stop', ['--all']],
  ['resume', ['ready']],
  ['resume', ['--all']],
  ['commit', ['dirty']],
  ['commit', ['dirty', '-m', 'message']],
  ['done', ['ready', '--summary', 'S']],
  ['done', ['dirty', '--fail']],
  ['hooks', ['install', 'claude', 'ready']],
  ['hooks', ['install', 'codex']],
  ['hooks', ['remove', 'gemini', 'dirty']],
  ['hooks', ['status']],
  ['approve', ['ready']],
  ['approve', ['ready', '--yes']],
  ['approve', ['ready', '--revoke']],
  ['push', ['ready', 'dirty']],
  ['push', ['ready', '--remote', 'hub']],
  ['pr', ['ready', '--remote', 'hub']],
  ['pr', ['ready', '--remote', 'hub', '--ready', '--base', 'x', '--title', 'T', '--web']],
  ['sync', ['ready']],
  ['sync', ['ready', '--strategy', 'merge']],
  ['sync', ['dirty', '--include-dirty']],
  ['sync', ['ready', '--resolve']],
  ['sync', ['--all']],
  ['merge', ['ready']],
  ['merge', ['ready', '--yes']],
  ['merge', ['ready', '--strategy', 'squash', '--yes']],
  ['merge', ['ready', 'landed', 'fresh', '--gate', 'exit 1']],
  ['merge', ['ready', '--gate', 'exit 1', '--yes']],
  ['merge', ['--all']],
  ['config', []],
  ['config', ['set', 'merge.gate', 'true']],
  ['config', ['set', '--personal', 'trash.keep', '2d']],
  ['config', ['set', '--here', 'limits.sessions', '3']],
  ['config', ['unset', 'merge.gate']],
  ['config', ['edit', '--personal']],
  ['init', []],
  ['init', ['--print']],
  ['setup', ['ready']],
  ['trust', []],
  ['trust', ['--revoke']],
  ['remove', ['fresh']],
  ['remove', ['dirty', '--force']],
  ['remove', ['ready', '--force', '--yes']],
  ['clean', []],
  ['clean', ['--yes']],
  ['clean', ['--all', '--yes']],
  ['restore', ['gone']],
  ['restore', ['gone', '--as', 'back']],
  ['restore', ['--list']],
  ['undo', []],
  ['undo', ['fresh']],
  ['undo', ['--list']],
  ['doctor', ['--fix']],
  ['adopt', ['../mine']],
  ['adopt', ['../mine', '--as', 'other', '--base', 'main', '--task', 'T']],
];

test('no verb changes a ref, a file or a record in a dry run', async () => {
  const bench = await makeWorkshop();
  const before = [await refs(bench), ...(await listing(bench.room.dir, CACHE))];
  for (const [verb, argv] of CALLS) {
    const call = `wt ${verb} ${argv.join(' ')}`;
    for (const flag of ['--dry-run', '-n'])
      expect({ call, code: (await bench.wt(verb, ...argv, flag)).code }).toEqual({ call, code: 0 });
    expect({ call, code: (await bench.wt('--dry-run', '--json', verb, ...argv)).code }).toEqual({ call, code: 0 });
    expect([call, await refs(bench), ...(await listing(bench.room.dir, CACHE))]).toEqual([call, ...before]);
  }
});

test('every verb that changes something has been tried above', async () => {
  const names = Object.keys(table) as VerbName[];
  const mutating = await Promise.all(
    names.map(async (name) => [name, ((await table[name].load()).default as { mutates: boolean }).mutates] as const),
  );
  expect(mutating.flatMap(([name, mutates]) => (mutates ? [name] : [])).toSorted()).toEqual(
    [...new Set(CALLS.map(([verb]) => verb))].toSorted(),
  );
});

const READING: readonly (readonly [VerbName, readonly string[]])[] = [
  ['logs', ['ready']],
  ['list', ['--all', '--conflicts']],
  ['conflicts', []],
  ['next', []],
  ['summary', ['--since', '1']],
  ['wait', ['landed', '--for', 'landed']],
  ['show', ['dirty']],
  ['show', ['ready', '--conflict-brief']],
  ['path', ['dirty']],
  ['diff', ['dirty']],
  ['diff', ['ready', '--committed', '--stat']],
  ['events', []],
  ['hook', ['nobody']],
  ['exec', ['dirty', '--', 'true']],
  ['lock', ['--list']],
  ['du', []],
];

test.each(READING)('wt %s %j changes no ref, no file and no record', async (verb, argv) => {
  const bench = await makeWorkshop();
  await bench.wt(verb, ...argv);
  const before = [await refs(bench), ...(await listing(bench.room.dir, CACHE))];
  expect((await bench.wt(verb, ...argv)).code).toBe(0);
  expect([await refs(bench), ...(await listing(bench.room.dir, CACHE))]).toEqual(before);
});

test('a dry run of a create says what it would make', async () => {
  const { wt } = await makeBench();
  expect((await wt('create', 'a', '-n')).stdout).toMatchInlineSnapshot(`
    "Would create a  branch wt/a from main <short>
      $ROOM/app/.worktrees/a
    "
  `);
});

test('a dry run of a create that would be refused is refused', async () => {
  const bench = await makeWorkshop();
  expect((await bench.wt('create', 'fresh', '-n')).code).toBe(4);
  expect((await bench.wt('create', '../x', '-n')).code).toBe(2);
});
