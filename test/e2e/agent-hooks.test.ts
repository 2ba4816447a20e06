import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { build } from 'esbuild';
import { expect, test } from 'vitest';
import { callHook, makeStory, type SeenEvent, type Story } from '../support/agent-story.ts';
import { start, until } from '../support/spawn.ts';

const FILES = {
  claude: '.claude/settings.local.json',
  gemini: '.gemini/settings.json',
  copilot: '.github/hooks/wt-sessions.json',
  'cursor-agent': '.cursor/hooks.json',
} as const;

const OWN: Readonly<Record<string, string>> = {
  claude: `{\n\t"permissions": { "allow": ["Bash(ls:*)"] },\n\t"hooks": {\n\t\t"Stop": [ { "hooks": [ { "type": "command", "command": "say done" } ] } ]\n\t}\n}`,
  gemini: `// mine\n{\r\n  "theme": "dark", /* kept */\r\n  "hooks": { "AfterAgent": [{ "hooks": [{ "type": "command", "command": "beep", "timeout": 500 }] }] }\r\n}\r\n`,
  'cursor-agent': '{"version":1,"hooks":{"stop":[{"command":"./mine.sh"}]}}\n',
};

test.each(['claude', 'gemini', 'cursor-agent'] as const)(
  'hooks of %s are installed beside a person’s own, work, and are removed to the last byte',
  async (kind) => {
    const { room, agents, create, wt, at, events } = await makeStory();
    await create('a', kind, 'turn');
    const file = path.join(at('a'), FILES[kind]);
    await room.write(at('a'), { [FILES[kind]]: OWN[kind] ?? '' });
    expect(await wt('hooks', 'install', kind, 'a')).toMatchObject({ code: 0 });
    expect(await readFile(file, 'utf8')).not.toBe(OWN[kind]);
    await wt('run', 'a', '--background', '--prompt', 'go');
    await agents.call('end', 'a');
    const heard = (await agents.calls('hook', 'a')).filter(({ argv = [] }) => argv.join(' ').includes('wt-hook'));
    expect(heard.length).toBeGreaterThan(2);
    expect(heard.filter(({ code }) => code !== 0)).toEqual([]);
    expect((await events()).map(({ event }) => event)).toContain('session.agent.working');
    expect(await wt('hooks', 'remove', kind, 'a')).toMatchObject({ code: 0 });
    expect(await readFile(file, 'utf8')).toBe(OWN[kind]);
  },
);

const TEN = Array.from({ length: 10 }, (_, i) => `s${i}`);
const TURNS = 3;

function expectNumbered(events: readonly SeenEvent[]): void {
  expect(events.map(({ seq }) => seq)).toEqual(events.map((_, i) => i + 1));
}

/** Names of the hooks that were told of in a session, in their order. */
function told(events: readonly SeenEvent[], session: string): readonly unknown[] {
  return events
    .filter((one) => one.session === session && one.data['source'] === 'hook')
    .map(({ data }) => data['event']);
}

test('hook calls of ten agents at once lose no event', async () => {
  const { agents, create, wt, events, root } = await makeStory();
  for (const id of TEN)
    await create(id, 'claude', ...Array.from({ length: TURNS }, (_, i) => `turn ${i}`), 'touch over');
  const started = await Promise.all(TEN.map((id) => wt('run', id, '--background', '--prompt', 'go')));
  expect(started.map(({ code }) => code)).toEqual(TEN.map(() => 0));
  for (const id of TEN) await agents.call('end', id);
  const calls = await agents.calls('hook');
  expect(calls.filter(({ code }) => code !== 0)).toEqual([]);
  await until(
    async () => (await events()).filter(({ event }) => event === 'session.agent.exited').length === TEN.length,
  );
  const all = await events();
  expectNumbered(all);
  const wanted = ['SessionStart', ...Array.from({ length: TURNS }, () => ['UserPromptSubmit', 'Stop'])].flat();
  for (const id of TEN) expect(told(all, id)).toEqual(wanted);
  expect(await readdir(path.join(root, '.git/wt/inbox')).catch(() => [])).toEqual([]);
});

/** A session in which an agent runs that says nothing by itself. */
async function quiet(): Promise<Story & { payload: (event: string, more?: object) => string }> {
  const story = await makeStory();
  await story.create('a', 'claude', 'wait-for never');
  await story.wt('run', 'a', '--background', '--prompt', 'go');
  const { payload: first } = await story.agents.call('hook', 'a', ({ event }) => event === 'SessionStart');
  const payload = (event: string, more = {}): string =>
    JSON.stringify({ ...first, hook_event_name: event, prompt: 'x', ...more });
  return { ...story, payload };
}

