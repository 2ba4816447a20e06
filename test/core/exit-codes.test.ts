import { describe, expect, test } from 'vitest';
import type { ErrorCode } from '#src/core/errors.ts';
import { EXIT, exitCodeOf, exitCodeOfSignal, retryableCodes } from '#src/core/exit-codes.ts';

/** The contract's table of exit codes, and every error code it names, by the meaning of the number. */
const CONTRACT: Readonly<Record<number, readonly string[]>> = {
  1: ['internal'],
  2: ['usage.invalid', 'id.invalid', 'branch.invalid', 'config.invalid', 'agent.unknown'],
  3: ['repo.not-found', 'repo.no-commits', 'git.too-old', 'session.not-found', 'base.not-found'],
  4: [
    'session.exists',
    'branch.exists',
    'branch.checked-out',
    'path.exists',
    'path.unsafe',
    'path.mounted',
    'session.dirty',
    'session.unmerged',
    'session.live',
    'session.locked',
    'session.operation',
    'session.inside',
    'session.empty',
    'target.dirty',
    'registry.damaged',
    'registry.too-new',
    'limit.reached',
    'disk.low',
    'lock.held',
    'agent.running',
    'agent.not-running',
    'agent.elsewhere',
    'agent.not-resumable',
    'hooks.refused',
  ],
  5: ['git.failed', 'git.timeout', 'io.failed', 'io.disk-full', 'program.missing', 'agent.failed'],
  6: ['merge.conflict'],
  7: ['gate.failed', 'hook.failed', 'setup.failed'],
  8: ['confirm.required', 'config.untrusted', 'approval.required'],
  9: ['registry.busy', 'target.moved', 'lock.busy', 'agent.not-ready', 'wait.failed'],
  130: ['interrupted'],
};
const expected = new Map(
  Object.entries(CONTRACT).flatMap(([code, names]) => names.map((name) => [name, Number(code)])),
);

describe('an exit code', () => {
  test.each(Object.entries(exitCodeOf))('of %s is the one of the contract: %i', (name, code) => {
    expect({ name, code }).toEqual({ name, code: expected.get(name) });
  });

  test('has the number of the contract', () => {
    expect(EXIT).toEqual({
      ok: 0,
      internal: 1,
      usage: 2,
      notFound: 3,
      refused: 4,
      failed: 5,
      conflict: 6,
      check: 7,
      person: 8,
      busy: 9,
      interrupted: 130,
    });
  });

  test('of a signal is 128 and its number', () => {
    expect(['SIGHUP', 'SIGINT', 'SIGTERM'].map(exitCodeOfSignal)).toEqual([129, 130, 143]);
  });
});

test('everything that is busy may be tried again, and no refusal is', () => {
  const codesOf = (...codes: number[]): readonly string[] =>
    Object.entries(exitCodeOf).flatMap(([name, code]) => (codes.includes(code) ? [name] : []));
  const isRetryable = (name: string): boolean => retryableCodes.has(name as ErrorCode);
  expect(codesOf(EXIT.busy).filter((name) => !isRetryable(name))).toEqual([]);
  expect(codesOf(EXIT.refused, EXIT.person, EXIT.usage).filter(isRetryable)).toEqual([]);
});
