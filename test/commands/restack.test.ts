import { expect, test } from 'vitest';
import type { Strategy } from '#src/config/schema.ts';
import type { Restacked } from '#src/landing/sync/restack.ts';
import { landAlone } from '#src/landing/train.ts';
import { openRepo } from '#src/sessions/open.ts';
import { renderRestacked } from '#src/ui/restack.ts';
import { createTheme } from '#src/ui/theme.ts';
import { makeDeps } from '../support/deps.ts';
import { photograph } from '../support/invariants.ts';
import { failure, leftovers } from '../support/listing.ts';
import { makeBench, type Bench } from '../support/wt.ts';

/** `upper` is cut from `lower`, both with a commit of their own; main has gone on. */
async function makeStack(): Promise<Bench> {
  const bench = await makeBench({ f: '1\n2\n3\n4\n5\n6\n7\n', other: 'one\n' });
  await bench.wt('create', 'lower');
  await bench.work('lower', { f: '1 in lower\n2\n3\n4\n5\n6\n7\n' }, 'lower');
  await bench.wt('create', 'upper', '--base', 'lower');
  await bench.work('upper', { f: '1 in lower\n2\n3\n4\n5\n6\n7 in upper\n' }, 'upper');
  await bench.write({ other: 'two\n' });
  await bench.git('commit', '-qam', 'meanwhile');
  return bench;
}

/** Lands the lower one in one call, and tells what became of the upper one. */
async function land({ room, root }: Bench, strategy: Strategy = 'merge'): Promise<readonly Restacked[]> {
  const deps = makeDeps(room, root);
  const repo = await openRepo(deps);
  const request = {
    id: 'lower',
    into: undefined,
    strategy,
    message: undefined,
    template: undefined,
    requireApproval: false,
  };
  const checks = {
    approved: undefined,
    gate: undefined,
    gateTimeoutMs: 60_000,
    retries: 0,
    onGate: () => {},
    onLine: () => {},
  };
  const { restacked } = await landAlone(repo, request, checks);
  deps.identity.dispose();
  return restacked;
}

const baseOf = async (bench: Bench): Promise<unknown> =>
  (await bench.data<{ session: { base: unknown } }>('show', 'upper')).session.base;

test('the id of a session as a base means its branch', async () => {
  const bench = await makeStack();
  expect(await baseOf(bench)).toEqual({ branch: 'wt/lower', commit: await bench.git('rev-parse', 'wt/lower') });
});

test('a branch or a tag of the same name comes before a session', async () => {
  const bench = await makeStack();
  await bench.git('branch', 'lower', 'main');
  await bench.wt('create', 'other', '--base', 'lower');
  const { session } = await bench.data<{ session: { base: unknown } }>('show', 'other');
  expect(session.base).toEqual({ branch: 'lower', commit: await bench.git('rev-parse', 'main') });
});

test.for(['merge', 'squash', 'rebase'] as const)(
  'after a landing by %s the upper session lies on the target with its own commits alone',
  async (strategy) => {
    const bench = await makeStack();
    expect(await land(bench, strategy)).toMatchObject([{ kind: 'synced', id: 'upper' }]);
    expect(await bench.git('log', '--format=%s', 'main..wt/upper')).toBe('upper');
    expect(await bench.git('show', 'wt/upper:f')).toBe('1 in lower\n2\n3\n4\n5\n6\n7 in upper');
    expect(await baseOf(bench)).toEqual({ branch: 'main', commit: await bench.git('rev-parse', 'main') });
    expect(await bench.room.git(bench.at('upper'), 'status', '--porcelain')).toBe('');
    expect(await leftovers(bench.root)).toEqual([]);
  },
);

test('one undo takes the landing back and what it did to the session above', async () => {
  const bench = await makeStack();
  const look = async (): Promise<unknown> => {
    const { refs, trees } = await photograph(bench);
    return { base: await baseOf(bench), trees, refs: refs.split('\n').filter((ref) => !ref.includes('refs/wt/')) };
  };
  const before = await look();
  await land(bench, 'squash');
  expect((await bench.wt('undo')).code).toBe(0);
  expect(await look()).toEqual(before);
});

test('a dirty session gets the new base and is left for a sync, which then works', async () => {
  const bench = await makeStack();
  await bench.room.write(bench.at('upper'), { draft: 'x\n' });
  const tip = await bench.git('rev-parse', 'wt/upper');
  const cut = await bench.git('rev-parse', 'wt/lower');
  expect(await land(bench, 'squash')).toMatchObject([{ kind: 'left', id: 'upper', error: { code: 'session.dirty' } }]);
  expect(await bench.git('rev-parse', 'wt/upper')).toBe(tip);
  expect(await baseOf(bench)).toEqual({ branch: 'main', commit: cut });
  expect((await bench.wt('sync', 'upper', '--include-dirty')).code).toBe(0);
  expect(await bench.git('log', '--format=%s', 'main..wt/upper')).toBe('upper');
});