test('an input that is none, too long, or never ends neither fails the agent nor keeps it waiting', async () => {
  const { room, at, payload, look } = await quiet();
  const inputs: readonly (readonly [string | Buffer, boolean])[] = [
    ['', false],
    ['{', false],
    ['null', false],
    ['[]', false],
    ['"text"', false],
    ['{"hook_event_name":12,"session_id":[],"cwd":{}}', false],
    [Buffer.from([0xff, 0xfe, 0x00, 0x80]), false],
    ['['.repeat(200_000), false],
    [payload('UserPromptSubmit', { prompt: 'x'.repeat(10_000_000) }), false],
    ['x'.repeat(10_000_000), false],
    ['{"hook_event_name":"Stop",', true],
    [JSON.stringify({ hook_event_name: 'UserPromptSubmit', cwd: '/nowhere/at/all', session_id: 'x' }), false],
    [payload('UserPromptSubmit', { cwd: `${'../'.repeat(500)}etc` }), false],
  ];
  for (const [input, isOpen] of inputs) {
    const { code, stdout, ms } = await callHook(room, at('a'), ['claude'], input, { isOpen });
    const text = String(input).slice(0, 60);
    expect({ text, code, stdout, isQuick: ms < 10_000 }).toEqual({ text, code: 0, stdout: '', isQuick: true });
  }
  expect((await look())['a']?.agent?.isAlive).toBe(true);
});

test('a prompt of 10 MB is told of as any other', async () => {
  const { room, at, payload, events } = await quiet();
  await callHook(room, at('a'), ['claude'], payload('UserPromptSubmit', { prompt: 'x'.repeat(10_000_000) }));
  expect(told(await events(), 'a').at(-1)).toBe('UserPromptSubmit');
});

test('an agent of another name and conversation, and a folder that is no session, are passed over in silence', async () => {
  const { room, root, at, payload, events } = await quiet();
  const before = (await events()).length;
  for (const [cwd, words] of [
    [at('a'), ['nobody']],
    [at('a'), ['../../etc/passwd']],
    [root, ['claude']],
    [room.dir, ['claude']],
  ] as const) {
    const input = payload('UserPromptSubmit', { cwd, ...(cwd === at('a') ? { session_id: 'another' } : {}) });
    expect(await callHook(room, cwd, words, input, { env: { WT_SESSION: undefined } })).toMatchObject({
      code: 0,
      stdout: '',
    });
  }
  expect((await events()).slice(before)).toEqual([]);
});

/** A process that holds the lock of the events, and is stopped while it does. */
async function stopHolder({ room, root }: Story): Promise<() => void> {
  const outfile = path.join(room.dir, 'holder.mjs');
  await build({
    stdin: {
      contents: `
        import { eventLogOf, whileLogging } from './src/registry/event-log.ts';
        import { systemClock } from './src/platform/clock.ts';
        import { createRunner } from './src/platform/runner.ts';
        const deps = { clock: systemClock, random: Math.random, run: createRunner(process.env), env: process.env };
        await whileLogging(deps, eventLogOf(process.argv[2]), { timeoutMs: 10_000, isDurable: false }, async () => {
          process.stderr.write('held');
          await new Promise((resolve) => setTimeout(resolve, 1000));
        });`,
      resolveDir: process.cwd(),
    },
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    banner: { js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);' },
    logLevel: 'error',
  });
  const holder = start(room, root, [process.execPath, outfile, path.join(root, '.git')]);
  await until(() => holder.said().includes('held'));
  holder.kill('SIGSTOP');
  return () => holder.kill('SIGCONT');
}

test('a holder of the events’ lock that is stopped keeps no hook waiting, and nothing is lost by it', async () => {
  const story = await quiet();
  const { room, root, at, payload, events } = story;
  const before = (await events()).length;
  const goOn = await stopHolder(story);
  const names = ['UserPromptSubmit', 'PermissionRequest', 'UserPromptSubmit', 'Stop'];
  for (const name of names) {
    const { code, ms } = await callHook(room, at('a'), ['claude'], payload(name, { tool_name: 'Bash' }));
    expect({ name, code, isQuick: ms < 10_000 }).toEqual({ name, code: 0, isQuick: true });
  }
  expect((await readdir(path.join(root, '.git/wt/inbox'))).length).toBe(names.length);
  goOn();
  await until(async () => {
    await callHook(room, at('a'), ['claude'], payload('UserPromptSubmit'));
    return (await readdir(path.join(root, '.git/wt/inbox'))).length === 0;
  });
  const all = await events();
  expectNumbered(all);
  expect(told(all.slice(before), 'a').slice(0, names.length)).toEqual(names);
});

test('hooks go on where HOME cannot be written and PATH holds nothing', async () => {
  const { room, at, payload, events } = await quiet();
  const home = path.join(room.dir, 'no-home');
  await writeFile(home, 'a file');
  const env = { HOME: home, XDG_CONFIG_HOME: home, XDG_CACHE_HOME: home, PATH: '/nowhere', TMPDIR: home };
  expect(await callHook(room, at('a'), ['claude'], payload('UserPromptSubmit'), { env })).toMatchObject({ code: 0 });
  expect(told(await events(), 'a').at(-1)).toBe('UserPromptSubmit');
});

test('a settings file that leads out of the worktree by a link is refused', async () => {
  const { create, wt, at, room } = await makeStory();
  await create('a', 'claude');
  await mkdir(path.join(room.dir, 'elsewhere'));
  const { symlink } = await import('node:fs/promises');
  await symlink(path.join(room.dir, 'elsewhere'), path.join(at('a'), '.claude'));
  const { code } = await wt('hooks', 'install', 'claude', 'a');
  expect(code).not.toBe(0);
  expect(await readdir(path.join(room.dir, 'elsewhere'))).toEqual([]);
});
