import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import type { SessionView } from '#src/sessions/view.ts';
import { failure } from '../support/listing.ts';
import { makeBench, type Bench } from '../support/wt.ts';

async function makeReady(task = 'Add the feature'): Promise<Bench & { tip: string }> {
  const bench = await makeBench();
  await bench.wt('create', 'a', '--task', task);
  const tip = await bench.work('a', { 'feature.txt': 'feature\n' }, 'add feature.txt');
  return { ...bench, tip };
}

async function viewOf({ data }: Bench, id = 'a'): Promise<SessionView> {
  const { sessions } = await data<{ sessions: SessionView[] }>('list', '--all');
  const found = sessions.find((view) => view.id === id);
  if (found === undefined) throw new Error(`no ${id}`);
  return found;
}

test('approves exactly the tip, and the list says so', async () => {
  const bench = await makeReady();
  const { code, stdout } = await bench.wt('approve', 'a', '--yes');
  expect({ code, stdout }).toEqual({
    code: 0,
    stdout: '✓ Approved a at <short>  1 commit, 1 file  wt merge a lands it\n',
  });
  expect(await viewOf(bench)).toMatchObject({
    status: 'approved',
    approved: { commit: bench.tip, by: 'user', isStale: false, since: 0 },
  });
  const shown = await bench.wt('show', 'a');
  expect(shown.stdout).toMatch(/approved +approved \d+s ago by user/);
  expect(shown.stdout).toContain('next      wt merge a');
  expect((await bench.wt('list', { columns: 120 })).stdout).toMatch(/approved \d+s ago by user · Add the feature/);
});

test('answers with the approval as JSON, and the record has it', async () => {
  const bench = await makeReady();
  const answer = await bench.data('approve', 'a', '--yes');
  expect(answer).toEqual({
    id: 'a',
    approved: { commit: bench.tip, at: expect.any(String), by: 'user' },
    before: null,
    commits: [bench.tip],
    files: ['feature.txt'],
  });
  const { events } = await bench.data<{ events: object[] }>('events');
  expect(events.at(-1)).toMatchObject({
    event: 'session.approve.after',
    session: 'a',
    by: 'user',
    data: { commit: bench.tip, commits: 1 },
  });
});

test('shows what is approved before it asks; no answer changes nothing', async () => {
  const bench = await makeReady();
  const before = await readFile(`${bench.root}/.worktrees/sessions.json`, 'utf8');
  expect((await bench.wt('approve', 'a', '--dry-run')).stdout).toMatchInlineSnapshot(`
    "a at <short>  for main
      Add the feature

    1 commit
      <short> add feature.txt

    1 file  +1 -0
      feature.txt  +1 -0

    Nothing was changed.
    "
  `);
  expect(await failure(bench, 'approve', 'a')).toMatchObject({
    exit: 8,
    code: 'confirm.required',
    fix: ['wt', 'approve', 'a', '--yes'],
  });
  expect((await bench.wt('approve', 'a', { answer: false, columns: 80 })).stdout).toBe('Nothing was approved.\n');
  expect(await readFile(`${bench.root}/.worktrees/sessions.json`, 'utf8')).toBe(before);
  expect((await bench.wt('approve', 'a', { answer: true, columns: 80 })).code).toBe(0);
  expect((await viewOf(bench)).status).toBe('approved');
});

test('one more commit makes it stale, and the next approval is asked for', async () => {
  const bench = await makeReady();
  await bench.wt('approve', 'a', '--yes');
  await bench.work('a', { 'more.txt': 'more\n' }, 'more');
  expect(await viewOf(bench)).toMatchObject({
    status: 'ready',
    approved: { commit: bench.tip, isStale: true, since: 1 },
  });
  const { stdout } = await bench.wt('show', 'a');
  expect(stdout).toContain('approved, but 1 commit since');
  expect(stdout).toContain('next      wt approve a');
  const again = await bench.data<{ before: { commit: string } }>('approve', 'a', '--yes');
  expect(again.before.commit).toBe(bench.tip);
  expect((await viewOf(bench)).status).toBe('approved');
});

test('an amended commit is not the one that was approved', async () => {
  const bench = await makeReady();
  await bench.wt('approve', 'a', '--yes');
  await bench.room.git(bench.at('a'), 'commit', '--quiet', '--amend', '-m', 'amended');
  expect(await viewOf(bench)).toMatchObject({ status: 'ready', approved: { isStale: true, since: null } });
  expect((await bench.wt('show', 'a')).stdout).toContain('approved, but its commits were rewritten since');
});

