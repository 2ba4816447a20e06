import { spawn } from 'node:child_process';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { PROGRAM } from '../support/spawn.ts';
import { makeBench, type Bench, type Stage } from '../support/wt.ts';

const CONVERSATION = '7f1e2d3c-0000-4000-8000-000000000001';

interface Shown {
  readonly session: {
    readonly status: string;
    readonly agentStatus?: {
      readonly agent: string;
      readonly state: string;
      readonly reason: string | null;
      readonly source: string;
      readonly how: string;
      readonly conversation: string | null;
    };
  };
}

interface Told {
  readonly events: readonly { readonly event: string; readonly by: string; readonly data: Record<string, unknown> }[];
}

async function makeSession(): Promise<Bench> {
  const bench = await makeBench();
  await bench.wt('create', 'a');
  return bench;
}

const payloadOf = (event: string, more: object = {}): string =>
  JSON.stringify({ session_id: CONVERSATION, hook_event_name: event, ...more });

/** A hook of Claude Code in a folder. */
const hear = ({ wt, at }: Bench, event: string, { more, ...stage }: Stage & { more?: object } = {}) =>
  wt('hook', 'claude', { cwd: at('a'), stdin: payloadOf(event, more), ...stage });

const statusOf = async ({ data }: Bench, id = 'a'): Promise<unknown> => {
  const { agentStatus } = (await data<Shown>('show', id)).session;
  if (agentStatus === undefined) return null;
  return [agentStatus.agent, agentStatus.state, agentStatus.reason, agentStatus.how];
};

const eventsOf = async ({ data }: Bench): Promise<readonly string[]> =>
  (await data<Told>('events')).events.map(({ event }) => event).filter((event) => event.startsWith('session.agent'));

describe('an agent that somebody has started by hand', () => {
  test('tells what it is at', async () => {
    const bench = await makeSession();
    expect((await hear(bench, 'SessionStart', { more: { source: 'startup' } })).code).toBe(0);
    expect(await statusOf(bench)).toEqual(['claude', 'idle', null, 'outside']);
    await hear(bench, 'UserPromptSubmit');
    expect(await statusOf(bench)).toEqual(['claude', 'working', null, 'outside']);
    await hear(bench, 'PermissionRequest');
    expect(await statusOf(bench)).toEqual(['claude', 'waiting', 'permission', 'outside']);
    expect((await bench.data<Shown>('show', 'a')).session).toMatchObject({
      status: 'waiting',
      agentStatus: { source: 'claude hook', conversation: CONVERSATION },
    });
    await hear(bench, 'PostToolUse');
    await hear(bench, 'StopFailure', { more: { error: 'rate_limit' } });
    expect(await statusOf(bench)).toEqual(['claude', 'failed', 'rate_limit', 'outside']);
    expect(await eventsOf(bench)).toEqual([
      'session.agent.started',
      'session.agent.idle',
      'session.agent.working',
      'session.agent.waiting',
      'session.agent.working',
      'session.agent.failed',
    ]);
  });

  test('is told where it is when it asks, and else nothing', async () => {
    const bench = await makeSession();
    const { raw } = await hear(bench, 'SessionStart');
    const { hookSpecificOutput } = JSON.parse(raw) as {
      hookSpecificOutput: { hookEventName: string; additionalContext: string };
    };
    expect(hookSpecificOutput.hookEventName).toBe('SessionStart');
    expect(hookSpecificOutput.additionalContext).toContain(bench.at('a'));
    for (const event of ['UserPromptSubmit', 'Stop', 'SessionEnd']) expect((await hear(bench, event)).raw).toBe('');
  });

  test('is found from any folder of the session, by its own word first', async () => {
    const bench = await makeSession();
    const folder = path.join(bench.at('a'), 'src', 'deep');
    await mkdir(folder, { recursive: true });
    await hear(bench, 'UserPromptSubmit', { cwd: folder });
    expect(await statusOf(bench)).toEqual(['claude', 'working', null, 'outside']);
    await hear(bench, 'Stop', { cwd: bench.root, more: { cwd: folder } });
    expect(await statusOf(bench)).toEqual(['claude', 'idle', null, 'outside']);
    await hear(bench, 'UserPromptSubmit', { cwd: '/', env: { WT_PATH: bench.at('a') } });
    expect(await statusOf(bench)).toEqual(['claude', 'working', null, 'outside']);
  });

  test('speaks for its own session from the folder of another', async () => {
    const bench = await makeSession();
    await bench.wt('create', 'b');
    await hear(bench, 'UserPromptSubmit');
    await hear(bench, 'Stop', { cwd: bench.at('b'), env: { WT_PATH: bench.at('a') } });
    expect([await statusOf(bench), await statusOf(bench, 'b')]).toEqual([['claude', 'idle', null, 'outside'], null]);
  });

  test('that is none of those wt knows says it in words', async () => {
    const bench = await makeSession();
    await bench.wt('hook', 'my-agent', 'waiting', 'input', { cwd: bench.at('a') });
    expect(await statusOf(bench)).toEqual(['my-agent', 'waiting', 'input', 'outside']);
    await bench.wt('hook', 'my-agent', '--like', 'codex', { cwd: bench.at('a'), stdin: payloadOf('Interrupt') });
    expect(await statusOf(bench)).toEqual(['my-agent', 'idle', 'interrupted', 'outside']);
  });

  test('goes with its session into the trash and comes back with it', async () => {
    const bench = await makeSession();
    await hear(bench, 'UserPromptSubmit');
    await hear(bench, 'SessionEnd', { more: { reason: 'prompt_input_exit' } });
    expect(await statusOf(bench)).toEqual(['claude', 'exited', null, 'outside']);
    await bench.wt('remove', 'a');
    await bench.wt('restore', 'a');
    expect(await statusOf(bench)).toEqual(['claude', 'exited', null, 'outside']);
  });
});

