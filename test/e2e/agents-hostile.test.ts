import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { makeStory } from '../support/agent-story.ts';
import { FAKE_KINDS } from '../support/agents.ts';

const HOSTILE = `-x --resume "double" 'single' $(touch pwned) \`touch pwned\` ; touch pwned\nsecond line\t%s \\ * é 漢 👍`;

test.each(FAKE_KINDS)('%s gets a prompt as it is written, whatever is in it', async (kind) => {
  const { agents, create, wt, at } = await makeStory();
  await create('a', kind);
  expect(await wt('run', 'a', '--background', `--prompt=${HOSTILE}`)).toMatchObject({ code: 0 });
  await agents.call('end', 'a');
  const given = (await agents.calls()).flatMap(({ what, argv = [], text = '' }) =>
    what === 'start' ? argv : what === 'stdin' ? [text] : [],
  );
  expect(given.filter((word) => word.includes(HOSTILE))).toHaveLength(1);
  expect((await agents.calls('refusal')).map(({ message }) => message)).toEqual([]);
  const exit = await wt('exec', 'a', '--', 'ls');
  expect(exit.stdout).not.toContain('pwned');
  expect(at('a')).not.toContain('pwned');
});

test('a prompt that is the name of a verb of the agent’s is still a prompt', async () => {
  for (const kind of ['codex', 'claude', 'opencode', 'cursor-agent'] as const) {
    const { agents, create, wt } = await makeStory();
    await create('a', kind);
    await wt('run', 'a', '--background', '--prompt', kind === 'claude' ? 'agents' : 'resume');
    expect(await agents.call('end', 'a')).toMatchObject({ code: 0 });
    expect(await agents.calls('refusal')).toEqual([]);
  }
});

test.each(['../claude', '/bin/sh', 'a/b', '.', '..', 'x y', 'x'.repeat(60), '__proto__', 'constructor'])(
  'an agent called %j is refused, and nothing is started',
  async (name) => {
    const { agents, create, wt } = await makeStory();
    await create('a', 'claude');
    const { code, stderr } = await wt('run', 'a', name, '--background', '--prompt', 'go');
    expect([2, 3, 4]).toContain(code);
    expect(stderr).not.toContain('bug');
    expect(await agents.calls('start')).toEqual([]);
  },
);

test('an agent runs in a repository whose path has blanks, quotes and a dollar, with an id as long as it may be', async () => {
  const { agents, create, wt, look, at } = await makeStory(`we ird' "$HOME" & (x)`);
  const id = `s${'-x'.repeat(23)}z`;
  expect(id).toHaveLength(48);
  await create(id, 'claude', 'turn', 'write a.txt', 'commit work');
  expect(await wt('hooks', 'install', 'claude', id)).toMatchObject({ code: 0 });
  expect(await wt('run', id, '--background', '--prompt', 'go')).toMatchObject({ code: 0 });
  expect(await agents.call('end', id)).toMatchObject({ code: 0 });
  expect(await agents.call('start', id)).toMatchObject({ cwd: at(id) });
  expect((await agents.calls('hook', id)).filter(({ code }) => code !== 0)).toEqual([]);
  expect((await look())[id]?.agent).toMatchObject({ state: 'exited', exitCode: 0 });
});

test('an agent runs, is waited for and is taken up where HOME cannot be written', async () => {
  const { room, agents, create, wt, look } = await makeStory();
  const home = path.join(room.dir, 'no-home');
  await writeFile(home, 'a file');
  await create('a', 'codex', 'turn', 'exit 0');
  Object.assign(room.env, { HOME: home, XDG_CONFIG_HOME: home, XDG_CACHE_HOME: home });
  expect(await wt('run', 'a', '--background', '--prompt', 'go')).toMatchObject({ code: 0 });
  await agents.call('end', 'a');
  expect(await wt('wait', 'a', '--for', 'exited')).toMatchObject({ code: 0 });
  expect((await look())['a']?.agent).toMatchObject({ state: 'exited' });
});

test('a stubborn agent with a child of its own is stopped with all of it', async () => {
  const { agents, create, wt, look } = await makeStory();
  await create('a', 'gemini', 'stubborn', 'child', 'work', 'hang');
  await wt('run', 'a', '--background', '--prompt', 'go');
  const { child = 0 } = await agents.call('child', 'a');
  expect(await wt('stop', 'a', '--kill')).toMatchObject({ code: 0 });
  expect((await look())['a']?.agent).toMatchObject({ isAlive: false });
  const status = await readFile(`/proc/${child}/status`, 'utf8').catch(() => 'gone');
  expect(status).toMatch(/^gone$|^State:\s+[ZX]/m);
});

test('an agent of the same kind that an agent starts in turn changes nothing of what is shown', async () => {
  const { agents, create, wt, look } = await makeStory();
  await create('a', 'claude', 'work', 'nested', 'subagent', 'touch nested-is-over', 'wait-for never');
  await wt('run', 'a', '--background', '--prompt', 'go');
  await agents.call('hook', 'a', ({ event }) => event === 'SubagentStop' || event === 'SessionEnd');
  const { conversation } = (await look())['a']?.agent ?? {};
  expect((await look())['a']).toMatchObject({ status: 'working', agent: { state: 'working' } });
  expect((await agents.call('start', 'a')).argv).toContain(conversation);
});
