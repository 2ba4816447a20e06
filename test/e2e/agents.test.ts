import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { makeStory, type Story } from '../support/agent-story.ts';
import type { FakeKind } from '../support/agents.ts';
import { countCodes, PROGRAM, runAll, startWt, until } from '../support/spawn.ts';
import { openTerminal } from '../support/terminal.ts';

const SIX = {
  asks: ['claude', 'wait-for go-asks', 'ask permission make deploy', 'wait-for never'],
  killed: ['codex', 'work', 'wait-for never'],
  ends: ['gemini', 'wait-for go-ends', 'write done.txt', 'commit done'],
  fails: ['opencode', 'wait-for go-fails', 'fail 3 rate_limit'],
  works: ['copilot', 'work', 'wait-for never'],
  busy: ['cursor-agent', 'work', 'wait-for never'],
} as const satisfies Readonly<Record<string, readonly [FakeKind, ...string[]]>>;

/** Six agents in the background, each told by hooks what it does. */
async function startSix(): Promise<Story> {
  const story = await makeStory();
  for (const [id, [kind, ...script]] of Object.entries(SIX)) {
    await story.create(id, kind, ...script);
    await story.wt('hooks', 'install', kind, id);
  }
  for (const [id, [kind]] of Object.entries(SIX))
    expect(await story.wt('run', id, kind, '--background', '--prompt', `Work on ${id}`)).toMatchObject({ code: 0 });
  return story;
}

async function pidOf({ agents }: Story, session: string): Promise<number> {
  return (await agents.calls('start', session)).at(-1)?.pid ?? 0;
}

test('six agents of six kinds are each shown as what they are at, and who says so', async () => {
  const story = await startSix();
  const { agents, look } = story;
  await agents.call('hook', 'works', ({ event }) => event === 'userPromptSubmitted');
  await agents.call('hook', 'busy', ({ event }) => event === 'beforeSubmitPrompt');

  const live = openTerminal(story.room, story.root, [process.execPath, PROGRAM, 'list', '--watch'], { columns: 120 });
  const wait = startWt(story.room, story.root, ['--json', 'wait', ...Object.keys(SIX), '--any']);
  await until(async () => (await look())['works']?.status === 'working');
  await agents.release('go-asks');
  const asked = await wait.done;
  expect({ code: asked.code, text: asked.stdout }).toMatchObject({
    code: 0,
    text: expect.stringMatching(/"asks"/) as string,
  });

  await agents.release('go-ends');
  await agents.release('go-fails');
  await agents.call('end', 'ends');
  await agents.call('end', 'fails');
  process.kill(await pidOf(story, 'killed'), 'SIGKILL');
  const since = Date.now();
  const right = {
    asks: {
      status: 'waiting',
      agent: { state: 'waiting', reason: 'permission', source: 'claude hook', isAsserted: true },
    },
    killed: { agent: { state: 'died', isAlive: false, reason: 'SIGKILL' } },
    ends: { agent: { state: 'exited', exitCode: 0, source: 'exit code' } },
    fails: { status: 'failed', agent: { state: 'failed', exitCode: 3, reason: 'exit 3' } },
    works: { status: 'working', agent: { state: 'working', source: 'copilot hook' } },
    busy: { status: 'working', agent: { state: 'working', source: 'cursor-agent hook' } },
  };
  let seen = await look();
  while (seen['killed']?.agent?.isAlive === true && Date.now() - since < 1000) seen = await look();
  expect(seen).toMatchObject(right);
  for (const words of [
    'waiting (permission) · claude hook',
    'died (SIGKILL) · codex',
    'exited · gemini exit code',
    'exit 3 · opencode exit code',
    'working · copilot hook',
    'working · cursor-agent hook',
  ])
    await live.shows(words);
  live.type('q');
  expect((await live.done).code).toBe(0);
});

