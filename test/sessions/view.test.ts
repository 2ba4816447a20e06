import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Status } from '#src/git/status.ts';
import type { Ref } from '#src/git/ref.ts';
import type { Preview } from '#src/landing/radar/preview.ts';
import type { Proof } from '#src/landing/proof/proof.ts';
import type { Inspection } from '#src/sessions/inspect.ts';
import { selectViews } from '#src/sessions/list.ts';
import { nextStep } from '#src/sessions/next.ts';
import { byAttention, STATUSES } from '#src/sessions/status.ts';
import { SessionView, TREES, viewSession } from '#src/sessions/view.ts';
import { deepFreeze, makeSession } from '../support/session.ts';

const clean: Status = { staged: [], modified: [], untracked: [], conflicted: [], ignored: [] };
const branch: Ref = {
  name: 'refs/heads/wt/a',
  commit: '2'.repeat(40),
  tree: '3'.repeat(40),
  subject: 'work',
  committedAt: '2026-01-02T00:00:00.000Z',
  upstream: undefined,
  behind: 0,
};
const inspection = (changes: Partial<Inspection> = {}): Inspection => ({
  session: makeSession('a'),
  tree: 'ok',
  branch,
  base: { ...branch, name: 'refs/heads/main' },
  switchedTo: undefined,
  status: clean,
  operation: undefined,
  distance: { ahead: 0, behind: 0, isContained: true },
  trouble: undefined,
  ...changes,
});
const ahead = { ahead: 1, behind: 0, isContained: false };
const dirty = { ...clean, modified: ['x'] };
const conflicted = { ...clean, conflicted: ['x'] };
const conflicting: Preview = { conflicts: ['x'], addsNothing: false };

describe('the status of a session', () => {
  const cases: readonly (readonly [string, Partial<Inspection>, Proof | undefined, Preview | undefined])[] = [
    ['new', {}, undefined, undefined],
    ['new', {}, 'empty', undefined],
    ['ready', { distance: ahead }, undefined, { conflicts: [], addsNothing: false }],
    ['dirty', { distance: ahead, status: dirty }, undefined, undefined],
    ['landed', {}, 'ancestor', undefined],
    ['landed', { distance: ahead }, 'patch-id', conflicting],
    ['conflict', { distance: ahead }, undefined, conflicting],
    ['conflict', { distance: ahead, status: dirty }, undefined, conflicting],
    ['conflict', { status: conflicted, operation: 'merge' }, 'ancestor', undefined],
    ['busy', { operation: 'rebase', status: dirty }, undefined, undefined],
    ['busy', { session: makeSession('a', { state: 'creating' }), tree: 'missing' }, undefined, undefined],
    ['broken', { tree: 'missing', status: undefined }, 'ancestor', undefined],
    ['broken', { tree: 'foreign', status: undefined }, undefined, undefined],
    ['broken', { branch: undefined, distance: undefined }, undefined, undefined],
    ['broken', { trouble: 'fatal', status: undefined }, undefined, undefined],
    ['broken', { switchedTo: 'refs/heads/x', status: dirty }, 'ancestor', undefined],
    ['broken', { switchedTo: null }, undefined, undefined],
  ];
  test.each(cases)('is %s', (status, changes, proof, preview) => {
    expect(viewSession(inspection(changes), proof, preview).status).toBe(status);
  });

  const at = '2026-01-02T00:00:00.000Z';
  const approvedAt = (commit: string): Partial<Inspection> => ({
    session: makeSession('a', { approved: { commit, at, by: 'user' } }),
    distance: ahead,
  });
  const doneAt = (commit: string, failed: boolean): Partial<Inspection> => ({
    session: makeSession('a', { done: { commit, at, by: 'claude', summary: null, failed } }),
    distance: ahead,
  });
  const tip = branch.commit;
  const older = '4'.repeat(40);
  const words: typeof cases = [
    ['approved', approvedAt(tip), undefined, undefined],
    ['ready', approvedAt(older), undefined, undefined],
    ['dirty', { ...approvedAt(tip), status: dirty }, undefined, undefined],
    ['conflict', approvedAt(tip), undefined, conflicting],
    ['landed', approvedAt(tip), 'ancestor', undefined],
    ['busy', { ...approvedAt(tip), operation: 'rebase' }, undefined, undefined],
    ['broken', { ...approvedAt(tip), switchedTo: null }, undefined, undefined],
    ['done', doneAt(tip, false), undefined, undefined],
    ['ready', doneAt(older, false), undefined, undefined],
    ['dirty', { ...doneAt(tip, false), status: dirty }, undefined, undefined],
    ['failed', doneAt(tip, true), undefined, undefined],
    ['failed', { ...doneAt(tip, true), status: dirty }, undefined, undefined],
    ['ready', doneAt(older, true), undefined, undefined],
    ['conflict', doneAt(tip, true), undefined, conflicting],
  ];
  test.each(words)('with a word on a commit is %s', (status, changes, proof, preview) => {
    expect(viewSession(inspection(changes), proof, preview).status).toBe(status);
  });

  test('never calls a session with uncommitted work new, ready or landed', () => {
    const anyStatus = fc.constantFrom(dirty, conflicted, { ...clean, staged: ['x'] }, { ...clean, untracked: ['x'] });
    const distance = fc.constantFrom(ahead, { ahead: 0, behind: 3, isContained: true });
    fc.assert(
      fc.property(anyStatus, distance, fc.constantFrom('rebase', undefined), (status, measured, operation) => {
        const view = viewSession(inspection({ status, distance: measured, operation }), undefined, undefined);
        expect(['dirty', 'conflict', 'busy']).toContain(view.status);
      }),
    );
  });
});

