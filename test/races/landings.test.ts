import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { makeRoom, type Files, type Room } from '../support/room.ts';
import { countCodes, findFaults, lines, runAll, runWt, start } from '../support/spawn.ts';

async function work(room: Room, root: string, id: string, files: Files): Promise<void> {
  const folder = path.join(root, '.worktrees', id);
  await room.write(folder, files);
  await room.git(folder, 'add', '-A');
  await room.git(folder, 'commit', '-qm', `work of ${id}`);
}

test('twenty merges of disjoint work at once make twenty merge commits and leave main clean', async () => {
  const room = await makeRoom();
  const root = await room.repo();
  const ids = Array.from({ length: 20 }, (_, i) => `s${i + 1}`);
  await runAll(
    room,
    root,
    ids.map((id) => ['create', id]),
  );
  for (const id of ids) await work(room, root, id, { [`${id}.txt`]: `${id}\n` });
  await room.write(root, { 'README.md': 'edited and not committed\n', 'draft.txt': 'draft\n' });

  const exits = await runAll(
    room,
    root,
    ids.map((id) => ['merge', id, '--yes']),
  );
  expect(exits.filter(({ code }) => code !== 0)).toEqual([]);
  const landed = lines(await room.git(root, 'log', '--first-parent', '--merges', '--format=%s', 'refs/heads/main'));
  expect(landed.toSorted()).toEqual(ids.map((id) => `Merge session ${id}: work of ${id}`).toSorted());
  expect(await room.git(root, 'rev-list', '--count', '--first-parent', 'refs/heads/main')).toBe('21');
  expect(await room.git(root, 'status', '--porcelain')).toBe(' M README.md\n?? draft.txt');
  for (const id of ids) expect(await readFile(path.join(root, `${id}.txt`), 'utf8')).toBe(`${id}\n`);
  expect(await findFaults(room, root)).toEqual([]);
});

test('of two sessions that change one line one lands and the other conflicts', async () => {
  const room = await makeRoom();
  const root = await room.repo();
  await runAll(room, root, [
    ['create', 'a'],
    ['create', 'b'],
  ]);
  await work(room, root, 'a', { 'README.md': 'of a\n' });
  await work(room, root, 'b', { 'README.md': 'of b\n' });
  const exits = await runAll(room, root, [
    ['merge', 'a', '--yes'],
    ['merge', 'b', '--yes'],
  ]);
  expect(countCodes(exits)).toEqual({ 0: 1, 6: 1 });
  const winner = exits[0]?.code === 0 ? 'a' : 'b';
  expect(await readFile(path.join(root, 'README.md'), 'utf8')).toBe(`of ${winner}\n`);
  expect(await room.git(root, 'status', '--porcelain')).toBe('');
  expect(await room.git(root, 'rev-list', '--count', '--first-parent', 'refs/heads/main')).toBe('2');
  expect(await findFaults(room, root)).toEqual([]);
});

test('a merge beside commits that a person makes in main keeps both', async () => {
  const room = await makeRoom();
  const root = await room.repo();
  const ids = ['a', 'b', 'c', 'd'];
  await runAll(
    room,
    root,
    ids.map((id) => ['create', id]),
  );
  for (const id of ids) await work(room, root, id, { [`${id}.txt`]: `${id}\n` });
  const script = 'for i in 1 2 3 4 5 6 7 8 9 10; do git commit -q --allow-empty -m "by hand $i" && echo "$i"; done';
  const person = start(room, root, ['sh', '-c', script]);
  const exits = await runAll(
    room,
    root,
    ids.map((id) => ['merge', id, '--yes']),
  );
  const made = lines((await person.done).stdout).length;
  // The person's commit may hold git's lock or move main: then it is said, and a second try lands.
  expect(exits.filter(({ code }) => ![0, 5, 9].includes(code))).toEqual([]);
  const left = ids.filter((_, i) => exits[i]?.code !== 0);
  for (const id of left) expect(await runWt(room, root, ['merge', id, '--yes'])).toMatchObject({ code: 0 });
  const subjects = lines(await room.git(root, 'log', '--format=%s', 'refs/heads/main'));
  expect(subjects.filter((subject) => subject.startsWith('by hand'))).toHaveLength(made);
  expect(subjects.filter((subject) => subject.startsWith('Merge session'))).toHaveLength(4);
  expect(await room.git(root, 'status', '--porcelain')).toBe('');
  expect(await findFaults(room, root)).toEqual([]);
});
