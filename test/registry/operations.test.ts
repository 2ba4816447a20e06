import { readFile, stat, writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import {
  groupCalls,
  idOfEffect,
  listCalls,
  Operation,
  recordOperation,
  type Effect,
} from '#src/registry/operations.ts';
import { SessionId } from '#src/core/names.ts';
import { makeRoom } from '../support/room.ts';
import { makeRow } from '../support/session.ts';

const AT = '2026-01-01T00:00:00.000Z';
const trashed = (id: string): Effect => ({ kind: 'trashed', id: SessionId.parse(id), trash: 't' });

function operation(op: string, call: string, id = 'a', at = AT): Operation {
  return { op, call, command: `wt ${call}`, at, effect: trashed(id) };
}

test('steps of one call stand together, in the order they were done; calls in the order of their last step', () => {
  const steps = [operation('1', 'x'), operation('2', 'y', 'b'), operation('3', 'x', 'c', '2026-01-01T00:00:09.000Z')];
  expect(
    groupCalls(steps).map(({ call, command, at, operations }) => [call, command, at, operations.map(({ op }) => op)]),
  ).toEqual([
    ['y', 'wt y', AT, ['2']],
    ['x', 'wt x', '2026-01-01T00:00:09.000Z', ['1', '3']],
  ]);
  expect(groupCalls([])).toEqual([]);
});

test('an operation is written down once, however often it is finished, for the user alone', async () => {
  const { dir } = await makeRoom();
  const file = `${dir}/logs/operations.jsonl`;
  const owner = {
    pid: 1,
    start: null,
    boot: null,
    pidns: null,
    host: 'h',
    nonce: 'nonce',
    fifo: null,
    command: 'wt remove',
  };
  const entry = { op: 'o', owner, startedAt: AT };
  for (let i = 0; i < 3; i++) await recordOperation(file, entry, trashed('a'));
  await recordOperation(file, { ...entry, op: 'p' }, trashed('b'));
  expect(await listCalls(file)).toEqual([
    {
      call: 'nonce',
      command: 'wt remove',
      at: AT,
      operations: [
        { op: 'o', call: 'nonce', command: 'wt remove', at: AT, effect: trashed('a') },
        { op: 'p', call: 'nonce', command: 'wt remove', at: AT, effect: trashed('b') },
      ],
    },
  ]);
  expect((await stat(file)).mode & 0o777).toBe(0o600);
});

test('lines of another kind, of a forged id or of a later wt are passed over', async () => {
  const { dir } = await makeRoom();
  const lines = [
    JSON.stringify(operation('1', 'x')),
    JSON.stringify({ ...operation('2', 'x'), effect: { ...trashed('a'), id: '../../evil' } }),
    JSON.stringify({ ...operation('3', 'x'), effect: { kind: 'teleported', id: 'a' } }),
    '{"op":',
  ];
  await writeFile(`${dir}/f`, lines.join('\n'));
  expect((await listCalls(`${dir}/f`)).flatMap(({ operations }) => operations.map(({ op }) => op))).toEqual(['1']);
  expect(await readFile(`${dir}/f`, 'utf8')).toBe(lines.join('\n'));
});

test('what an older wt wrote of a session that came to be is read', () => {
  const effect = { kind: 'made', id: 'a', isRestored: true, carried: null };
  expect(Operation.parse({ ...operation('1', 'x'), effect }).effect).toEqual({ ...effect, hadBranch: false });
});

test('every effect names its session', () => {
  expect(idOfEffect(trashed('a'))).toBe('a');
  expect(idOfEffect({ kind: 'adopted', row: makeRow('b') })).toBe('b');
});
