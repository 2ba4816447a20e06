import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { makeRoom } from '../support/room.ts';
import {
  askWt,
  branches,
  countCodes,
  findFaults,
  lines,
  linkedWorktrees,
  registeredIds,
  runAll,
  runWt,
  start,
} from '../support/spawn.ts';

const names = (count: number, prefix = 's'): readonly string[] =>
  Array.from({ length: count }, (_, i) => `${prefix}${String(i + 1).padStart(2, '0')}`);

test('fifty processes that create at once all succeed, and fifty that remove at once all succeed', async () => {
  const room = await makeRoom();
  const root = await room.repo('app', { 'README.md': 'hello\n', 'src/a.txt': 'a\n' });
  const ids = names(50);

  const created = await runAll(
    room,
    root,
    ids.map((id) => ['create', id, '--task', `task of ${id}`]),
  );
  expect(created.filter(({ code }) => code !== 0)).toEqual([]);
  expect(await registeredIds(root)).toEqual(ids);
  expect(await linkedWorktrees(room, root)).toEqual(ids);
  expect(await branches(room, root)).toEqual(['main', ...ids.map((id) => `wt/${id}`)]);
  expect(await findFaults(room, root)).toEqual([]);
  for (const id of ids) {
    const folder = path.join(root, '.worktrees', id);
    expect(await room.git(folder, 'status', '--porcelain', '--branch')).toBe(`## wt/${id}`);
    expect((await readdir(folder)).toSorted()).toEqual(['.git', 'README.md', 'src']);
  }
  const { sessions } = await askWt<{ sessions: readonly { id: string; task: string; status: string }[] }>(room, root, [
    'list',
  ]);
  expect(
    sessions.map(({ id, task, status }) => ({ id, task, status })).toSorted((a, b) => a.id.localeCompare(b.id)),
  ).toEqual(ids.map((id) => ({ id, task: `task of ${id}`, status: 'new' })));

  const removed = await runAll(
    room,
    root,
    ids.map((id) => ['remove', id]),
  );
  expect(removed.filter(({ code }) => code !== 0)).toEqual([]);
  expect(await registeredIds(root)).toEqual([]);
  expect(await branches(room, root)).toEqual(['main']);
  expect(await findFaults(room, root)).toEqual([]);
  const { removed: trash } = await askWt<{ removed: readonly { id: string; trash: string }[] }>(room, root, [
    'list',
    '--all',
  ]);
  expect(trash.map(({ id }) => id).toSorted()).toEqual(ids);
  const pins = lines(await room.git(root, 'for-each-ref', '--format=%(refname)', 'refs/wt/trash/'));
  expect(pins.toSorted()).toEqual(
    trash
      .flatMap(({ id, trash: op }) => ['branch', 'head', 'index'].map((what) => `refs/wt/trash/${id}/${op}/${what}`))
      .toSorted(),
  );
  expect(await room.git(root, 'status', '--porcelain')).toBe('');
});

test('of twenty processes that create one id exactly one wins, and the others say that it exists', async () => {
  const room = await makeRoom();
  const root = await room.repo();
  const exits = await runAll(
    room,
    root,
    names(20).map(() => ['create', 'same', '--json']),
  );
  expect(countCodes(exits)).toEqual({ 0: 1, 4: 19 });
  const losers = exits
    .filter(({ code }) => code === 4)
    .map(({ stdout }) => JSON.parse(stdout) as { error: { code: string } });
  expect(new Set(losers.map(({ error }) => error.code))).toEqual(new Set(['session.exists']));
  expect(await registeredIds(root)).toEqual(['same']);
  expect(await branches(room, root)).toEqual(['main', 'wt/same']);
  expect(await findFaults(room, root)).toEqual([]);
});

test('wt list answers whole lines while sessions come into being', async () => {
  const room = await makeRoom();
  const root = await room.repo();
  const ids = names(12);
  const creation = { isRunning: true };
  const creating = runAll(
    room,
    root,
    ids.map((id) => ['create', id]),
  ).finally(() => (creation.isRunning = false));
  const seen: number[] = [];
  const look = async (): Promise<void> => {
    const { sessions } = await askWt<{ sessions: readonly { id: string; status: string }[] }>(room, root, ['list']);
    expect(sessions.filter(({ status }) => status !== 'new' && status !== 'busy')).toEqual([]);
    seen.push(sessions.length);
  };
  // The first of them starts with the creations, however few there is time for.
  do await look();
  while (creation.isRunning);
  expect((await creating).filter(({ code }) => code !== 0)).toEqual([]);
  await look();
  expect(seen.at(-1)).toBe(ids.length);
  expect(seen).toEqual(seen.toSorted((a, b) => a - b));
  expect(await registeredIds(root)).toEqual(ids);
});

