import { expect, test } from 'vitest';
import { fromErrno, WtError } from '#src/core/errors.ts';

function errno(code: string, path?: string): Error {
  return Object.assign(new Error(`${code}: it did not work`), { code, syscall: 'write', ...(path ? { path } : {}) });
}

test('a refusal is reported under the code of its first reason', () => {
  const error = new WtError('session.refused', {
    id: 'a',
    verb: 'remove',
    reasons: [
      { code: 'session.locked', reason: '' },
      { code: 'session.unmerged', commits: 1, base: 'main', subjects: [] },
    ],
  });
  expect(error.code).toBe('session.locked');
  expect(WtError.is(error, 'session.refused')).toBe(true);
  expect(WtError.is(error, 'session.exists')).toBe(false);
});

test('a failure says that nothing changed unless it is told otherwise', () => {
  expect(new WtError('internal', { message: 'x' }).changed).toBe(false);
  expect(new WtError('internal', { message: 'x' }, { changed: true }).changed).toBe(true);
});

test('a full disk is told apart from other failures of the system', () => {
  expect(fromErrno(errno('ENOSPC', '/x'))).toMatchObject({ code: 'io.disk-full', details: { path: '/x' } });
  expect(fromErrno(errno('EDQUOT'))).toMatchObject({ code: 'io.disk-full', details: { path: null } });
  expect(fromErrno(errno('EROFS', '/x'))).toMatchObject({ code: 'io.failed', details: { path: '/x', errno: 'EROFS' } });
});

test('a bug is not taken for a failure of the system', () => {
  for (const bug of [new TypeError('x'), Object.assign(new Error('x'), { code: 'ERR_X' }), 'text', null, undefined])
    expect(fromErrno(bug)).toBeUndefined();
});
