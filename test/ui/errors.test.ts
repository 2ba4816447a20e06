import { describe, expect, test } from 'vitest';
import { WtError, type CatalogCode, type ErrorCatalog, type Reason } from '#src/core/errors.ts';
import { explain } from '#src/ui/errors.ts';
import { reasonLine } from '#src/ui/refusals.ts';
import { reasonSamples, samples } from '../../scripts/error-samples.ts';

const facts: { readonly [C in CatalogCode]: ErrorCatalog[C] } = {
  ...samples,
  'session.refused': { id: 'a', verb: 'remove', reasons: [reasonSamples['session.locked']] },
  internal: { message: 'it went wrong' },
};

describe('the words of a failure', () => {
  test.each(Object.keys(facts) as CatalogCode[])('of %s say what happened, on one line', (code) => {
    const { message, lines = [], fix = [] } = explain(new WtError(code, facts[code]));
    expect(message).toMatch(/^\S.*\S$/);
    expect(`${message} ${lines.join(' ')} ${fix.join(' ')}`).not.toMatch(/undefined|null|\[object|NaN/);
    expect(fix.every((word) => word !== '')).toBe(true);
  });

  test('name the holder of the lock and the path in the way', () => {
    const busy = new WtError('registry.busy', { holder: 'process 1 (wt merge)', waitedMs: 60_000 });
    expect(explain(busy).message).toContain('process 1 (wt merge)');
    const taken = new WtError('path.exists', { path: '/x', what: 'a folder', adoptable: false });
    expect(explain(taken).message).toBe('/x is taken by a folder');
  });

  test('list at most ten paths and count the others', () => {
    const paths = Array.from({ length: 25 }, (_, i) => `f${i}`);
    const { lines } = explain(new WtError('target.dirty', { target: 'main', path: '/x', paths, operation: null }));
    expect(lines).toHaveLength(11);
    expect(lines?.at(-1)).toBe('and 15 more');
  });
});

describe('the way out of a refusal', () => {
  const fixOf = (verb: 'remove' | 'merge' | 'commit', reasons: readonly Reason[]): readonly string[] | undefined =>
    explain(new WtError('session.refused', { id: 'a', verb, reasons })).fix;
  const dirty: Reason = { code: 'session.dirty', staged: 1, modified: 0, untracked: 0, hidden: 0, paths: ['x'] };
  const unmerged: Reason = { code: 'session.unmerged', commits: 1, base: 'main', subjects: [] };

  test('keeps the work that stands in the way: it is committed, then landed', () => {
    expect(fixOf('remove', [dirty, unmerged])).toEqual(['wt', 'commit', 'a']);
    expect(fixOf('remove', [unmerged])).toEqual(['wt', 'merge', 'a']);
    expect(fixOf('merge', [dirty])).toEqual(['wt', 'commit', 'a']);
  });

  test('is to look when more than work stands in the way', () => {
    expect(fixOf('remove', [dirty, { code: 'session.live', processes: ['vim (1)'] }])).toEqual(['wt', 'show', 'a']);
    expect(fixOf('remove', [{ code: 'path.mounted', path: '/x', mount: '/x/m' }])).toEqual(['wt', 'show', 'a']);
  });

  test('never forces', () => {
    const reasons: readonly Reason[] = [dirty, unmerged, { code: 'session.locked', reason: '' }];
    for (const verb of ['remove', 'merge', 'commit'] as const)
      for (const reason of reasons) expect(fixOf(verb, [reason])).not.toContain('--force');
  });

  test('leads out of the session first', () => {
    expect(fixOf('remove', [dirty, { code: 'session.inside', path: '/x/a', root: '/x' }])).toEqual(['cd', '/x']);
  });
});

test('uncommitted work is counted by kind, with a few names', () => {
  const paths = ['a', 'b', 'c', 'd', 'e'];
  expect(reasonLine({ code: 'session.dirty', staged: 1, modified: 0, untracked: 3, hidden: 1, paths })).toBe(
    'uncommitted work: 1 staged, 3 untracked, 1 hidden from git status (a, b, c and 2 more)',
  );
  expect(reasonLine({ code: 'session.unmerged', commits: 1, base: null, subjects: ['abc x'] })).toBe(
    '1 commit not in any other branch: abc x',
  );
});
