import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Status } from '#src/git/status.ts';
import { findReasons, planRemove, type RemoveFacts } from '#src/sessions/remove.ts';
import { findDirt, findObstacles, preciousPaths } from '#src/sessions/safety.ts';
import { SEED } from '../support/seed.ts';
import { deepFreeze, makeSession, outcomeOf } from '../support/session.ts';

const clean: Status = { staged: [], modified: [], untracked: [], conflicted: [], ignored: [] };
const TIP = '2'.repeat(40);
const facts = (changes: Partial<RemoveFacts> = {}): RemoveFacts => ({
  session: makeSession('a'),
  root: '/repo',
  tree: 'ok',
  status: clean,
  hidden: [],
  operation: undefined,
  gitLock: undefined,
  modules: [],
  processes: [],
  mounts: [],
  evidence: { proof: 'ancestor', on: 'refs/heads/main', as: null },
  unlanded: { count: 0, subjects: [] },
  head: { ref: 'refs/heads/wt/a', commit: TIP },
  tip: TIP,
  isBranchElsewhere: false,
  ...changes,
});
const gentle = { force: false, keepBranch: false };
const forced = { force: true, keepBranch: false };
const codesOf = (changes: Partial<RemoveFacts>, request = gentle): readonly string[] => {
  const { thrown } = outcomeOf(() => planRemove(facts(changes), request)) as {
    thrown?: { details: { reasons: { code: string }[] } };
  };
  return thrown?.details.reasons.map(({ code }) => code) ?? [];
};

const WORK: readonly (readonly [string, Partial<RemoveFacts>, string])[] = [
  ['a staged file', { status: { ...clean, staged: ['x'] } }, 'session.dirty'],
  ['a modified file', { status: { ...clean, modified: ['x'] } }, 'session.dirty'],
  ['an untracked file', { status: { ...clean, untracked: ['x'] } }, 'session.dirty'],
  ['a file in conflict', { status: { ...clean, conflicted: ['x'] } }, 'session.dirty'],
  ['an edit hidden from git', { hidden: ['x'] }, 'session.dirty'],
  ['a commit that only it has', { unlanded: { count: 1, subjects: ['abc x'] } }, 'session.unmerged'],
];
const OBSTACLES: readonly (readonly [string, Partial<RemoveFacts>, string])[] = [
  ['a folder of somebody else', { tree: 'foreign' }, 'path.unsafe'],
  ['a worktree that git has lost', { tree: 'unregistered' }, 'path.unsafe'],
  ['a lock', { session: makeSession('a', {}, { locked: '' }) }, 'session.locked'],
  ['a rebase', { operation: 'rebase' }, 'session.operation'],
  ['a git command at work', { gitLock: '/x/index.lock' }, 'session.operation'],
  ['a mount', { mounts: ['/repo/.worktrees/a/m'] }, 'path.mounted'],
  ['a program at work', { processes: [{ pid: 1, command: 'vim', isCaller: false }] }, 'session.live'],
  ['the caller inside', { processes: [{ pid: 1, command: 'sh', isCaller: true }] }, 'session.inside'],
];

