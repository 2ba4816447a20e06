import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { endJournal, JournalEntry, listJournal, writeJournal } from '#src/registry/journal.ts';
import { makeRoom } from '../support/room.ts';

const owner = { pid: 1, start: '1', boot: 'b', pidns: null, host: 'h', nonce: 'n', fifo: null, command: 'wt create' };
const entry = (op: string, generation: number): JournalEntry =>
  JournalEntry.parse({
    kind: 'create',
    op,
    owner,
    generation,
    startedAt: '2026-01-01T00:00:00.000Z',
    id: 'a',
    branch: 'wt/a',
    commit: '0'.repeat(40),
    createsBranch: true,
    path: '/x',
  });

test('an operation is open from its writing to its end', async () => {
  const folder = path.join((await makeRoom()).dir, 'journal');
  expect(await listJournal(folder)).toEqual({ entries: [], unreadable: [] });
  await writeJournal(folder, entry('one', 1));
  expect(await listJournal(folder)).toEqual({ entries: [entry('one', 1)], unreadable: [] });
  await endJournal(folder, 'one');
  await endJournal(folder, 'one');
  expect(await readdir(folder)).toEqual([]);
});

test('open operations come oldest first, and a later writing takes the place of the one before', async () => {
  const folder = path.join((await makeRoom()).dir, 'journal');
  await writeJournal(folder, entry('a', 9));
  await writeJournal(folder, entry('b', 10));
  await writeJournal(folder, entry('c', 2));
  await writeJournal(folder, { ...entry('c', 2), path: '/y' } as JournalEntry);
  const { entries } = await listJournal(folder);
  expect(entries.map(({ op, generation }) => `${op} ${generation}`)).toEqual(['c 2', 'a 9', 'b 10']);
  expect(entries[0]).toMatchObject({ path: '/y' });
});

test('what cannot be read is named and left as it is', async () => {
  const folder = path.join((await makeRoom()).dir, 'journal');
  await mkdir(folder);
  const bad = [
    '',
    'garbage',
    '{}',
    JSON.stringify({ ...entry('x', 1), kind: 'later' }),
    JSON.stringify({ ...entry('x', 1), id: '../x' }),
  ];
  for (const [i, text] of bad.entries()) await writeFile(path.join(folder, `${i}.json`), text);
  await writeFile(path.join(folder, 'x.json.abc.tmp'), 'half');
  await writeJournal(folder, entry('good', 1));
  const { entries, unreadable } = await listJournal(folder);
  expect(entries).toEqual([entry('good', 1)]);
  expect(unreadable.toSorted()).toEqual(bad.map((_, i) => path.join(folder, `${i}.json`)));
  expect(await readFile(path.join(folder, '1.json'), 'utf8')).toBe('garbage');
});
