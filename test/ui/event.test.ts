import { expect, test } from 'vitest';
import { agentEventWords, eventLine } from '#src/ui/event.ts';
import { createTheme } from '#src/ui/theme.ts';

const look = { theme: createTheme(0) };
const common = { seq: 7, at: '2026-03-02T10:00:00.000Z', session: 'login', by: 'claude' };

test.each([
  [
    'started',
    { agent: 'claude', pid: 42, how: 'background', conversation: 'c1', log: '/x' },
    'claude was started · in the background · process 42 · conversation c1',
  ],
  [
    'waiting',
    { agent: 'claude', source: 'hook', event: 'PermissionRequest', reason: 'permission', conversation: 'c1' },
    'claude waits (permission) · PermissionRequest',
  ],
  ['idle', { agent: 'claude', source: 'hook', event: 'Stop' }, 'claude has ended its turn · Stop'],
  ['exited', { agent: 'aider', exitCode: 0, reason: 'exit 0' }, 'aider has ended (exit 0)'],
  ['failed', { agent: 'aider', exitCode: 3 }, 'aider has failed (exit 3)'],
  ['died', { agent: 'codex', pid: 7, source: 'process' }, 'codex has died · process 7 · nobody saw how'],
  ['stopped', { agent: 'codex', exitCode: null, reason: null }, 'codex was stopped'],
  ['something-new', { agent: 'codex', event: 7 }, 'codex something-new'],
])('an event of an agent is told in words: %s', (word, data, words) => {
  expect(agentEventWords(`session.agent.${word}`, data)).toBe(words);
});

test('a line names number, time, event, session and who did it', () => {
  expect(eventLine({ ...common, event: 'session.agent.idle', data: { agent: 'claude' } }, look)).toBe(
    '   7  2026-03-02T10:00:00.000Z  session.agent.idle  login  by claude  claude has ended its turn\n',
  );
  expect(eventLine({ ...common, event: 'session.commit.after', data: { commit: 'abc', n: 2 } }, look)).toBe(
    '   7  2026-03-02T10:00:00.000Z  session.commit.after  login  by claude  commit=abc n=2\n',
  );
  expect(eventLine({ ...common, session: null, event: 'x\u001b[2J', data: { a: 'b\nc' } }, look)).toBe(
    '   7  2026-03-02T10:00:00.000Z  x\\x1b[2J  -  by claude  a=b\\nc\n',
  );
});