test('create and remove of one id at once end in one of their two orders', async () => {
  const room = await makeRoom();
  const root = await room.repo();
  for (let round = 0; round < 4; round++) {
    const [create, remove] = await runAll(room, root, [
      ['create', 'x'],
      ['remove', 'x'],
    ]);
    expect(create?.code).toBe(0);
    expect([0, 3, 4]).toContain(remove?.code);
    expect(await registeredIds(root)).toEqual(remove?.code === 0 ? [] : ['x']);
    expect(await branches(room, root)).toEqual(remove?.code === 0 ? ['main'] : ['main', 'wt/x']);
    expect(await findFaults(room, root)).toEqual([]);
    await runWt(room, root, ['remove', 'x']);
    expect(await registeredIds(root)).toEqual([]);
  }
});

test('of twenty cleans at once each takes what no other took, and all succeed', async () => {
  const room = await makeRoom();
  const root = await room.repo();
  const ids = names(5);
  for (const id of ids) {
    await runWt(room, root, ['create', id]);
    const folder = path.join(root, '.worktrees', id);
    await room.write(folder, { [`${id}.txt`]: id });
    await room.git(folder, 'add', '-A');
    await room.git(folder, 'commit', '-qm', `work of ${id}`);
    await room.git(root, 'merge', '-q', '--no-ff', '-m', `land ${id}`, `wt/${id}`);
  }
  await runWt(room, root, ['create', 'unlanded']);
  const exits = await runAll(
    room,
    root,
    names(20).map(() => ['clean', '--json']),
  );
  expect(exits.filter(({ code }) => code !== 0)).toEqual([]);
  const removed = exits.flatMap(
    ({ stdout }) => (JSON.parse(stdout) as { data: { removed: { id: string }[] } }).data.removed,
  );
  expect(removed.map(({ id }) => id).toSorted()).toEqual(ids);
  expect(await registeredIds(root)).toEqual(['unlanded']);
  expect(await findFaults(room, root)).toEqual([]);
});

const FOREIGN: Readonly<Record<string, string>> = {
  'git fetch': 'git fetch --quiet origin',
  'git log --all': 'git log --all --oneline',
  'git switch': 'git switch --quiet --detach && git switch --quiet agent',
  'git gc --prune=now': 'git gc --quiet --prune=now',
  'git worktree add':
    'git worktree add --quiet --detach "$1/foreign-$i" && git worktree remove --force "$1/foreign-$i"',
};

test.each(Object.keys(FOREIGN))('wt works beside an agent that loops over %s', async (name) => {
  const room = await makeRoom();
  const origin = await room.repo('origin', { 'README.md': 'hello\n', 'src/a.txt': 'a\n' });
  const root = path.join(room.dir, 'app');
  await room.git(room.dir, 'clone', '-q', origin, root);
  await room.git(root, 'worktree', 'add', '-q', '-b', 'agent', path.join(room.dir, 'agent'));
  // The agent's own git may stumble over a worktree that is just being made; wt must not over the agent.
  const script = `i=0; while :; do i=$((i+1)); ${FOREIGN[name]}; echo "$?" >> "$1/rounds"; done`;
  const agents = [0, 1].map(() =>
    start(room, path.join(room.dir, 'agent'), ['sh', '-c', script, 'sh', room.dir], { group: true }),
  );
  const ids = names(8);
  const created = await runAll(
    room,
    root,
    ids.map((id) => ['create', id]),
  );
  const [list, removed] = await Promise.all([
    runWt(room, root, ['list']),
    runAll(
      room,
      root,
      ids.slice(0, 4).map((id) => ['remove', id]),
    ),
  ]);
  for (const agent of agents) {
    process.kill(-agent.pid, 'SIGKILL');
    await agent.done;
  }
  expect([...created, list, ...removed].filter(({ code }) => code !== 0)).toEqual([]);
  expect(await registeredIds(root)).toEqual(ids.slice(4));
  for (const id of ids.slice(4))
    expect(await room.git(path.join(root, '.worktrees', id), 'status', '--porcelain', '--branch')).toBe(`## wt/${id}`);
  expect((await branches(room, root)).filter((branch) => branch.startsWith('wt/'))).toEqual(
    ids.slice(4).map((id) => `wt/${id}`),
  );
});
