import { expect, test } from 'vitest';
import { defaultMessage } from '#src/sessions/commit.ts';
import { makeSession } from '../support/session.ts';

test('a commit is called after the task, with the rest of the task as its body', () => {
  expect(defaultMessage(makeSession('a', { task: '  Fix the login\n' }), ['x'])).toBe('Fix the login');
  expect(defaultMessage(makeSession('a', { task: 'Fix the login\nIt fails on Mondays.\nSee the log.' }), ['x'])).toBe(
    'Fix the login\n\nIt fails on Mondays.\nSee the log.',
  );
});

test('without a task a commit is called after what changed', () => {
  expect(defaultMessage(makeSession('a'), ['src/x.ts'])).toBe('a: change src/x.ts');
  expect(defaultMessage(makeSession('a', { task: ' \n ' }), ['x', 'y'])).toBe('a: change 2 files');
});
