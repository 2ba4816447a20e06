import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { SessionId } from '#src/core/names.ts';
import type { Ref } from '#src/git/ref.ts';
import { branchPatterns, parseTarget, planCreate, type CreateFacts, type CreateRequest } from '#src/sessions/create.ts';
import { SEED } from '../support/seed.ts';
import { COMMIT, deepFreeze, LAYOUT, makeBook, makeSession, outcomeOf } from '../support/session.ts';

const refAt = (name: string, commit = '2'.repeat(40)): Ref => ({
  name: `refs/heads/${name}`,
  commit,
  tree: '3'.repeat(40),
  subject: 'x',
  committedAt: undefined,
  upstream: undefined,
  behind: 0,
});
const base = { name: 'main', branch: 'main', commit: COMMIT, upstream: undefined, behind: 0 };
const CAPACITY: CreateFacts['capacity'] = {
  limits: {
    limits: { sessions: 0, unreviewed: 0, minFreeDisk: 0, minFreeInodes: 0 },
    origins: { sessions: '', unreviewed: '', minFreeDisk: '', minFreeInodes: '' },
    sessions: 0,
    unreviewed: [],
    disk: undefined,
    need: { bytes: 0, files: 0 },
  },
  strains: [],
  ports: { kind: 'leased', ports: {} },
  wanted: { names: [], from: 20_000, to: 29_999 },
};
const facts = (changes: Partial<CreateFacts> = {}): CreateFacts => ({
  layout: LAYOUT,
  book: makeBook(),
  base,
  branches: [],
  checkedOutAt: undefined,
  occupant: undefined,
  tracked: undefined,
  existingTree: undefined,
  capacity: CAPACITY,
  now: new Date('2026-01-02T00:00:00Z'),
  ...changes,
});
const request = (id: string, changes: Partial<CreateRequest> = {}): CreateRequest => ({
  id: id as SessionId,
  branch: `wt/${id}`,
  isBranchNamed: false,
  base: undefined,
  agent: null,
  task: null,
  reuse: false,
  ...changes,
});
const refusal = (changes: Partial<CreateFacts>, wanted = request('a')): unknown =>
  outcomeOf(() => planCreate(facts(changes), wanted));

describe('the plan of a create', () => {
  test('is pure: the same facts give the same plan or the same refusal, and are left as they were', () => {
    const id = fc.constantFrom('a', 'A', 'b', 'a-b');
    const branch = fc.constantFrom('wt/a', 'wt/A', 'wt/b', 'wt', 'wt/a/x', 'main');
    const session = fc.record({ id, branch, state: fc.constantFrom('creating' as const, 'ready' as const) });
    const rarely = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
      fc.oneof({ weight: 4, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: value });
    const anyFacts = fc.record({
      sessions: fc.uniqueArray(session, { selector: (one) => one.id }),
      branches: fc.uniqueArray(branch),
      checkedOutAt: rarely(fc.constant('/elsewhere')),
      occupant: rarely(fc.record({ what: fc.constant('a folder'), adoptable: fc.boolean() })),
      tracked: rarely(fc.constant('.worktrees/x')),
      existingTree: fc.constantFrom('ok' as const, 'missing' as const, undefined),
    });
    const seen = new Set<string>();
    fc.assert(
      fc.property(
        anyFacts,
        id,
        branch,
        fc.boolean(),
        fc.boolean(),
        (some, wantedId, wantedBranch, isBranchNamed, reuse) => {
          const made = deepFreeze(
            facts({
              ...some,
              book: makeBook(
                ...some.sessions.map((one) => makeSession(one.id, { branch: one.branch, state: one.state })),
              ),
              branches: some.branches.map((name) => refAt(name)),
            }),
          );
          const wanted = deepFreeze(request(wantedId, { branch: wantedBranch, isBranchNamed, reuse }));
          const first = outcomeOf(() => planCreate(made, wanted));
          expect(outcomeOf(() => planCreate(made, wanted))).toEqual(first);
          const { value, thrown } = first as { value?: { kind: string }; thrown?: { name: string; kind: string } };
          expect(thrown?.name ?? 'WtError').toBe('WtError');
          seen.add(value?.kind ?? thrown?.kind ?? 'none');
        },
      ),
      { numRuns: 800, seed: SEED },
    );
    expect([...seen].toSorted()).toEqual(
      [
        'branch.checked-out',
        'branch.exists',
        'create',
        'path.exists',
        'path.unsafe',
        'reuse',
        'session.exists',
      ].toSorted(),
    );
  });

  test('cuts a new branch at the base', () => {
    expect(planCreate(facts(), request('a', { task: 't' }))).toEqual({
      kind: 'create',
      id: 'a',
      branch: 'wt/a',
      path: '/repo/.worktrees/a',
      base,
      start: COMMIT,
      createsBranch: true,
      agent: null,
      task: 't',
      createdAt: '2026-01-02T00:00:00.000Z',
      owns: [],
      after: [],
      ports: {},
      strains: [],
    });
  });

  test('starts at the tip of an existing branch only when that was asked for by name', () => {
    const branches = [refAt('feature/x')];
    const named = request('a', { branch: 'feature/x', isBranchNamed: true });
    expect(planCreate(facts({ branches }), named)).toMatchObject({ start: '2'.repeat(40), createsBranch: false });
    expect(refusal({ branches }, request('a', { branch: 'feature/x' }))).toMatchObject({
      thrown: { kind: 'branch.exists', details: { blocks: null } },
    });
  });

  test('never takes a branch that a session has or a worktree has checked out', () => {
    const book = makeBook(makeSession('other', { branch: 'wt/a' }));
    const named = request('a', { isBranchNamed: true });
    expect(refusal({ book, branches: [refAt('wt/a')] }, named)).toMatchObject({
      thrown: { kind: 'branch.exists', details: { holder: 'other' } },
    });
    expect(refusal({ branches: [refAt('wt/a')], checkedOutAt: '/x' }, named)).toMatchObject({
      thrown: { kind: 'branch.checked-out', details: { path: '/x', holder: null } },
    });
  });

  test('is refused where git keeps one branch as a folder of another', () => {
    for (const blocker of ['wt', 'wt/a/b'])
      expect(refusal({ branches: [refAt(blocker)] })).toMatchObject({
        thrown: { kind: 'branch.exists', details: { blocks: blocker } },
      });
    expect(refusal({ branches: [refAt('wt/ab'), refAt('w')] })).toMatchObject({ value: { kind: 'create' } });
  });

  test('never writes where something lies or git tracks files', () => {
    expect(refusal({ occupant: { what: 'a folder', adoptable: false } })).toMatchObject({
      thrown: { kind: 'path.exists', details: { path: '/repo/.worktrees/a' } },
    });
    expect(refusal({ tracked: '.worktrees/x' })).toMatchObject({ thrown: { kind: 'path.unsafe' } });
    expect(refusal({}, request('../../evil'))).toMatchObject({ thrown: { kind: 'path.unsafe' } });
    expect(refusal({}, request('a/b'))).toMatchObject({ thrown: { kind: 'path.unsafe' } });
  });

  test('reuses a whole session and nothing less', () => {
    const book = makeBook(makeSession('a'));
    const reuse = request('a', { reuse: true });
    expect(refusal({ book, existingTree: 'ok' }, reuse)).toMatchObject({
      value: { kind: 'reuse', session: { id: 'a' } },
    });
    for (const existingTree of ['missing', 'foreign', 'unregistered'] as const)
      expect(refusal({ book, existingTree }, reuse)).toMatchObject({ thrown: { kind: 'session.exists' } });
    const half = makeBook(makeSession('a', { state: 'creating' }));
    expect(refusal({ book: half, existingTree: 'ok' }, reuse)).toMatchObject({ thrown: { kind: 'session.exists' } });
    expect(refusal({ book, existingTree: 'ok' })).toMatchObject({ thrown: { kind: 'session.exists' } });
  });

  test('takes ids that differ only in case for the same', () => {
    const book = makeBook(makeSession('Login'));
    expect(refusal({ book, existingTree: 'ok' }, request('login', { reuse: true }))).toMatchObject({
      thrown: { kind: 'session.exists', details: { id: 'Login' } },
    });
  });
});

