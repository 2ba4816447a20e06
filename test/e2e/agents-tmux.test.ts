import { mkdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { execa } from 'execa';
import { expect, onTestFinished, test } from 'vitest';
import { makeStory, type Story } from '../support/agent-story.ts';
import { FAKE_KINDS } from '../support/agents.ts';
import { PROGRAM, until } from '../support/spawn.ts';
import { openTerminal } from '../support/terminal.ts';

interface TmuxStory extends Story {
  /** The screen of a session's agent, as tmux has it. */
  screen: (id: string) => Promise<string>;
  shows: (id: string, text: string) => Promise<void>;
  press: (id: string, ...keys: string[]) => Promise<void>;
  endTmux: () => Promise<void>;
}

/** A story whose tmux server is its own. */
async function makeTmuxStory(): Promise<TmuxStory> {
  const story = await makeStory();
  const { room, facts } = story;
  const folder = path.join(room.dir, 'tmux');
  await mkdir(folder, { mode: 0o700 });
  Object.assign(room.env, { TMUX_TMPDIR: folder, TMUX: undefined, TMUX_PANE: undefined, TERM: 'xterm-256color' });
  const tmux = async (...args: string[]): Promise<string> =>
    (await execa('tmux', args, { env: room.env as Record<string, string>, extendEnv: false, reject: false })).stdout;
  const endTmux = async (): Promise<void> => void (await tmux('kill-server'));
  onTestFinished(endTmux);
  const pane = async (id: string): Promise<string> => {
    const { run } = JSON.parse(await facts(id)) as { run: { tmux: { pane: string } } };
    return run.tmux.pane;
  };
  const screen = async (id: string): Promise<string> => tmux('capture-pane', '-p', '-t', await pane(id));
  return {
    ...story,
    endTmux,
    screen,
    shows: (id, text) => until(async () => (await screen(id)).includes(text)),
    press: async (id, ...keys) => void (await tmux('send-keys', '-t', await pane(id), ...keys)),
  };
}

test.each(FAKE_KINDS)(
  '%s in tmux is sent a text at its prompt, and none while it asks for a permission',
  async (kind) => {
    const { agents, create, wt, shows, press } = await makeTmuxStory();
    await create('a', kind, 'ask permission make it', 'idle');
    // aider works at a prompt that it is started with, and ends.
    const prompt = kind === 'aider' ? [] : ['--prompt', 'go'];
    expect(await wt('run', 'a', '--tmux', ...prompt)).toMatchObject({ code: 0 });
    await shows('a', 'make it');
    const { code, stdout } = await wt('--json', 'send', 'a', 'hello there');
    expect({ code, isNamed: stdout.includes('"agent.not-ready"') }).toEqual({ code: 9, isNamed: true });
    expect((await agents.calls('keys')).filter(({ during }) => during === 'dialogue')).toEqual([]);
    await press('a', 'y');
    await agents.call('permission', 'a', ({ isAllowed }) => isAllowed === true);
    const text = `hello "there" $(x); it's`;
    await until(async () => (await wt('send', 'a', text)).code === 0);
    expect(await agents.call('line', 'a')).toMatchObject({ text });
  },
);

test('six agents in tmux are each shown as what they are at', async () => {
  const { agents, create, wt, look, shows } = await makeTmuxStory();
  const six = {
    asks: ['claude', 'ask permission make deploy'],
    killed: ['codex', 'work', 'wait-for never'],
    ends: ['gemini', 'turn', 'exit 0'],
    fails: ['opencode', 'wait-for go', 'fail 3'],
    works: ['copilot', 'work', 'wait-for never'],
    idle: ['cursor-agent', 'turn'],
  } as const;
  for (const [id, [kind, ...script]] of Object.entries(six)) {
    await create(id, kind, ...script);
    await wt('hooks', 'install', kind, id);
    expect(await wt('run', id, '--tmux', '--prompt', 'go')).toMatchObject({ code: 0 });
  }
  await agents.release('go');
  await shows('asks', 'Do you want to proceed?');
  await agents.call('hook', 'works', ({ event }) => event === 'userPromptSubmitted');
  await agents.call('hook', 'idle', ({ event }) => event === 'stop');
  process.kill((await agents.call('start', 'killed')).pid, 'SIGKILL');
  const right = {
    asks: { status: 'waiting', agent: { reason: 'permission', source: 'claude hook' } },
    killed: { agent: { state: 'died', reason: 'SIGKILL' } },
    ends: { agent: { state: 'exited', exitCode: 0 } },
    fails: { status: 'failed', agent: { state: 'failed', exitCode: 3 } },
    works: { status: 'working', agent: { state: 'working' } },
    idle: { agent: { state: 'idle', isAlive: true } },
  };
  await until(async () => {
    const seen = await look();
    return ['killed', 'ends', 'fails'].every((id) => seen[id]?.agent?.isAlive === false);
  });
  expect(await look()).toMatchObject(right);
});

test('a person attaches to an agent in tmux, leaves it, and it goes on', async () => {
  const { room, root, agents, create, wt, look, shows } = await makeTmuxStory();
  await create('a', 'claude');
  await wt('run', 'a', '--tmux');
  await shows('a', '? for shortcuts');
  const terminal = openTerminal(room, root, [process.execPath, PROGRAM, 'attach', 'a']);
  await terminal.shows('? for shortcuts');
  terminal.type('typed by hand');
  await terminal.shows('typed by hand');
  terminal.type('\r');
  expect(await agents.call('line', 'a')).toMatchObject({ text: 'typed by hand' });
  terminal.type('\u0002d');
  expect((await terminal.done).code).toBe(0);
  expect((await look())['a']?.agent).toMatchObject({ isAlive: true });
  expect(await wt('stop', 'a')).toMatchObject({ code: 0 });
  expect((await look())['a']?.agent).toMatchObject({ isAlive: false, state: 'stopped' });
});

test('after a reboot an agent of tmux is taken up again in tmux, in its conversation', async () => {
  const { agents, create, wt, look, shows, facts, endTmux } = await makeTmuxStory();
  await create('a', 'claude', 'work', 'wait-for never');
  expect(await wt('run', 'a', '--tmux', '--prompt', 'go')).toMatchObject({ code: 0 });
  await agents.call('hook', 'a', ({ event }) => event === 'UserPromptSubmit');
  const { pid, ppid = 0 } = await agents.call('start', 'a');
  const conversation = (await look())['a']?.agent?.conversation ?? 'none';

  process.kill(ppid, 'SIGKILL');
  process.kill(pid, 'SIGKILL');
  await endTmux();
  const boot = (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
  await facts('a', (text) => text.replaceAll(boot, '00000000-0000-4000-8000-000000000000'));
  expect((await look())['a']?.agent).toMatchObject({ state: 'died', reason: 'reboot' });

  expect(await wt('resume', '--all')).toMatchObject({ code: 0 });
  await shows('a', '? for shortcuts');
  expect((await agents.calls('start', 'a')).at(-1)?.argv).toEqual(
    expect.arrayContaining(['--resume', conversation]) as string[],
  );
  expect((await look())['a']?.agent).toMatchObject({ isAlive: true });
});
