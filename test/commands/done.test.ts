import { expect, test } from 'vitest';
import type { SessionView } from '#src/sessions/view.ts';
import { tell } from '../support/told.ts';
import { makeBench, type Bench, type Stage } from '../support/wt.ts';

async function makeWorked(): Promise<Bench & { tip: string }> {
  const bench = await makeBench();
  await bench.wt('create', 'a', '--agent', 'claude');
  const tip = await bench.work('a', { 'feature.txt': 'feature\n' }, 'add feature.txt');
  return { ...bench, tip };
}

async function viewOf({ data }: Bench): Promise<SessionView> {
  const { sessions } = await data<{ sessions: SessionView[] }>('list', '--all');
  const [view] = sessions;
  if (view === undefined) throw new Error('no session');
  return view;
}

test('an agent says inside its session that it is done; the list has it until the next commit', async () => {
  const bench = await makeWorked();
  const { code, stdout } = await bench.wt('done', '--summary', 'Redirects,\nwith tests', { cwd: bench.at('a') });
  expect({ code, stdout }).toEqual({
    code: 0,
    stdout: '✓ a done at <short>  a person looks at it next: wt approve a\n',
  });
  expect(await viewOf(bench)).toMatchObject({
    status: 'done',
    done: {
      commit: bench.tip,
      by: 'claude',
      failed: false,
      summary: 'Redirects,\nwith tests',
      isStale: false,
      since: 0,
    },
  });
  expect((await bench.wt('show', 'a')).stdout).toMatch(/done +done \d+s ago by claude: Redirects,\n/);
  await bench.work('a', { 'more.txt': '1\n' }, 'more');
  expect(await viewOf(bench)).toMatchObject({ status: 'ready', done: { isStale: true, since: 1 } });
});

test('said from outside it needs the id, and is the word of the user', async () => {
  const bench = await makeWorked();
  expect((await bench.wt('done')).code).toBe(2);
  expect(await bench.data('done', 'a')).toEqual({
    id: 'a',
    done: { commit: bench.tip, at: expect.any(String), by: 'user', summary: null, failed: false },
    uncommitted: false,
  });
  const { events } = await bench.data<{ events: object[] }>('events');
  expect(events.at(-1)).toMatchObject({ event: 'session.done.after', session: 'a', data: { commit: bench.tip } });
});

test('an agent speaks for itself wherever it calls from: its session, a folder beside with -C, or by its variables', async () => {
  const bench = await makeBench();
  await bench.wt('create', 'a', '--agent', 'codex');
  const by = async (stage: Stage): Promise<string> => {
    const { done } = await bench.data<{ done: { by: string } }>('-C', bench.root, 'done', 'a', stage);
    return done.by;
  };
  expect(await by({ cwd: bench.at('a') })).toBe('codex');
  expect(await by({ env: { WT_SESSION: 'a' } })).toBe('codex');
  expect(await by({})).toBe('user');
  // What runs there counts more than what the session was made for.
  await tell(bench, 'a', {});
  expect(await by({ cwd: bench.at('a') })).toBe('claude');
});

test('a session of no agent speaks by its id', async () => {
  const bench = await makeBench();
  await bench.wt('create', 'b');
  const { done } = await bench.data<{ done: { by: string } }>('done', { cwd: bench.at('b') });
  expect(done.by).toBe('b');
});

test('--fail says that it failed, also over uncommitted work', async () => {
  const bench = await makeWorked();
  await bench.room.write(bench.at('a'), { 'half.txt': 'half\n' });
  const { code, stdout, stderr } = await bench.wt('done', 'a', '--fail', '--summary', 'The API is gone');
  expect({ code, stdout }).toEqual({
    code: 0,
    stdout: '! a failed at <short>  a person looks at it next: wt diff a\n',
  });
  expect(stderr).toContain('uncommitted work is not part of it');
  expect((await viewOf(bench)).status).toBe('failed');
  expect((await bench.wt('show', 'a')).stdout).toMatch(/done +failed \d+s ago by user: The API is gone/);
});

test('done over uncommitted work is taken, warned of, and shown as dirty', async () => {
  const bench = await makeWorked();
  await bench.room.write(bench.at('a'), { 'half.txt': 'half\n' });
  const { raw } = await bench.wt('done', 'a', '--json');
  expect(JSON.parse(raw)).toMatchObject({
    data: { uncommitted: true },
    warnings: ['uncommitted work is not part of it: wt commit a, then wt done again'],
  });
  expect((await viewOf(bench)).status).toBe('dirty');
});

test('said again it replaces the one before', async () => {
  const bench = await makeWorked();
  await bench.wt('done', 'a', '--fail');
  await bench.wt('done', 'a', '--summary', 'now it is');
  expect(await viewOf(bench)).toMatchObject({ status: 'done', done: { failed: false, summary: 'now it is' } });
});

test('it approves nothing, and a person’s approval counts more', async () => {
  const bench = await makeWorked();
  await bench.wt('done', 'a');
  expect('approved' in (await viewOf(bench))).toBe(false);
  await bench.wt('approve', 'a', '--yes');
  expect((await viewOf(bench)).status).toBe('approved');
});

test('of a failure and an approval of the same commit the later one counts', async () => {
  const bench = await makeWorked();
  await bench.wt('done', 'a', '--fail', { now: '2026-01-01T10:00:00.000Z' });
  await bench.wt('approve', 'a', '--yes', { now: '2026-01-01T11:00:00.000Z' });
  expect((await viewOf(bench)).status).toBe('approved');
  await bench.wt('done', 'a', '--fail', { now: '2026-01-01T12:00:00.000Z' });
  expect((await viewOf(bench)).status).toBe('failed');
});

test('a session without commits may be done, and it is said', async () => {
  const bench = await makeBench();
  await bench.wt('create', 'a');
  const { code, stderr } = await bench.wt('done', 'a', '--summary', 'Nothing was to do');
  expect({ code, stderr }).toEqual({ code: 0, stderr: '! the session has no commit of its own\n' });
  expect((await viewOf(bench)).status).toBe('done');
});

test('a dry run says it to nobody', async () => {
  const bench = await makeWorked();
  expect((await bench.wt('done', 'a', '-n')).stdout).toBe('Would call a done at <short>\n');
  expect('done' in (await viewOf(bench))).toBe(false);
});

test('what an agent says never reaches the terminal raw', async () => {
  const bench = await makeWorked();
  await bench.wt('done', 'a', '--summary', 'ok\u001b[2J\u202e');
  for (const argv of [['show', 'a'], ['list'], ['approve', 'a', '-n']])
    expect((await bench.wt(...argv, { columns: 120 })).stdout).not.toMatch(/\u001b\[2J|\u202e/);
});
