import * as fc from 'fast-check';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { parseClaudeAgents, type ClaudeAgent } from '#src/agents/claude-agents.ts';
import { chooseAgent } from '#src/sessions/outside.ts';
import type { SessionView } from '#src/sessions/view.ts';
import { start, until } from '../support/spawn.ts';
import { makeBench, type Bench } from '../support/wt.ts';

const STARTED = Date.parse('2026-03-02T10:00:00.000Z');
const one = (fields: object): ClaudeAgent | undefined =>
  parseClaudeAgents(JSON.stringify([{ cwd: '/r/a', startedAt: STARTED, kind: 'interactive', ...fields }]))[0];

describe('what claude agents --json prints', () => {
  test.each([
    [
      { status: 'busy', pid: 42, sessionId: 'c-1' },
      { state: 'working', pid: 42, conversation: 'c-1', isAlive: true },
    ],
    [{ status: 'idle' }, { state: 'idle', isAlive: true }],
    [
      { status: 'waiting', waitingFor: 'permission prompt' },
      { state: 'waiting', reason: 'permission' },
    ],
    [
      { state: 'blocked', waitingFor: 'input needed', kind: 'background' },
      { state: 'waiting', reason: 'input' },
    ],
    [
      { state: 'blocked', waitingFor: 'a word of tomorrow' },
      { state: 'waiting', reason: 'a word of tomorrow' },
    ],
    [{ state: 'working', status: 'busy', kind: 'background' }, { state: 'working' }],
    [
      { state: 'done', kind: 'background' },
      { state: 'exited', isAlive: false },
    ],
    [{ state: 'failed' }, { state: 'failed', isAlive: false }],
    [{ state: 'stopped' }, { state: 'stopped', isAlive: false }],
    [
      { state: 'levitating', status: 7, pid: -1 },
      { state: 'running', pid: 0 },
    ],
    [
      {},
      { state: 'running', source: 'claude agents', at: '2026-03-02T10:00:00.000Z', isAsserted: true, how: 'outside' },
    ],
  ])('%j', (fields, status) => {
    expect(one(fields)?.status).toMatchObject(status);
  });

  test('may be anything', () => {
    const json = fc.oneof(
      fc.json(),
      fc.string(),
      fc
        .array(fc.record({ cwd: fc.anything(), startedAt: fc.anything(), waitingFor: fc.anything() }))
        .map((all) => JSON.stringify(all) ?? ''),
    );
    fc.assert(
      fc.property(json, (text) => {
        for (const { status } of parseClaudeAgents(text))
          expect(Number.isNaN(Date.parse(status.startedAt))).toBe(false);
      }),
    );
    for (const text of ['', 'null', '{}', '[null, 1, "x", []]', '[{"cwd":"/a","startedAt":1e99}]'])
      expect(parseClaudeAgents(text)).toEqual([]);
  });

  test('is about a session by its folder: who needs a person most, then the latest', () => {
    const agents = [
      one({ status: 'idle' }),
      one({ cwd: '/r/a/sub', status: 'busy', startedAt: STARTED - 5000 }),
      one({ cwd: '/r/ab', waitingFor: 'permission prompt' }),
      one({ state: 'done', startedAt: STARTED + 5000 }),
    ].filter((agent) => agent !== undefined);
    expect(chooseAgent(agents, '/r/a')?.state).toBe('working');
    expect(chooseAgent(agents, '/r/ab')?.state).toBe('waiting');
    expect(chooseAgent(agents, '/r')?.state).toBe('waiting');
    expect(chooseAgent(agents, '/x')).toBe(undefined);
  });
});

/** A claude that was started by hand in a session, and answers from a file; how often it was asked is written down. */
async function makeClaude(
  bench: Bench,
  id: string,
): Promise<{ tell: (fields: object) => Promise<void>; asked: () => Promise<number> }> {
  const { room, root } = bench;
  const bin = path.join(room.dir, 'bin');
  const script = [
    '#!/bin/sh',
    `if [ "$1" = agents ]; then echo x >>"${bin}/asked"; [ -e "${bin}/slow" ] && sleep 30; cat "${bin}/agents.json"; exit 0; fi`,
    'sleep 300',
  ];
  await room.write(bin, { claude: `${script.join('\n')}\n` });
  await start(room, root, ['chmod', '+x', path.join(bin, 'claude')]).done;
  Object.assign(room.env, { PATH: `${bin}:${room.env['PATH'] ?? ''}` });
  start(room, bench.at(id), [path.join(bin, 'claude')], { group: true });
  const tell = (fields: object): Promise<void> =>
    room.write(bin, {
      'agents.json': JSON.stringify([
        { cwd: bench.at(id), kind: 'interactive', startedAt: STARTED, pid: 42, ...fields },
      ]),
    });
  await tell({ status: 'busy' });
  return {
    tell,
    asked: async () => (await readFile(path.join(bin, 'asked'), 'utf8').catch(() => '')).split('\n').length - 1,
  };
}

const listed = async ({ data }: Bench): Promise<SessionView | undefined> =>
  (await data<{ sessions: SessionView[] }>('list')).sessions.find(({ id }) => id === 'a');

test('a claude that was started by hand is known to list and show, from claude itself', async () => {
  const bench = await makeBench();
  await bench.wt('create', 'a', '--agent', 'claude');
  const claude = await makeClaude(bench, 'a');
  await until(async () => (await listed(bench))?.status === 'working');
  await claude.tell({ waitingFor: 'permission prompt' });
  expect(await listed(bench)).toMatchObject({
    status: 'waiting',
    agentStatus: { reason: 'permission', source: 'claude agents' },
  });
  expect((await bench.wt('show', 'a')).stdout).toContain('claude agents');
});

test('a claude that does not answer costs a second and is no error; one that is somewhere else is not asked', async () => {
  const bench = await makeBench();
  for (const id of ['a', 'b']) await bench.wt('create', id, '--agent', id === 'a' ? 'claude' : 'codex');
  const claude = await makeClaude(bench, 'b');
  expect((await listed(bench))?.status).toBe('new');
  expect(await claude.asked()).toBe(0);
  start(bench.room, bench.at('a'), [path.join(bench.room.dir, 'bin', 'claude')], { group: true });
  await bench.room.write(path.join(bench.room.dir, 'bin'), { slow: '' });
  await sleep(300);
  const startMs = Date.now();
  expect((await listed(bench))?.status).toBe('new');
  expect(Date.now() - startMs).toBeLessThan(5000);
  expect(await claude.asked()).toBe(1);
});

test('who watches asks it now and then', async () => {
  const bench = await makeBench();
  await bench.wt('create', 'a', '--agent', 'claude');
  const claude = await makeClaude(bench, 'a');
  await sleep(300);
  const interrupted = new AbortController();
  let text = '';
  const onOut = (more: string): void => void (text += more);
  const watching = bench.wt('list', '--watch', { onOut, signal: interrupted.signal });
  await until(() => text.includes('a\tworking'));
  await claude.tell({ status: 'waiting', waitingFor: 'input needed' });
  await until(() => text.includes('a\twaiting'));
  expect(await claude.asked()).toBeLessThan(5);
  interrupted.abort('SIGINT');
  await watching;
});