describe('the view of a session', () => {
  test('has the shape of the contract, whatever was found', () => {
    const anyInspection = fc.record({
      tree: fc.constantFrom('ok' as const, 'missing' as const, 'foreign' as const, 'unregistered' as const),
      branch: fc.constantFrom(branch, undefined),
      base: fc.constantFrom(branch, undefined),
      switchedTo: fc.constantFrom('refs/heads/x', null, undefined),
      status: fc.constantFrom(clean, dirty, undefined),
      operation: fc.constantFrom('rebase', undefined),
      distance: fc.constantFrom(ahead, undefined),
      trouble: fc.constantFrom('fatal', undefined),
    });
    fc.assert(
      fc.property(anyInspection, fc.constantFrom('ancestor' as const, 'empty' as const, undefined), (found, proof) => {
        const view = viewSession(deepFreeze(inspection(found)), proof, undefined);
        expect(SessionView.parse(view)).toEqual(view);
        expect(JSON.stringify(view)).not.toContain('undefined');
        expect('proof' in view).toBe(proof !== undefined);
        expect('operation' in view).toBe(found.operation !== undefined);
      }),
    );
  });

  test('gives null for what is unknown', () => {
    const view = viewSession(
      inspection({ branch: undefined, status: undefined, distance: undefined }),
      undefined,
      undefined,
    );
    expect(view).toMatchObject({ head: null, changes: null, ahead: null, behind: null, tree: 'branch-missing' });
  });
});

const anyView = fc.record({
  id: fc.constantFrom('a', 'b', 'c', 'd'),
  branch: fc.constant('wt/a'),
  base: fc.constant({ branch: 'main', commit: '1' }),
  path: fc.constant('/x'),
  agent: fc.constantFrom('claude', null),
  task: fc.constant(null),
  status: fc.constantFrom(...STATUSES),
  createdAt: fc.constantFrom('2026-01-01T00:00:00.000Z', '2026-01-03T00:00:00.000Z'),
  head: fc.constantFrom(null, { commit: '1', subject: '', committedAt: '2026-01-02T00:00:00.000Z' }),
  changes: fc.constantFrom(null, { staged: 0, modified: 0, untracked: 0, conflicted: 1 }),
  ahead: fc.constant(0),
  behind: fc.constant(0),
  tree: fc.constantFrom(...TREES),
});

