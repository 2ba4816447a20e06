import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Ref } from '#src/git/ref.ts';
import type { Status } from '#src/git/status.ts';
import type { Preview } from '#src/landing/radar/preview.ts';
import { PROOFS, quickProof, type Proof } from '#src/landing/proof/proof.ts';
import type { Inspection } from '#src/sessions/inspect.ts';
import { COMMIT, makeSession } from '../../support/session.ts';

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
const quick = (changes: Partial<Inspection>, isWorked = true, preview?: Preview): Proof | undefined =>
  quickProof({ inspection: inspection(changes), preview }, isWorked)?.proof;

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
    expect(quick(changes, true, preview)).toBe(proof);
  });

  test('is empty, and so no landing, for a session that never had work of its own', () => {
    expect(quick({ branch: { ...refAt('2'), commit: COMMIT } })).toBe('empty');
    expect(quick({ distance: contained }, false)).toBe('empty');
    expect(quick({ base: undefined, branch: { ...refAt('2'), commit: COMMIT } })).toBe('empty');
  });

  describe('of the upstream', () => {
    const upstream = refAt('4');
    const within: Partial<Inspection> = { upstream, isInUpstream: true };
    const beside: Partial<Inspection> = { upstream, isInUpstream: false };

    test('counts like that of the base, and says where', () => {
      expect(quickProof({ inspection: inspection(within), preview: something }, true)).toEqual({
        proof: 'ancestor',
        on: upstream.name,
        as: null,
      });
      expect(quick({ ...beside, upstream: refAt('4', '2') }, true, something)).toBe('trees-match');
      expect(quick({ upstream: refAt('2') })).toBe('same-commit');
      expect(quick(beside, true, something)).toBeUndefined();
    });

    test('is none for a session that was only moved along it', () => {
      expect(quick(within, false, something)).toBe('empty');
    });
  });

  test('is ruled out by uncommitted work of any kind, and by a worktree that cannot be read', () => {
    const kinds = fc.constantFrom('staged', 'modified', 'untracked', 'conflicted');
    const branch = fc.constantFrom(refAt('2'), refAt('3'), refAt('2', '3'), { ...refAt('2'), commit: COMMIT });
    fc.assert(
      fc.property(kinds, branch, fc.constantFrom(ahead, contained), fc.boolean(), (kind, tip, distance, isWorked) => {
        const status = { ...clean, [kind]: ['x'] };
        expect(quick({ branch: tip, distance, status }, isWorked, nothing)).toBeUndefined();
        expect(quick({ branch: tip, distance, status: undefined }, isWorked, nothing)).toBeUndefined();
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