describe('a removal', () => {
  test.each(WORK)('is refused for %s, and --force lifts that', (_, changes, code) => {
    expect(codesOf(changes)).toEqual([code]);
    expect(codesOf(changes, forced)).toEqual([]);
    expect(planRemove(facts(changes), forced).forced.map((reason) => reason.code)).toEqual([code]);
  });

  test.each(OBSTACLES)('is refused for %s, forced or not', (_, changes, code) => {
    expect(codesOf(changes)).toEqual([code]);
    expect(codesOf(changes, forced)).toEqual([code]);
  });

  test('is refused with every reason at once, obstacles first', () => {
    const changes = { operation: 'merge', hidden: ['x'], unlanded: { count: 2, subjects: [] } };
    expect(codesOf(changes)).toEqual(['session.operation', 'session.dirty', 'session.unmerged']);
    expect(codesOf(changes, forced)).toEqual(['session.operation']);
    const { firm, soft } = findReasons(facts(changes));
    expect([firm.length, soft.length]).toEqual([1, 2]);
  });

  test('of a clean session that is proven or has nothing of its own goes through', () => {
    expect(planRemove(facts(), gentle)).toMatchObject({
      evidence: { proof: 'ancestor' },
      deletesBranch: true,
      tip: TIP,
      forced: [],
      precious: [],
    });
    expect(planRemove(facts({ tree: 'missing', status: undefined, evidence: undefined }), gentle)).toMatchObject({
      evidence: null,
    });
  });

  test("deletes the branch only when it is the session's own, is there, is nowhere else and was not to be kept", () => {
    const deletes = (changes: Partial<RemoveFacts>, keepBranch = false): boolean =>
      planRemove(facts(changes), { force: true, keepBranch }).deletesBranch;
    expect(deletes({})).toBe(true);
    expect(deletes({}, true)).toBe(false);
    expect(deletes({ session: makeSession('a', { ownsBranch: false }) })).toBe(false);
    expect(deletes({ tip: undefined })).toBe(false);
    expect(deletes({ isBranchElsewhere: true })).toBe(false);
  });

  test('is planned purely: the same facts give the same plan or the same refusal, and are left as they were', () => {
    const name = fc.constantFrom('x', 'b.env', 'node_modules/y');
    const names = fc.uniqueArray(name);
    const status = fc.record({ staged: names, modified: names, untracked: names, conflicted: names, ignored: names });
    const rarely = <T>(usual: T, value: fc.Arbitrary<T>): fc.Arbitrary<T> =>
      fc.oneof({ weight: 6, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: value });
    const process = fc.record({ pid: fc.nat(9), command: name, isCaller: fc.boolean() });
    const anyFacts = fc.record({
      tree: rarely<RemoveFacts['tree']>('ok', fc.constantFrom('missing', 'foreign', 'unregistered')),
      status: rarely<Status | undefined>(clean, fc.option(status, { nil: undefined })),
      hidden: rarely<readonly string[]>([], names),
      operation: rarely<string | undefined>(undefined, fc.constant('rebase')),
      gitLock: rarely<string | undefined>(undefined, fc.constant('/l')),
      processes: rarely<RemoveFacts['processes']>([], fc.array(process, { maxLength: 2 })),
      mounts: rarely<readonly string[]>([], names),
      evidence: fc.constantFrom(
        { proof: 'ancestor' as const, on: 'refs/heads/main', as: null },
        { proof: 'empty' as const, on: null, as: null },
        undefined,
      ),
      unlanded: fc.record({ count: fc.nat(2), subjects: names }),
      tip: fc.constantFrom(TIP, undefined),
      isBranchElsewhere: fc.boolean(),
    });
    const request = fc.record({ force: fc.boolean(), keepBranch: fc.boolean() });
    let [planned, refused] = [0, 0];
    fc.assert(
      fc.property(anyFacts, request, (some, asked) => {
        const made = deepFreeze(facts(some));
        const first = outcomeOf(() => planRemove(made, asked));
        expect(outcomeOf(() => planRemove(made, deepFreeze(asked)))).toEqual(first);
        const { firm, soft } = findReasons(made);
        const isRefused = 'thrown' in first;
        expect(isRefused).toBe(firm.length > 0 || (!asked.force && soft.length > 0));
        if (isRefused) refused++;
        else planned++;
      }),
      { numRuns: 600, seed: SEED },
    );
    expect(Math.min(planned, refused)).toBeGreaterThan(10);
  });
});

test('uncommitted work is counted by kind; a folder that cannot be read has none to tell', () => {
  const status = { staged: ['s'], modified: ['m'], untracked: ['u', 'v'], conflicted: ['c'], ignored: ['i'] };
  expect(findDirt({ status, hidden: ['h'] })).toEqual({
    code: 'session.dirty',
    staged: 1,
    modified: 2,
    untracked: 2,
    hidden: 1,
    paths: ['c', 's', 'm', 'u', 'v', 'h'],
  });
  expect(findDirt({ status: { ...clean, ignored: ['i'] }, hidden: [] })).toBeUndefined();
  expect(findDirt({ status: undefined, hidden: [] })).toBeUndefined();
});

test('an obstacle says what it is, and who is there', () => {
  const processes = [
    { pid: 7, command: 'vim', isCaller: false },
    { pid: 8, command: 'zsh', isCaller: true },
  ];
  expect(findObstacles(facts({ processes }))).toEqual([
    { code: 'session.live', processes: ['vim (7)'] },
    { code: 'session.inside', path: '/repo/.worktrees/a', root: '/repo' },
  ]);
  expect(findObstacles(facts())).toEqual([]);
});

test('an ignored file is precious unless something makes it again', () => {
  const precious = ['.env', 'data/app.sqlite', 'notes.txt', '.claude/settings.local.json', 'my-build/x', 'targets/y'];
  const made = [
    'node_modules/',
    'a/node_modules/b/.env',
    'dist/x.js',
    'target/',
    'x.pyc',
    'pkg/__pycache__/',
    'a.tsbuildinfo',
    'npm.log',
  ];
  expect(preciousPaths([...precious, ...made])).toEqual(precious);
});