const NOTHING: readonly (readonly [string, readonly string[], string])[] = [
  ['no input', ['claude'], ''],
  ['what is no JSON', ['claude'], 'hello {'],
  ['JSON of another shape', ['claude'], '[1, 2, {"a": null}]'],
  ['an event without a name', ['claude'], '{"session_id": "x"}'],
  ['an agent that nobody knows', ['nobody'], '{"x": 1}'],
  ['a name that is none', ['../x'], payloadOf('Stop')],
  ['a known agent that is none', ['mine', '--like', 'nobody'], '{}'],
  ['binary input', ['gemini'], '\u0000\u0001\ufffd'],
];

test.each(NOTHING)('%s is taken in without a word and changes nothing', async (_, argv, stdin) => {
  const bench = await makeSession();
  const { code, stdout, stderr } = await bench.wt('hook', ...argv, { cwd: bench.at('a'), stdin });
  expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: '', stderr: '' });
  expect([await statusOf(bench), await eventsOf(bench)]).toEqual([null, []]);
});

test('outside of every session nothing is said and nothing written', async () => {
  const bench = await makeSession();
  for (const cwd of ['/', bench.root, bench.room.dir]) {
    const { code, stdout, stderr } = await hear(bench, 'SessionStart', { cwd });
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: '', stderr: '' });
  }
  expect([await statusOf(bench), await eventsOf(bench)]).toEqual([null, []]);
});

test('a disk that takes nothing fails no agent, and it is still told where it is', async () => {
  const bench = await makeSession();
  const lock = path.join(bench.root, '.git', 'wt', 'lock', 'events');
  await rm(lock, { recursive: true, force: true });
  await writeFile(lock, '');
  const { code, stderr, raw } = await hear(bench, 'SessionStart');
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(raw).toContain('additionalContext');
});

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly ms: number;
}