test('after a reboot every agent that had no end is started again in its conversation, and no other', async () => {
  const story = await startSix();
  const { agents, look, facts, ask } = story;
  for (const id of ['asks', 'killed', 'works', 'busy']) await agents.call('start', id);
  await agents.release('go-ends');
  await agents.call('end', 'ends');
  await until(async () => (await look())['ends']?.agent?.state === 'exited');
  await agents.call('hook', 'killed', ({ event }) => event === 'UserPromptSubmit');
  await agents.call('hook', 'works', ({ event }) => event === 'userPromptSubmitted');
  await agents.call('hook', 'busy', ({ event }) => event === 'beforeSubmitPrompt');
  const before = await look();

  const boot = (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
  for (const call of await agents.calls('start')) {
    if (call.who === 'ends') continue;
    process.kill(call.ppid ?? 0, 'SIGKILL'); // a machine that goes down takes the supervisor along
    process.kill(call.pid, 'SIGKILL');
    await facts(call.who, (text) => text.replaceAll(boot, '00000000-0000-4000-8000-000000000000'));
  }
  expect(await look()).toMatchObject({
    asks: { agent: { state: 'died', reason: 'reboot', isAlive: false } },
    works: { agent: { state: 'died', reason: 'reboot', isAlive: false } },
    ends: { agent: { state: 'exited' } },
  });

  for (const id of Object.keys(SIX)) await agents.onResume(id, 'work', 'wait-for never');
  await ask('resume', '--all');
  const started = await Promise.all(
    Object.keys(SIX).map(async (id) => [id, (await agents.calls('start', id)).at(-1)?.argv ?? []] as const),
  );
  const words = Object.fromEntries(started);
  const conversationOf = (id: string): string => before[id]?.agent?.conversation ?? 'none is known';
  for (const id of ['asks', 'killed', 'works', 'busy']) expect(words[id]?.join(' ')).toContain(conversationOf(id));
  expect(words['asks']).toContain('--resume');
  expect(words['killed']).toContain('resume');
  expect((await agents.calls('start', 'ends')).length).toBe(1);
  expect((await agents.calls('refusal')).map(({ message }) => message)).toEqual([]);
  expect(await look()).toMatchObject({ asks: { agent: { isAlive: true } }, busy: { agent: { isAlive: true } } });
});

test('of two starts at once one wins, and the other names the agent that runs', async () => {
  const { room, root, agents, create } = await makeStory();
  await create('a', 'claude', 'wait-for never');
  const run = ['--json', 'run', 'a', 'claude', '--background', '--prompt', 'go'];
  const exits = await runAll(room, root, [run, run, run]);
  expect(countCodes(exits)).toEqual({ 0: 1, 4: 2 });
  const refused = exits.filter(({ code }) => code !== 0);
  expect(refused.every(({ stdout }) => stdout.includes('"agent.running"'))).toBe(true);
  await agents.call('start', 'a');
  expect(await agents.calls('start', 'a')).toHaveLength(1);
});

test.each([
  ['nothing', ''],
  ['no JSON', '{"version":1,'],
  ['a list', '[1,2,3]'],
  ['another version', '{"version":99,"run":{"agent":"x"}}'],
  [
    'a run without an owner',
    '{"version":1,"run":{"agent":"claude","how":"background","startedAt":"2026-01-01T00:00:00.000Z"}}',
  ],
  ['zeros', '\0'.repeat(4096)],
])('facts that hold %s stop no list, and no start', async (_, text) => {
  const { agents, create, wt, look, facts } = await makeStory();
  await create('a', 'claude', 'wait-for go');
  await wt('run', 'a', '--background', '--prompt', 'go');
  const { pid } = await agents.call('start', 'a');
  process.kill(pid, 'SIGKILL');
  await until(async () => (await look())['a']?.agent?.isAlive === false);
  await facts('a', () => text);
  expect(Object.keys(await look())).toEqual(['a']);
  expect(await wt('show', 'a')).toMatchObject({ code: 0 });
  await agents.release('go');
  expect(await wt('run', 'a', '--background', '--prompt', 'again')).toMatchObject({ code: 0 });
});

test('facts from the future are shown without an age that is below nothing', async () => {
  const { agents, create, wt, look, facts } = await makeStory();
  await create('a', 'claude', 'work', 'wait-for never');
  await wt('run', 'a', '--background', '--prompt', 'go');
  await agents.call('hook', 'a', ({ event }) => event === 'UserPromptSubmit');
  await facts('a', (text) => text.replaceAll(/"20\d\d-/g, '"2999-'));
  const { code, stdout } = await wt('list');
  expect({ code, isSane: !/-\d+[smhd]\b/.test(stdout) }).toEqual({ code: 0, isSane: true });
  expect((await look())['a']?.agent?.isAlive).toBe(true);
});
