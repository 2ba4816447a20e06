import { expect, test } from 'vitest';
import { makeHook, makeRun } from '../support/agent-facts.ts';
import { DEAD } from '../support/dead.ts';
import { tell } from '../support/told.ts';
import { makeBench, type Bench } from '../support/wt.ts';

interface Data {
  readonly sessions: readonly {
    id: string;
    status: string;
    events?: readonly string[];
    next: readonly string[] | null;
  }[];
  readonly others: Readonly<Record<string, number>>;
  readonly left: number;
  readonly gone: readonly { id: string; event: string }[];
  readonly seq: number;
}

const working = makeHook({ turn: 'working', reason: null });

async function makeSessions(): Promise<Bench> {
  const bench = await makeBench();
  for (const [id, task] of [
    ['search', 'Find without regard to case\nand more'],
    ['login', 'Go back to the page asked for'],
    ['vat', 'Add VAT'],
  ] as const)
    await bench.wt('create', id, '--task', task, '--agent', 'claude');
  await tell(bench, 'login', { run: makeRun({ how: 'tmux' }), hook: makeHook() }, { event: 'session.agent.waiting' });
  await tell(bench, 'search', { hook: working }, { event: 'session.agent.working' });
  await bench.room.write(bench.at('search'), { x: '1\n' });
  await bench.work('vat', { vat: '1\n' });
  await bench.wt('done', 'vat', '--summary', 'VAT is in');
  return bench;
}

test('tells of all sessions in the order of their ids, with times instead of ages, and ends with the number to go on from', async () => {
  const { wt } = await makeSessions();
  expect((await wt('summary')).stdout).toMatchInlineSnapshot(`
    "Sessions
    - login  claude  on main  Go back to the page asked for
    - search  claude  on main  Find without regard to case
    - vat  claude  on main  Add VAT

    State
    - login  waiting (permission), by claude hook since 2026-01-01T10:01:00.000Z; next: wt attach login
    - search  working, by claude hook since 2026-01-01T10:01:00.000Z; ?1
    - vat  done; ↑1; said done: VAT is in; next: wt approve vat
    Next time: wt summary --since 9
    "
  `);
});

test('is the same text for the same state, whenever it is asked', async () => {
  const { wt } = await makeSessions();
  const { stdout } = await wt('summary');
  expect((await wt('summary', { now: '2027-01-01T00:00:00.000Z' })).stdout).toBe(stdout);
});

test('begins with what seldom changes: news of an agent leave the beginning as it was', async () => {
  const bench = await makeSessions();
  const head = async (): Promise<string> => (await bench.wt('summary')).stdout.split('State')[0] ?? '';
  const before = await head();
  await tell(bench, 'search', { hook: makeHook() }, { event: 'session.agent.waiting' });
  expect(await head()).toBe(before);
});

test('with --since only what has changed is told, and how', async () => {
  const bench = await makeSessions();
  const { seq } = await bench.data<Data>('summary');
  expect((await bench.wt('summary', '--since', `${seq}`)).stdout).toBe(
    `Since ${seq}\nand 3 others unchanged: 1 waiting, 1 done, 1 working\nnothing has changed\nNext time: wt summary --since ${seq}\n`,
  );
  await tell(bench, 'search', { hook: makeHook({ reason: 'question' }) }, { event: 'session.agent.waiting' });
  await bench.wt('create', 'new');
  await bench.wt('remove', 'vat', '--force');
  expect((await bench.wt('summary', '--since', `${seq}`)).stdout).toMatchInlineSnapshot(`
    "Since 9
    - new  new; happened: create
    - search  waiting (question), by claude hook since 2026-01-01T10:01:00.000Z; ?1; happened: agent.waiting; next: wt show search
    and 1 other unchanged: 1 waiting
    gone: vat (remove.after)
    Next time: wt summary --since 14
    "
  `);
  const delta = await bench.data<Data>('summary', '--since', `${seq}`);
  expect(delta.sessions.map(({ id, status, events }) => [id, status, events])).toEqual([
    ['new', 'new', ['session.create.after']],
    ['search', 'waiting', ['session.agent.waiting']],
  ]);
  expect(delta).toMatchObject({ gone: [{ id: 'vat', event: 'session.remove.after' }], others: { waiting: 1 } });
  expect(await bench.data<Data>('summary', '--since', `${delta.seq}`)).toMatchObject({ sessions: [], gone: [] });
});

test('a commit by hand, a death that nobody saw, and a conflict with what has landed are news too', async () => {
  const bench = await makeSessions();
  await bench.wt('approve', 'vat', '--yes');
  const { seq } = await bench.data<Data>('summary');
  const changed = async (): Promise<readonly string[]> =>
    (await bench.data<Data>('summary', '--since', `${seq}`)).sessions.map(({ id, status }) => `${id} ${status}`);
  expect(await changed()).toEqual([]);
  await tell(bench, 'search', { run: makeRun({ owner: DEAD }) });
  expect(await changed()).toEqual(['search failed']);
  await new Promise((resolve) => setTimeout(resolve, 1100));
  await bench.work('login', { vat: 'other\n' });
  expect(await changed()).toEqual(['login waiting', 'search failed']);
});

test('stays below 8 kB, with the most urgent of many sessions and a count of the others', async () => {
  const bench = await makeBench();
  const ids = Array.from({ length: 22 }, (_, i) => `session-with-a-long-name-${i}`);
  for (const id of ids) await bench.wt('create', id, '--task', `${'Täsk 日本 '.repeat(60)}${id}`);
  const urgent = ids[21] ?? '';
  await tell(bench, urgent, { hook: makeHook() }, { event: 'session.agent.waiting' });
  for (const argv of [
    ['summary'],
    ['summary', '--json'],
    ['summary', '--since', '0'],
    ['summary', '--since', '0', '--json'],
  ]) {
    const { raw } = await bench.wt(...argv);
    expect(Buffer.byteLength(raw)).toBeLessThan(8300);
    expect(raw).toContain(urgent);
  }
  const { sessions, others, left } = await bench.data<Data>('summary');
  expect(sessions.length + left).toBe(22);
  expect(others).toEqual({ new: left });
  const shown = sessions.map(({ id }) => id);
  expect(shown).toEqual(shown.toSorted());
});