describe('what an argument means', () => {
  test.each([
    ['a', undefined, { id: 'a', branch: 'wt/a', isNamedByBranch: false }],
    ['a', 'feature/x', { id: 'a', branch: 'feature/x', isNamedByBranch: false }],
    ['feature/login', undefined, { id: 'feature-login', branch: 'feature/login', isNamedByBranch: true }],
    ['con/x', undefined, { id: 'con-x', branch: 'con/x', isNamedByBranch: true }],
  ])('%j with branch %j', (argument, branch, target) => expect(parseTarget(argument, branch)).toEqual(target));

  test.each([
    ['a b', undefined, 'id.invalid', { id: 'a b', proposal: 'a-b' }],
    ['../evil', undefined, 'id.invalid', { proposal: 'evil' }],
    ['/abs/path', undefined, 'id.invalid', { proposal: 'abs-path' }],
    ['a/b', 'feature/x', 'id.invalid', { id: 'a/b' }],
    ['日/本', undefined, 'id.invalid', { proposal: null }],
    ['feature/a..b', undefined, 'branch.invalid', { branch: 'feature/a..b' }],
    ['a', '-x', 'branch.invalid', { branch: '-x' }],
    ['a', 'a\u202eb', 'branch.invalid', {}],
  ])('%j with branch %j is refused: %s', (argument, branch, kind, details) =>
    expect(outcomeOf(() => parseTarget(argument, branch))).toMatchObject({ thrown: { kind, details } }),
  );

  test('is a valid id and branch, or a refusal, whatever it is', () => {
    const text = fc.string({
      unit: fc.constantFrom('a', 'B', '/', '.', '-', '_', ' ', 'é', '\0', '@', '1'),
      maxLength: 60,
    });
    fc.assert(
      fc.property(text, fc.option(text, { nil: undefined }), (argument, branch) => {
        const { value, thrown } = outcomeOf(() => parseTarget(argument, branch)) as {
          value?: { id: string; branch: string };
          thrown?: { kind: string };
        };
        const isValid = /^[A-Za-z0-9](?:[A-Za-z0-9_-]{0,46}[A-Za-z0-9])?$/.test(value?.id ?? '');
        expect(isValid || ['id.invalid', 'branch.invalid'].includes(thrown?.kind ?? '')).toBe(true);
      }),
      { numRuns: 500 },
    );
  });
});

test('a branch is looked for with every folder that it needs', () => {
  expect(branchPatterns('a/b/c')).toEqual(['refs/heads/[a]', 'refs/heads/a/[b]', 'refs/heads/a/b/c']);
  expect(branchPatterns('!/-b')).toEqual(['refs/heads/!', 'refs/heads/!/-b']);
  expect(branchPatterns('-b/c')).toEqual(['refs/heads/-[b]', 'refs/heads/-b/c']);
});
