import { mkdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { FAKE_KINDS, fakeAgents, type FakeAgents, type FakeKind } from './agents.ts';
import { makeRoom, type Room } from './room.ts';
import { start, until, type Exit, type SpawnOptions, type Started } from './spawn.ts';
import { openTerminal } from './terminal.ts';

interface Stage {
  readonly room: Room;
  readonly agents: FakeAgents;
  readonly cwd: string;
  begin: (argv: readonly [FakeKind, ...string[]], options?: SpawnOptions) => Started;
  run: (...argv: readonly [FakeKind, ...string[]]) => Promise<Exit>;
}

/** A folder `s1`, in which agents are started without a terminal. */
async function makeStage(): Promise<Stage> {
  const room = await makeRoom();
  const agents = await fakeAgents(room);
  const cwd = path.join(room.dir, 's1');
  await mkdir(cwd);
  const begin: Stage['begin'] = ([kind, ...argv], options) =>
    start(room, cwd, [path.join(agents.bin, kind), ...argv], options);
  return { room, agents, cwd, begin, run: (...argv) => begin(argv).done };
}

const HEADLESS: Readonly<Record<FakeKind, readonly string[]>> = {
  claude: ['-p', 'do it'],
  codex: ['exec', 'do it'],
  gemini: ['-p', 'do it'],
  opencode: ['run', 'do it'],
  aider: ['--message', 'do it'],
  copilot: ['-p', 'do it'],
  'cursor-agent': ['-p', 'do it'],
};

const LOG = `cat >> "$HOME/payloads"; echo >> "$HOME/payloads"`;
const grouped = (event: string): string =>
  JSON.stringify({ hooks: { [event]: [{ hooks: [{ type: 'command', command: LOG, timeout: 5000 }] }] } });

// Where each reads its hooks, the event of a turn's end, and a word of its payload.
const HOOKED: Readonly<Record<Exclude<FakeKind, 'opencode' | 'aider'>, readonly [string, string, string]>> = {
  claude: ['.claude/settings.local.json', grouped('Stop'), '"background_tasks":[]'],
  codex: ['.codex/hooks.json', grouped('Stop'), '"turn_id":'],
  gemini: ['.gemini/settings.json', grouped('AfterAgent'), '"prompt_response":'],
  copilot: [
    '.github/hooks/wt.json',
    JSON.stringify({ version: 1, hooks: { agentStop: [{ type: 'command', bash: LOG }] } }),
    '"sessionId":',
  ],
  'cursor-agent': [
    '.cursor/hooks.json',
    JSON.stringify({ version: 1, hooks: { stop: [{ command: LOG }] } }),
    '"status":"completed"',
  ],
};

test.each(FAKE_KINDS)('%s without a terminal works at its prompt once and ends', async (kind) => {
  const { agents, run, cwd } = await makeStage();
  expect(await run(kind, ...HEADLESS[kind])).toMatchObject({ code: 0, stderr: '' });
  expect(await agents.call('start', 's1')).toMatchObject({ agent: kind, cwd, argv: HEADLESS[kind], isTerminal: false });
  expect(await agents.call('end', 's1')).toMatchObject({ code: 0 });
});

test.each(Object.entries(HOOKED))('%s runs the hooks of its settings file', async (kind, [file, text, word]) => {
  const { room, run, cwd } = await makeStage();
  await room.write(cwd, { [file]: text });
  await run(kind as FakeKind, ...HEADLESS[kind as FakeKind]);
  const payload = await readFile(path.join(room.dir, 'payloads'), 'utf8');
  expect(payload).toContain(word);
  expect(Object.keys(JSON.parse(payload) as object).length).toBeGreaterThan(2);
});

test('opencode calls the hooks of a plugin', async () => {
  const { room, run, cwd } = await makeStage();
  const plugin = `import { appendFileSync } from 'node:fs';
    export const P = async ({ directory }) => ({
      event: async ({ event }) => appendFileSync(process.env.HOME + '/events', event.type + ' ' + directory + '\\n'),
    });`;
  await room.write(cwd, { '.opencode/plugins/p.js': plugin });
  await run('opencode', 'run', 'do it');
  const events = await readFile(path.join(room.dir, 'events'), 'utf8');
  expect(events.split('\n')[0]).toBe(`session.created ${cwd}`);
  expect(events).toContain('session.idle');
});

test('codex tells a finished turn to the notify program of its configuration', async () => {
  const { room, agents, run } = await makeStage();
  await run('codex', 'exec', '-c', 'notify=["sh","-c","printf %s \\"$1\\" > $HOME/told","-"]', 'do it');
  const told = JSON.parse(await readFile(path.join(room.dir, 'told'), 'utf8')) as Record<string, unknown>;
  expect(told).toMatchObject({ type: 'agent-turn-complete', 'input-messages': ['do it'] });
  expect(await agents.call('hook', 's1', ({ event }) => event === 'notify')).toMatchObject({ code: 0 });
});

test('claude reads the answer of SessionStart and the hooks of --settings', async () => {
  const { room, agents, run } = await makeStage();
  const answer = { hookSpecificOutput: { hookEventName: 'SessionStart', additionalContext: 'you are in s1' } };
  await room.write(room.dir, { 'answer.json': JSON.stringify(answer) });
  const hook = { type: 'command', command: 'cat', args: [path.join(room.dir, 'answer.json')] };
  await run('claude', '-p', '--settings', JSON.stringify({ hooks: { SessionStart: [{ hooks: [hook] }] } }), 'x');
  expect(await agents.call('context', 's1')).toMatchObject({ text: 'you are in s1' });
});

test('an agent takes up a conversation that it knows and refuses another', async () => {
  const { agents, run } = await makeStage();
  const id = 'c0ffee00-0000-4000-8000-000000000001';
  expect(await run('claude', '-p', '--session-id', id, 'one')).toMatchObject({ code: 0 });
  expect(await run('claude', '-p', '--session-id', id, 'one')).toMatchObject({ code: 1 });
  expect(await run('claude', '-p', '--resume', id, 'two')).toMatchObject({ code: 0 });
  const kept = await readFile(path.join(agents.control, 'conversations', `claude-${id}.json`), 'utf8');
  expect(JSON.parse(kept)).toMatchObject({ prompts: ['one', 'two'] });
  expect(await run('codex', 'exec', 'resume', id, 'two')).toMatchObject({
    stderr: expect.stringContaining('No saved session') as string,
  });
});

test('a script decides what an agent does, and a person answers its dialogue by a file', async () => {
  const { room, agents, begin, cwd } = await makeStage();
  await room.write(cwd, { '.claude/settings.json': grouped('PermissionRequest') });
  await agents.script('s1', 'write a.txt hello', 'ask permission make', 'wait-for go', 'fail 3 rate_limit');
  const { done } = begin(['claude', '-p', 'x']);
  expect(await agents.call('hook', 's1', ({ event }) => event === 'PermissionRequest')).toMatchObject({
    payload: { tool_input: { command: 'make' } },
  });
  await agents.answer('s1', true);
  expect(await agents.call('permission', 's1')).toMatchObject({ isAllowed: true });
  await agents.release('go');
  expect(await done).toMatchObject({ code: 3 });
  expect(await readFile(path.join(cwd, 'a.txt'), 'utf8')).toBe('hello\n');
});

test('a stubborn agent is deaf for SIGTERM, leaves a child behind and dies of SIGKILL', async () => {
  const { agents, begin } = await makeStage();
  await agents.script('s1', 'stubborn', 'child', 'hang');
  const started = begin(['gemini', '-p', 'x'], { group: true });
  const { child = 0 } = await agents.call('child', 's1');
  started.kill('SIGTERM');
  await agents.call('signal', 's1');
  started.kill('SIGKILL');
  expect(await started.done).toMatchObject({ signal: 'SIGKILL' });
  expect(process.kill(child, 0)).toBe(true);
});

test.each([
  ['claude', '❯', '❯ 1. Yes'],
  ['codex', 'Ask Codex to do anything', '› 1. Yes, proceed (y)'],
  ['gemini', 'Type your message', '● 1. Allow once'],
  ['opencode', 'Ask anything', '△ Permission required'],
  ['aider', '>', '(Y)es/(N)o'],
  ['copilot', 'Type @ to mention files', '❯ 1. Yes'],
  ['cursor-agent', 'Add a follow-up', 'Run (once) (y)'],
] as const)('%s at a terminal shows its prompt, its dialogue and its prompt again', async (kind, ready, dialogue) => {
  const { room, agents, cwd } = await makeStage();
  const terminal = openTerminal(room, cwd, [path.join(agents.bin, kind)]);
  await terminal.shows(ready);
  terminal.type('!ask permission make it');
  await terminal.shows('make it');
  terminal.type('\r');
  await terminal.shows(dialogue);
  terminal.type('y');
  await agents.call('permission', 's1', ({ isAllowed }) => isAllowed === true);
  await terminal.shows(ready);
  terminal.type('\u0004');
  expect((await terminal.done).code).toBe(0);
});

test('an interactive agent without a terminal refuses', async () => {
  const { run } = await makeStage();
  expect(await run('codex')).toMatchObject({ code: 1, stderr: 'Error: stdin is not a terminal\n' });
  expect(await run('copilot')).toMatchObject({ code: 1 });
});

test('an agent that takes lines works at each', async () => {
  const { room, agents, cwd } = await makeStage();
  const { done } = start(room, cwd, ['sh', '-c', `printf 'one\\ntwo\\n' | '${agents.bin}/aider'`]);
  expect((await done).stdout).toContain('done: two');
  await until(async () => (await agents.calls('line', 's1')).length === 2);
});
