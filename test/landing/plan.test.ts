import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { findOverlap, requireLandable } from '#src/landing/plan.ts';
import { makeSession, outcomeOf } from '../support/session.ts';

describe('an overlap', () => {
  const part = fc.constantFrom('a', 'b', 'ab', 'é');
  const anyPath = fc.array(part, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('/'));

  test('is every uncommitted path that is touched, lies in a touched file, or holds one', () => {
    fc.assert(
      fc.property(fc.array(anyPath), fc.array(anyPath), (changed, uncommitted) => {
        const meets = (x: string, y: string): boolean => x === y || x.startsWith(`${y}/`) || y.startsWith(`${x}/`);
        expect(findOverlap(changed, uncommitted)).toEqual(
          uncommitted.filter((name) => changed.some((one) => meets(one, name))),
        );
      }),
      { numRuns: 500 },
    );
  });

  test('is none between names that only begin alike', () => {
    expect(findOverlap(['src/app.ts', 'lib'], ['src/app.tsx', 'library', 'src2/app.ts'])).toEqual([]);
  });
});

describe('a session', () => {
  const at = { dirt: undefined, operation: undefined, switchedTo: undefined };
  const dirt = { code: 'session.dirty', staged: 0, modified: 1, untracked: 0, hidden: 0, paths: ['x'] } as const;
  const refusal = (facts: Partial<Parameters<typeof requireLandable>[1]>): object =>
    outcomeOf(() => requireLandable(makeSession('a'), { ...at, ...facts }));

  test('that is clean and at rest may land', () => {
    expect(refusal({})).toEqual({ value: undefined });
  });

  test('may not land with uncommitted work, in an operation, or with something else checked out', () => {
    const reasons = (...all: unknown[]): object => ({
      thrown: { kind: 'session.refused', details: { id: 'a', verb: 'merge', reasons: all } },
    });
    expect(refusal({ dirt })).toMatchObject(reasons(dirt));
    expect(refusal({ operation: 'rebase', dirt })).toMatchObject(
      reasons({ code: 'session.operation', operation: 'rebase' }, dirt),
    );
    expect(refusal({ switchedTo: null })).toMatchObject(
      reasons({ code: 'session.operation', operation: 'checkout of a detached HEAD instead of wt/a' }),
    );
    expect(refusal({ switchedTo: 'refs/heads/other' })).toMatchObject(
      reasons({ code: 'session.operation', operation: 'checkout of other instead of wt/a' }),
    );
  });
});
