import { expect, test } from 'vitest';
import type { Inspection } from '#src/sessions/inspect.ts';
import { draftRow, Sighting, type Facts } from '#src/sessions/sight.ts';
import { keepLastList, type LastShown } from '#src/sessions/last-list.ts';
import { listSessions, type ListRequest } from '#src/sessions/list.ts';
import { readBook } from '#src/sessions/book.ts';
import { openRepo } from '#src/sessions/open.ts';
import { viewSession } from '#src/sessions/view.ts';
import { makeDeps } from '../support/deps.ts';
import { makeSession } from '../support/session.ts';
import { makeBench } from '../support/wt.ts';

const branch = {
  name: 'refs/heads/wt/a',
  commit: '2'.repeat(40),
  tree: '3'.repeat(40),
  subject: 'work',
  committedAt: '2026-01-02T00:00:00.000Z',
  upstream: undefined,
  behind: 0,
};
const clean = { staged: [], modified: [], untracked: [], conflicted: [], ignored: [] };
const tree: Facts = { tree: 'ok', status: clean, operation: undefined, switchedTo: undefined, trouble: undefined };
const request: ListRequest = { all: false, conflicts: false, status: undefined, agent: undefined };
const rowOf = (facts: Facts, session = makeSession('a'), last?: LastShown): ReturnType<typeof draftRow> =>
  draftRow(session, { agent: undefined, facts, last }, request);

test('everything that git tells is open at first', () => {
  expect([...rowOf({}).open].toSorted()).toEqual(['age', 'changes', 'distance', 'status', 'title']);
  expect([...rowOf({}, makeSession('a', { task: 'Fix it' })).open].toSorted()).toEqual([
    'age',
    'changes',
    'distance',
    'status',
  ]);
});

test.each([
  ['a clean worktree', { branch, ...tree }, true],
  ['uncommitted work', { branch, ...tree, status: { ...clean, modified: ['x'] } }, true],
  ['a rebase that is open', { branch, ...tree, operation: 'rebase' }, true],
  ['files in conflict', { branch, ...tree, status: { ...clean, conflicted: ['x'] } }, false],
  ['a worktree that has gone', { branch, ...tree, tree: 'missing' as const, status: undefined }, false],
  ['a branch that has gone', { branch: undefined, ...tree }, false],
  ['a worktree, as long as its branch is not known', tree, true],
] as const)('the status of %s is open: %s', (_, facts: Facts, isOpen) => {
  expect(rowOf(facts).open.has('status')).toBe(isOpen);
});

test('a status that is not open is the one that the list has in the end, whatever else is found', () => {
  for (const facts of [
    { branch, ...tree, status: { ...clean, conflicted: ['x'] } },
    { branch, ...tree, tree: 'foreign' as const, status: undefined },
    { branch, ...tree, isSettingUp: true },
  ]) {
    const { view, open } = rowOf(facts);
    const inspection = { session: makeSession('a'), base: undefined, distance: undefined, ...facts } as Inspection;
    expect(open.has('status')).toBe(false);
    for (const proof of [undefined, 'ancestor', 'empty'] as const)
      for (const preview of [undefined, { conflicts: ['x'], addsNothing: false }])
        expect(view.status).toBe(viewSession(inspection, proof, preview).status);
  }
});

test('reading tells of each session what is found, and a picture has its rows in the order of the last list', async () => {
  const bench = await makeBench();
  for (const id of ['a', 'b', 'c', 'd']) await bench.wt('create', id, '--task', id);
  await bench.work('c', { x: '1\n' });
  await bench.room.write(bench.at('b'), { y: '1\n' });
  const repo = await openRepo(makeDeps(bench.room, bench.root));
  const at = '2026-01-01T00:00:00.000Z';
  await keepLastList(repo, [
    ['d', { status: 'landed', at, widths: {} }],
    ['a', { status: 'new', at, widths: {} }],
    ['b', { status: 'dirty', at, widths: {} }],
    ['c', { status: 'ready', at, widths: {} }],
  ]);
  const sighting = new Sighting(repo, request);
  const book = await readBook(repo);
  sighting.known([...book.sessions.values()]);
  await sighting.begin();
  const idsOf = (): string =>
    sighting
      .rows()
      .map(({ view }) => view.id)
      .join();
  const orders = [idsOf()];
  let changes = 0;
  sighting.onChange = () => {
    changes += 1;
    orders.push(idsOf());
  };
  const { sessions } = await listSessions(repo, request, sighting);
  expect(changes).toBeGreaterThanOrEqual(4);
  expect([...new Set(orders)]).toEqual(['c,b,a']); // what had landed is most likely not listed
  expect(sighting.views?.length).toBe(4);
  expect(sighting.rows().flatMap(({ open }) => [...open])).toEqual(sighting.rows().map(() => 'status'));
  const final = new Map(sessions.map((view) => [view.id, view]));
  for (const { view } of sighting.rows()) {
    const { changes: files, ahead, behind, head } = final.get(view.id) ?? {};
    expect({ changes: view.changes, ahead: view.ahead, behind: view.behind, head: view.head }).toEqual({
      changes: files,
      ahead,
      behind,
      head,
    });
  }
});
