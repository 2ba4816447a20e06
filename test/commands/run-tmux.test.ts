import { readFile, writeFile, mkdir } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { parseFacts, type AgentFacts } from '#src/agents/facts.ts';
import { fakeAgents, type FakeAgents } from '../support/agents.ts';
import { failure } from '../support/listing.ts';
import { PROGRAM, until } from '../support/spawn.ts';
import { adminOf, makeTmux, HAS_TMUX, NEEDS_TMUX, type TmuxServer } from '../support/tmux.ts';
import { callWt, makeBench, type Bench, type Result, type Stage } from '../support/wt.ts';

interface Stand extends Bench {
  readonly tmux: TmuxServer;
  readonly fakes: FakeAgents;
  facts(id?: string): Promise<AgentFacts>;
  panes(): Promise<readonly string[]>;
}

/** A repository with a session, fake agents and a tmux server of its own; wt in a pane is the built one. */
async function makeStand(...script: string[]): Promise<Stand> {
  const made = await makeBench();
  const { room, root } = made;
  const program = `${room.dir}/wt.js`;
  await writeFile(program, `await import(${JSON.stringify(PROGRAM)});\n`);
  await writeFile(`${room.dir}/package.json`, '{"type":"module"}');
  const tmux = makeTmux(room);
  const fakes = await fakeAgents(room);
  const wt = (...argv: (string | Stage)[]): Promise<Result> => {
    const words = argv.filter((word) => typeof word === 'string');
    return callWt(room, words, { cwd: root, ...argv.find((word) => typeof word !== 'string') });
  };
  await wt('create', 'a');
  await fakes.script('a', ...script);
  return {
    ...made,
    wt,
    tmux,
    fakes,
    facts: async (id = 'a') =>
      parseFacts(await readFile(`${adminOf(made, id)}/wt-agent.json`, 'utf8').catch(() => undefined)),
    panes: async () =>
      (await tmux('list-panes', '-a', '-F', '#{session_name} #{window_name} #{pane_id} #{pane_dead}').catch(() => ''))
        .split('\n')
        .filter((line) => line !== ''),
  };
}

interface RunData {
  readonly session: string;
  readonly agent: string;
  readonly pid: number;
  readonly how: string;
  readonly tmux: { socket: string; pane: string; session: string };
}

/** A program may outlive its terminal: the fake one does at times. */
function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // it has gone with its server
  }
}