/** The built program, as an agent calls it. `end` false: its input stays open. */
function call(bench: Bench, argv: readonly string[], input: string | Buffer, { end = true } = {}): Promise<Ended> {
  const startMs = performance.now();
  const child = spawn(process.execPath, [PROGRAM, 'hook', ...argv], {
    cwd: bench.at('a'),
    env: bench.room.env,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let out = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text: Buffer) => (out += text.toString()));
  child.stdin.on('error', () => {});
  child.stdin.write(input);
  if (end) child.stdin.end();
  return new Promise((resolve) => {
    child.on('close', (code) => resolve({ code, out, ms: performance.now() - startMs }));
  });
}

describe('the built program', () => {
  const SILENT = { code: 0, out: '' };

  test('takes in what is too long by its first megabyte, and what breaks off', async () => {
    const bench = await makeSession();
    const long = payloadOf('UserPromptSubmit', { prompt: 'x'.repeat(10_000_000) });
    expect(await call(bench, ['claude'], long)).toMatchObject(SILENT);
    expect(await statusOf(bench)).toEqual(['claude', 'working', null, 'outside']);
    expect(await call(bench, ['claude'], payloadOf('Stop', { last: 'x' }).slice(0, -3))).toMatchObject(SILENT);
    expect(await statusOf(bench)).toEqual(['claude', 'idle', null, 'outside']);
    expect(await call(bench, ['claude'], Buffer.alloc(10_000_000, 7))).toMatchObject(SILENT);
  });

  test('does not wait for an input that does not end', async () => {
    const bench = await makeSession();
    const whole = await call(bench, ['claude'], payloadOf('UserPromptSubmit'), { end: false });
    expect(whole).toMatchObject(SILENT);
    expect(await statusOf(bench)).toEqual(['claude', 'working', null, 'outside']);
    const broken = await call(bench, ['claude'], '{"a": ', { end: false });
    expect(broken).toMatchObject(SILENT);
    expect(broken.ms).toBeGreaterThan(whole.ms);
  });

  test('takes what Codex hands over as a word, and leaves the input alone', async () => {
    const bench = await makeSession();
    const notice = JSON.stringify({ type: 'agent-turn-complete', 'thread-id': 'c-1', cwd: bench.at('a') });
    expect(await call(bench, ['codex', notice], '', { end: false })).toMatchObject(SILENT);
    expect(await statusOf(bench)).toEqual(['codex', 'idle', null, 'outside']);
  });

  test('loses no event of ten that come at once', async () => {
    const bench = await makeSession();
    await call(bench, ['claude'], payloadOf('SessionStart'));
    const before = (await eventsOf(bench)).length;
    const ended = await Promise.all(
      Array.from({ length: 10 }, () => call(bench, ['claude'], payloadOf('UserPromptSubmit'))),
    );
    expect(ended.every(({ code, out }) => code === 0 && out === '')).toBe(true);
    expect((await eventsOf(bench)).length - before).toBe(10);
  });

  test('shows its help, and asks who calls when nobody says so', async () => {
    const bench = await makeSession();
    expect(await call(bench, ['--help'], '')).toMatchObject({
      code: 0,
      out: expect.stringContaining('<agent>') as string,
    });
    expect(await call(bench, [], '')).toMatchObject({ code: 2 });
  });

  test('loads no more for a hook than a hook needs', async () => {
    const dist = path.resolve(import.meta.dirname, '../../dist');
    const seen = new Map<string, string>();
    const load = async (file: string): Promise<void> => {
      if (seen.has(file)) return;
      const text = await readFile(file, 'utf8');
      seen.set(file, text);
      for (const [, to = ''] of text.matchAll(/(?<!\(\)=>(?:__toESM\()?)\brequire\("(\.[^"]+)"\)/g))
        await load(path.resolve(path.dirname(file), to));
    };
    await load(path.join(dist, 'hook.js'));
    const all = [...seen.values()].join('');
    expect(all).not.toMatch(/ZodError|passThroughOptions|child_process/);
    expect(all.length).toBeLessThan(100_000);
  });
});
