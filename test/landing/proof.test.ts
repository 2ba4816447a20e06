import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Ref } from '#src/git/ref.ts';
import type { Status } from '#src/git/status.ts';
import { PROOFS, quickProof } from '#src/landing/proof.ts';
import type { Inspection } from '#src/sessions/inspect.ts';
import { COMMIT, makeSession } from '../support/session.ts';

const clean: Status = { staged: [], modified: [], untracked: [], conflicted: [], ignored: [] };
const refAt = (digit: string, tree = digit): Ref => ({
  name: 'refs/heads/x',
  commit: digit.repeat(40),
  tree: tree.repeat(40),
  subject: '',
  committedAt: undefined,
  upstream: undefined,
  behind: 0,
});
const ahead = { ahead: 1, behind: 1, isContained: false };
const contained = { ahead: 0, behind: 1, isContained: true };
const inspection = (changes: Partial<Inspection> = {}): Inspection => ({
  session: makeSession('a'),
  tree: 'ok',
  branch: refAt('2'),
  base: refAt('3'),
  switchedTo: undefined,
  status: clean,
  operation: undefined,
  distance: ahead,
  trouble: undefined,
  ...changes,
});
const nothing = { conflicts: [], addsNothing: true };
const something = { conflicts: [], addsNothing: false };

describe('a proof', () => {
  test.each([
    ['same-commit', { branch: refAt('3'), distance: { ahead: 0, behind: 0, isContained: true } }, undefined],
    ['ancestor', { distance: contained }, undefined],
    ['trees-match', { branch: refAt('2', '3') }, something],
    ['merge-adds-nothing', {}, nothing],
    [undefined, {}, something],
    [undefined, {}, undefined],
    [undefined, {}, { conflicts: ['x'], addsNothing: false }],
    [undefined, { base: undefined }, nothing],
    [undefined, { distance: undefined }, nothing],
    [undefined, { branch: undefined }, nothing],
  ] as const)('is %s', (proof, changes, preview) => {
    expect(quickProof(inspection(changes), preview, true)).toBe(proof);
  });

  test('is empty, and so no landing, for a session that never had work of its own', () => {
    expect(quickProof(inspection({ branch: { ...refAt('2'), commit: COMMIT } }), undefined, true)).toBe('empty');
    expect(quickProof(inspection({ distance: contained }), undefined, false)).toBe('empty');
    expect(
      quickProof(inspection({ base: undefined, branch: { ...refAt('2'), commit: COMMIT } }), undefined, true),
    ).toBe('empty');
  });

  test('is ruled out by uncommitted work of any kind, and by a worktree that cannot be read', () => {
    const kinds = fc.constantFrom('staged', 'modified', 'untracked', 'conflicted');
    const branch = fc.constantFrom(refAt('2'), refAt('3'), refAt('2', '3'), { ...refAt('2'), commit: COMMIT });
    fc.assert(
      fc.property(kinds, branch, fc.constantFrom(ahead, contained), fc.boolean(), (kind, tip, distance, isWorked) => {
        const status = { ...clean, [kind]: ['x'] };
        expect(quickProof(inspection({ branch: tip, distance, status }), nothing, isWorked)).toBeUndefined();
        expect(quickProof(inspection({ branch: tip, distance, status: undefined }), nothing, isWorked)).toBeUndefined();
      }),
    );
  });

  test('has a name of the contract', () => {
    expect([...PROOFS].toSorted()).toEqual(
      [
        'same-commit',
        'ancestor',
        'no-added-changes',
        'trees-match',
        'merge-adds-nothing',
        'patch-id',
        'empty',
      ].toSorted(),
    );
  });
});