describe('a listing', () => {
  test('has one order, whatever order the sessions came in', () => {
    const views = fc.uniqueArray(anyView, { selector: ({ id }) => id });
    fc.assert(
      fc.property(views, (some) => {
        const sorted = some.toSorted(byAttention);
        expect(some.toReversed().toSorted(byAttention)).toEqual(sorted);
        const ranks = sorted.map(({ status }) => STATUSES.indexOf(status));
        expect(ranks).toEqual(ranks.toSorted((a, b) => a - b));
      }),
    );
  });

  test('puts what needs a person first and the latest work before older', () => {
    const view = (id: string, status: (typeof STATUSES)[number], committedAt: string): SessionView => ({
      ...viewSession(inspection(), undefined, undefined),
      id,
      status,
      head: { commit: '1', subject: '', committedAt },
    });
    const views = [
      view('landed', 'landed', '2026-01-09T00:00:00.000Z'),
      view('old', 'ready', '2026-01-02T00:00:00.000Z'),
      view('late', 'ready', '2026-01-08T00:00:00.000Z'),
      view('clash', 'conflict', '2026-01-03T00:00:00.000Z'),
    ];
    const all = { all: true, status: undefined, agent: undefined };
    expect(selectViews(views, all).sessions.map(({ id }) => id)).toEqual(['clash', 'late', 'old', 'landed']);
  });

  test('hides nothing but what has landed, counts what it hides, and shows it when asked', () => {
    const request = fc.record({
      all: fc.boolean(),
      status: fc.option(fc.constantFrom(...STATUSES), { nil: undefined }),
      agent: fc.constantFrom('claude', undefined),
    });
    fc.assert(
      fc.property(fc.array(anyView), request, (views, asked) => {
        const { sessions, hidden } = selectViews(deepFreeze(views), asked);
        const wanted = views.filter(
          (view) => (asked.status ?? view.status) === view.status && (asked.agent ?? view.agent) === view.agent,
        );
        expect(sessions.length + hidden).toBe(wanted.length);
        expect(hidden === 0 || (!asked.all && asked.status === undefined)).toBe(true);
        expect(hidden).toBe(wanted.length - wanted.filter((view) => sessions.includes(view)).length);
        expect(wanted.filter((view) => !sessions.includes(view)).every(({ status }) => status === 'landed')).toBe(true);
      }),
    );
  });
});

describe('the next step', () => {
  test('is a command for every status, and never forces or removes work', () => {
    fc.assert(
      fc.property(anyView, (view) => {
        const step = nextStep(view);
        expect(step.length).toBeGreaterThan(0);
        expect(step).not.toContain('--force');
        expect(step[1] !== 'remove' || view.status === 'broken').toBe(true);
        const isLanding = step[1] === 'merge' && !step.includes('--dry-run');
        expect(!isLanding || ['ready', 'done', 'approved'].includes(view.status)).toBe(true);
      }),
    );
  });

  test('of a session with another branch checked out leads back to its own', () => {
    const view = viewSession(inspection({ switchedTo: 'refs/heads/x' }), undefined, undefined);
    expect(nextStep(view)).toEqual(['git', '-C', '/repo/.worktrees/a', 'switch', 'wt/a']);
  });

  test('leads to the markers when there are some, else shows the conflict', () => {
    const view = viewSession(inspection(), undefined, undefined);
    const changes = { staged: 0, modified: 0, untracked: 0, conflicted: 1 };
    expect(nextStep({ ...view, status: 'conflict', changes })).toEqual(['git', '-C', '/repo/.worktrees/a', 'status']);
    expect(nextStep({ ...view, status: 'conflict' })).toEqual(['wt', 'merge', 'a', '--dry-run']);
    const conflicts = { base: ['f'], sessions: [] };
    expect(nextStep({ ...view, status: 'conflict', conflicts })).toEqual(['wt', 'sync', 'a', '--resolve']);
    const resolving = { verb: 'merge' as const, into: 'main', at: '2026-03-01T12:00:00.000Z' };
    expect(nextStep({ ...view, status: 'conflict', changes, resolving })).toEqual(['wt', 'merge', 'a', '--continue']);
  });

  test('of a session with nothing of its own that is behind is a sync', () => {
    const view = viewSession(inspection(), undefined, undefined);
    expect(nextStep({ ...view, status: 'new', behind: 1 })).toEqual(['wt', 'sync', 'a']);
    expect(nextStep({ ...view, status: 'new', behind: 0 })).toEqual(['cd', '/repo/.worktrees/a']);
  });
});