test('approved twice is approved once', async () => {
  const bench = await makeReady();
  const first = await bench.data<{ approved: object }>('approve', 'a', '--yes');
  const second = await bench.data<{ approved: object }>('approve', 'a', '--yes');
  expect(second.approved).toEqual(first.approved);
  const { events } = await bench.data<{ events: { event: string }[] }>('events');
  expect(events.filter(({ event }) => event === 'session.approve.after')).toHaveLength(1);
  expect((await bench.wt('approve', 'a', '--yes')).stdout).toMatch(/^a is approved at <short> already/);
});

test('--revoke takes it back, also when there is nothing to take back', async () => {
  const bench = await makeReady();
  expect((await bench.wt('approve', 'a', '--revoke')).stdout).toBe('a was not approved.\n');
  await bench.wt('approve', 'a', '--yes');
  expect((await bench.wt('approve', 'a', '--revoke', '--dry-run')).code).toBe(0);
  expect((await viewOf(bench)).status).toBe('approved');
  expect((await bench.wt('approve', 'a', '--revoke')).stdout).toContain('Took back the approval of a');
  const view = await viewOf(bench);
  expect({ status: view.status, hasWord: 'approved' in view }).toEqual({ status: 'ready', hasWord: false });
});

test.for([
  ['its own worktree', (bench: Bench) => ({ cwd: bench.at('a') })],
  ['the worktree of another session', (bench: Bench) => ({ cwd: bench.at('b') })],
  ['a program that wt exec started', () => ({ env: { WT_ID: 'b' } })],
  ['an environment that names a session', () => ({ env: { WT_SESSION: 'b' } })],
] as const)('an agent cannot approve: called from %s', async ([, stageOf]) => {
  const bench = await makeReady();
  await bench.wt('create', 'b');
  const before = await readFile(`${bench.root}/.worktrees/sessions.json`, 'utf8');
  for (const flags of [['--yes'], ['--dry-run'], ['--revoke'], ['--yes', '-C', bench.root]])
    expect(await failure(bench, 'approve', 'a', ...flags, stageOf(bench))).toMatchObject({
      exit: 8,
      code: 'approval.required',
      changed: false,
    });
  expect(await readFile(`${bench.root}/.worktrees/sessions.json`, 'utf8')).toBe(before);
});

test('uncommitted work is refused, because it would not be part of what was approved', async () => {
  const bench = await makeReady();
  await bench.room.write(bench.at('a'), { 'new.txt': 'new\n' });
  expect(await failure(bench, 'approve', 'a', '--yes')).toMatchObject({
    exit: 4,
    code: 'session.dirty',
    fix: ['wt', 'commit', 'a'],
  });
  expect('approved' in (await viewOf(bench))).toBe(false);
});

test('a session without commits, and one that has landed, have nothing to approve', async () => {
  const bench = await makeReady();
  await bench.wt('create', 'b');
  expect(await failure(bench, 'approve', 'b', '--yes')).toMatchObject({ exit: 4, code: 'session.empty' });
  await bench.wt('merge', 'a', '--yes');
  expect(await failure(bench, 'approve', 'a', '--yes')).toMatchObject({ exit: 4, code: 'session.empty' });
});

test('what was shown is what is approved: a commit that comes between the two is not', async () => {
  const bench = await makeReady();
  let isDone = false;
  const { code, stderr } = await bench.wt('approve', 'a', {
    answer: true,
    columns: 80,
    wrap: (run) => async (request) => {
      if (request.file === 'mkfifo' && !isDone) {
        isDone = true;
        await bench.work('a', { 'late.txt': 'late\n' }, 'late');
      }
      return run(request);
    },
  });
  expect({ isDone, code }).toEqual({ isDone: true, code: 9 });
  expect(stderr).toContain('next: wt approve a');
  expect('approved' in (await viewOf(bench))).toBe(false);
});

test('an approval is not among what wt undo takes back', async () => {
  const bench = await makeReady();
  await bench.room.write(bench.at('a'), { 'b.txt': 'b\n' });
  await bench.wt('commit', 'a', '-m', 'by wt');
  await bench.wt('approve', 'a', '--yes');
  await bench.wt('done', 'a');
  expect((await bench.wt('undo')).code).toBe(0);
  expect(await bench.git('rev-parse', 'wt/a')).toBe(bench.tip);
  expect(await viewOf(bench)).toMatchObject({ approved: { isStale: true }, done: { isStale: true } });
});

test('an approval goes into the trash with its session, and comes back', async () => {
  const bench = await makeReady();
  await bench.wt('approve', 'a', '--yes');
  await bench.wt('remove', 'a', '--force');
  await bench.wt('restore', 'a');
  expect(await viewOf(bench)).toMatchObject({ status: 'approved', approved: { isStale: false } });
});