test('undo of a landing gives a session that was left its old base back', async () => {
  const bench = await makeStack();
  await bench.room.write(bench.at('upper'), { draft: 'x\n' });
  const before = await baseOf(bench);
  await land(bench);
  expect((await bench.wt('undo')).code).toBe(0);
  expect(await baseOf(bench)).toEqual(before);
});

test('a session that has gone since does not keep the landing from being taken back', async () => {
  const bench = await makeStack();
  await bench.room.write(bench.at('upper'), { draft: 'x\n' });
  await land(bench);
  await bench.wt('remove', 'upper', '--force');
  expect((await bench.wt('undo', 'lower')).code).toBe(0);
});

test('a session that conflicts with the target is left as it is, with the new base', async () => {
  const bench = await makeStack();
  await bench.write({ f: '1\n2\n3\n4\n5\n6\n7 in main\n' });
  await bench.git('commit', '-qam', 'the same line');
  const tip = await bench.git('rev-parse', 'wt/upper');
  expect(await land(bench)).toMatchObject([{ kind: 'left', error: { code: 'merge.conflict' } }]);
  expect(await bench.git('rev-parse', 'wt/upper')).toBe(tip);
  expect(await failure(bench, 'sync', 'upper')).toMatchObject({ exit: 6, fix: ['wt', 'sync', 'upper', '--resolve'] });
});

test('a session in which a conflict is being resolved goes on with that, on the new base', async () => {
  const bench = await makeStack();
  await bench.work('lower', { f: '1 in lower\n2\n3\n4\n5\n6\n7 in lower too\n' }, 'the same line');
  await bench.wt('sync', 'upper', '--resolve');
  expect(await land(bench)).toMatchObject([{ kind: 'left', error: { code: 'session.operation' } }]);
  await bench.room.write(bench.at('upper'), { f: '1 in lower\n2\n3\n4\n5\n6\n7 in both\n' });
  expect((await bench.wt('sync', 'upper', '--continue')).code).toBe(0);
  expect((await bench.wt('sync', 'upper', '--strategy', 'merge')).code).toBe(0);
});

test('a fast-forward needs no rebase: the session above has it already', async () => {
  const bench = await makeStack();
  await bench.wt('sync', 'lower');
  await bench.wt('sync', 'upper');
  const tip = await bench.git('rev-parse', 'wt/upper');
  expect(await land(bench, 'ff')).toEqual([{ kind: 'current', id: 'upper' }]);
  expect(await bench.git('rev-parse', 'wt/upper')).toBe(tip);
  expect(await baseOf(bench)).toEqual({ branch: 'main', commit: await bench.git('rev-parse', 'main') });
});

test('--all brings a stack on from below, and drops nothing of it', async () => {
  const bench = await makeStack();
  expect((await bench.wt('sync', '--all')).code).toBe(0);
  expect(await bench.git('log', '--format=%s', 'main..wt/lower')).toBe('lower');
  expect(await bench.git('log', '--format=%s', 'wt/lower..wt/upper')).toBe('upper');
  expect(await bench.git('merge-base', 'wt/lower', 'wt/upper')).toBe(await bench.git('rev-parse', 'wt/lower'));
});

test('a session whose lower one was amended takes only its own commits along', async () => {
  const bench = await makeStack();
  await bench.room.write(bench.at('lower'), { f: '1 in lower, amended\n2\n3\n4\n5\n6\n7\n' });
  await bench.room.git(bench.at('lower'), 'commit', '-qa', '--amend', '-m', 'lower, amended');
  expect((await bench.wt('sync', 'upper')).code).toBe(0);
  expect(await bench.git('log', '--format=%s', 'main..wt/upper')).toBe('upper\nlower, amended');
  expect(await bench.git('show', 'wt/upper:f')).toBe('1 in lower, amended\n2\n3\n4\n5\n6\n7 in upper');
});

test('what became of the session above is said in a line, with the next step', async () => {
  const look = { theme: createTheme(0), isTerminal: false, width: 80, now: new Date(0) };
  const bench = await makeStack();
  await bench.room.write(bench.at('upper'), { draft: 'x\n' });
  const left = renderRestacked(await land(bench), 'main', look);
  expect(left).toBe(
    '! upper was cut from it, has main as its base now, and is to be synced: uncommitted work: 1 untracked (draft)\n  next  wt sync upper\n',
  );
  const synced = { kind: 'synced', id: 'upper', from: 'a'.repeat(40), to: 'b'.repeat(40) } as const;
  const said = renderRestacked([synced, { kind: 'current', id: 'other' }], 'main', look);
  expect(said).toBe(
    '✓ upper was cut from it and is on main now  aaaaaaa..bbbbbbb\nother was cut from it and has main as its base now\n',
  );
});