describe.skipIf(!HAS_TMUX)(`wt run --tmux${NEEDS_TMUX}`, () => {
  test('starts the agent in a tmux session of its own, and says how it is seen', async () => {
    const stand = await makeStand();
    const { code, stdout, stderr } = await stand.wt('run', 'a', 'claude', '--tmux');
    const { run } = await stand.facts();
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain(`✓ claude works in a  process ${run?.owner.pid}\n`);
    expect(stdout).toContain('  tmux session app-a, pane %0\n  wt attach a shows it, wt stop a ends it\n');
    expect(run).toMatchObject({ agent: 'claude', how: 'tmux', tmux: { pane: '%0', session: 'app-a' }, end: null });
    expect(await stand.panes()).toEqual(['app-a app-a %0 0']);
    expect(await stand.tmux('display-message', '-p', '-t', '%0', '#{window_width}x#{window_height}')).toBe('200x50');
  });

  test('hands prompt, words and environment over to the letter, and on no command line', async () => {
    const stand = await makeStand();
    await stand.tmux('-f', '/dev/null', 'new-session', '-d', '-s', 'old', 'cat');
    const prompt = `it's "quoted"; $(touch pwned) #{pane_id} -x;\n\tsecond line ünï 🙂;`;
    const env = { SECRET: 'a b;c\n"d"', LC_ALL: 'C.UTF-8' };
    const { code } = await stand.wt('run', 'a', 'claude', '--tmux', '--prompt', prompt, '--', '--model', 'x;', { env });
    expect(code).toBe(0);
    const { argv = [], env: got = {}, isTerminal } = await stand.fakes.call('start', 'a');
    expect(argv.at(-1)).toBe(prompt);
    expect(argv.join(' ')).toContain('--model x;');
    expect({ isTerminal, secret: got['SECRET'], handover: got['WT_HANDOVER'] }).toEqual({
      isTerminal: true,
      secret: env.SECRET,
      handover: undefined,
    });
    expect(got['TMUX_PANE']).toBe('%1');
    const pane = await stand.tmux('display-message', '-p', '-t', '%1', '#{pane_start_command}');
    expect(pane).not.toContain('quoted');
    expect(pane).not.toContain('SECRET');
    const left = await import('node:fs/promises').then(({ readdir }) => readdir(`${adminOf(stand, 'a')}/wt-agent`));
    expect(left.filter((name) => name.startsWith('handover'))).toEqual([]);
  });

  test('inside tmux opens a window beside the caller’s, and leaves the caller where it is', async () => {
    const stand = await makeStand();
    await stand.tmux('new-session', '-d', '-s', 'mine', '-x', '100', '-y', '30', 'cat');
    const own = await stand.tmux('display-message', '-p', '-t', 'mine', '#{socket_path},1,0 #{pane_id}');
    const [TMUX, TMUX_PANE] = own.split(' ');
    const env = { TMUX, TMUX_PANE };
    expect(await stand.wt('run', 'a', 'claude', '--tmux', { env })).toMatchObject({ code: 0 });
    expect(await stand.panes()).toEqual([expect.stringMatching(/^mine \S+ %0 0$/), 'mine a %1 0']);
    expect(await stand.tmux('display-message', '-p', '-t', 'mine:', '#{pane_id}')).toBe('%0');
  });

  test('an environment that has outlived its tmux is no hindrance', async () => {
    const stand = await makeStand();
    const env = { TMUX: `${stand.room.dir}/gone,1,0`, TMUX_PANE: '%7' };
    expect(await stand.wt('run', 'a', 'claude', '--tmux', { env })).toMatchObject({ code: 0 });
  });

  test('a name that is taken gets a number', async () => {
    const stand = await makeStand();
    await stand.tmux('new-session', '-d', '-s', 'app-a', 'cat');
    expect((await stand.data<RunData>('run', 'a', 'claude', '--tmux')).tmux.session).toBe('app-a-2');
  });

  test('a second start is refused, in whatever way', async () => {
    const stand = await makeStand();
    await stand.wt('run', 'a', 'claude', '--tmux');
    expect(await failure(stand, 'run', 'a', '--tmux')).toMatchObject({ exit: 4, code: 'agent.running' });
    expect(await failure(stand, 'run', 'a', '--background', '--prompt', 'x')).toMatchObject({ code: 'agent.running' });
    expect(await stand.panes()).toHaveLength(1);
  });

  test('of two starts at once exactly one wins, and one pane is left', async () => {
    const stand = await makeStand();
    const both = await Promise.all([0, 1].map(() => stand.wt('--json', 'run', 'a', 'claude', '--tmux')));
    expect(both.filter(({ code }) => code === 0)).toHaveLength(1);
    expect(await stand.panes()).toHaveLength(1);
    expect((await stand.fakes.calls('start', 'a')).length).toBe(1);
  });

  test('an agent that ends at once is a failure with its last words, and leaves no pane', async () => {
    const stand = await makeStand();
    const quick = { command: ['sh', '-c', 'echo not signed in; exit 3'], prompt: 'stdin' };
    await stand.room.write(stand.room.dir, { '.config/wt/config.jsonc': JSON.stringify({ agents: { quick } }) });
    const { code, stderr } = await stand.wt('run', 'a', 'quick', '--tmux');
    expect(code).toBe(5);
    expect(stderr).toContain('ended as soon as it was started: exit 3');
    expect(stderr).toContain('not signed in');
    expect(await stand.panes()).toEqual([]);
    expect((await stand.facts()).run?.end).toMatchObject({ exitCode: 3 });
  });

  test('a program that is not there is missed before a pane is opened', async () => {
    const stand = await makeStand();
    expect(await failure(stand, 'run', 'a', 'claude', '--tmux', { env: { PATH: '/usr/bin:/bin' } })).toMatchObject({
      code: 'program.missing',
    });
    expect(await stand.panes()).toEqual([]);
  });

  test('without tmux it is missed by name, with how to get it', async () => {
    const stand = await makeStand();
    const bin = `${stand.room.dir}/bin`;
    await mkdir(bin);
    const { symlink } = await import('node:fs/promises');
    for (const name of ['git', 'sh', 'mkfifo', 'env']) await symlink(`/usr/bin/${name}`, `${bin}/${name}`);
    const { exit, code, message } = await failure(stand, 'run', 'a', 'claude', '--tmux', {
      env: { PATH: `${stand.fakes.bin}:${bin}` },
    });
    expect({ exit, code }).toEqual({ exit: 5, code: 'program.missing' });
    expect(message).toMatch(/^tmux is not on PATH: .*apt install tmux/);
  });

  test('the pane stays to be read when the agent has ended, and goes with the next start', async () => {
    const stand = await makeStand('say the last word', 'wait-for end', 'exit 0');
    await stand.wt('run', 'a', 'claude', '--tmux');
    await stand.fakes.release('end');
    await until(async () => (await stand.facts()).run?.end !== null);
    await until(async () => (await stand.panes())[0]?.endsWith(' 1') === true);
    expect((await stand.facts()).run?.end).toMatchObject({ exitCode: 0, how: 'exit' });
    const { code, raw } = await stand.wt('logs', 'a');
    expect(code).toBe(0);
    expect(raw).toContain('the last word');
    await stand.fakes.script('a');
    await stand.wt('run', 'a', 'claude', '--tmux');
    expect(await stand.panes()).toEqual([expect.stringMatching(/ %\d+ 0$/)]);
  });

  test('stop ends the agent and closes its pane', async () => {
    const stand = await makeStand();
    await stand.wt('run', 'a', 'claude', '--tmux');
    expect(await stand.wt('stop', 'a')).toMatchObject({ code: 0 });
    expect(await stand.panes()).toEqual([]);
    expect((await stand.facts()).run?.end).toMatchObject({ how: 'stopped' });
  });

  test('remove --kill takes agent, session and pane away', async () => {
    const stand = await makeStand();
    await stand.wt('run', 'a', 'claude', '--tmux');
    expect(await failure(stand, 'remove', 'a')).toMatchObject({ code: 'session.live' });
    const { code, stderr } = await stand.wt('remove', 'a', '--kill');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(await stand.panes()).toEqual([]);
  });

  test('a pane that has the number of its own by now is left alone', async () => {
    const stand = await makeStand();
    await stand.wt('run', 'a', 'claude', '--tmux');
    const pid = (await stand.facts()).run?.owner.pid ?? 0;
    await stand.tmux('kill-server');
    kill(pid);
    await until(async () => (await stand.wt('list', '--json')).raw.includes('"isAlive":false'));
    await stand.tmux('new-session', '-d', '-s', 'other', 'cat');
    expect(await stand.panes()).toEqual([expect.stringMatching(/ %0 0$/)]);
    await stand.wt('stop', 'a');
    await stand.wt('run', 'a', 'claude', '--tmux');
    expect(await stand.panes()).toEqual([
      expect.stringMatching(/^app-a .* %1 0$/),
      expect.stringMatching(/^other .* %0 0$/),
    ]);
  });

  test('an agent that went with its server is taken up again in tmux, in its conversation', async () => {
    const stand = await makeStand('turn hello');
    await stand.wt('run', 'a', 'claude', '--tmux');
    const { conversation } = await stand.facts();
    await stand.fakes.call('start', 'a');
    const pid = (await stand.facts()).run?.owner.pid ?? 0;
    await stand.tmux('kill-server');
    kill(pid);
    await until(async () => {
      const { sessions } = await stand.data<{ sessions: { agentStatus: { isAlive: boolean } }[] }>('list');
      return sessions[0]?.agentStatus.isAlive === false;
    });
    const { resumed } = await stand.data<{ resumed: RunData[] }>('resume', 'a');
    expect(resumed[0]).toMatchObject({ how: 'tmux', agent: 'claude', tmux: { session: 'app-a' } });
    expect((await stand.facts()).conversation?.id).toBe(conversation?.id);
  });

  test('create --run --tmux makes the session and starts its agent there', async () => {
    const stand = await makeStand();
    const { code } = await stand.wt('create', 'b', '--agent', 'claude', '--task', 'Do it', '--run', '--tmux');
    expect(code).toBe(0);
    expect((await stand.fakes.call('start', 'b')).argv?.at(-1)).toBe('Do it');
    expect((await stand.facts('b')).run?.how).toBe('tmux');
  });

  test.each([
    ['run', 'a', '--tmux', '--background'],
    ['resume', 'a', '--tmux', '--background'],
    ['resume', 'a', '--tmux', '--foreground'],
    ['create', 'c', '--tmux'],
  ])('wt %s %s %s %s is a usage error', async (...argv) => {
    const stand = await makeStand();
    expect(await failure(stand, ...argv.filter((word) => word !== undefined))).toMatchObject({ code: 'usage.invalid' });
  });

  test('a dry run opens no pane', async () => {
    const stand = await makeStand();
    expect((await stand.wt('run', 'a', 'claude', '--tmux', '-n')).stdout).toContain('Would start claude in a in tmux');
    expect(await stand.panes()).toEqual([]);
  });
});
