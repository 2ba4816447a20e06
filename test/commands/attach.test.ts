import { execa } from 'execa';
import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { describeProcess } from '#src/platform/identity.ts';
import { fakeAgents } from '../support/agents.ts';
import { failure } from '../support/listing.ts';
import { standIn } from '../support/built.ts';
import { until } from '../support/spawn.ts';
import { openWt } from '../support/terminal.ts';
import { makeTmux, HAS_TMUX, NEEDS_TMUX, stageAgent, type Staged, type TmuxServer } from '../support/tmux.ts';
import { makeRun } from '../support/agent-facts.ts';
import { tell } from '../support/told.ts';
import { makeBench, type Bench } from '../support/wt.ts';

interface Stand extends Bench {
  readonly tmux: TmuxServer;
  readonly agent: Staged;
}

async function makeStand(): Promise<Stand> {
  const bench = await makeBench();
  const tmux = makeTmux(bench.room);
  const fakes = await fakeAgents(bench.room, ['claude']);
  await bench.wt('create', 'a');
  const agent = await stageAgent(bench, 'a', [`${fakes.bin}/claude`]);
  await tmux.shows(agent.pane, '? for shortcuts');
  return { ...bench, tmux, agent };
}

describe.skipIf(!HAS_TMUX)(`wt attach to an agent in tmux${NEEDS_TMUX}`, () => {
  test('shows its pane, types to it, and leaves it running with the usual keys', async () => {
    const { room, root, tmux, agent, wt } = await makeStand();
    const terminal = openWt(room, root, ['attach', 'a']);
    await terminal.shows('? for shortcuts');
    expect(await tmux('list-clients', '-F', '#{pane_id}')).toBe(agent.pane);
    terminal.type('typed by hand');
    await tmux.shows(agent.pane, '❯ typed by hand');
    terminal.type('\u0002d');
    const { code, screen } = await terminal.done;
    expect(code).toBe(0);
    expect(screen).toContain('Left a; claude goes on');
    expect(await tmux('list-clients', '-F', '#{pane_id}')).toBe('');
    expect((await wt('list', '--json')).raw).toContain('"isAlive":true');
  });

  test('gives the pane the size of the terminal', async () => {
    const { room, root, tmux, agent } = await makeStand();
    const terminal = openWt(room, root, ['attach', 'a'], { columns: 100 });
    await terminal.shows('? for shortcuts');
    expect(await tmux('display-message', '-p', '-t', agent.pane, '#{window_width}')).toBe('100');
    terminal.type('\u0002d');
    await terminal.done;
  });

  test('ends with the agent, and says so', async () => {
    const { room, root, agent } = await makeStand();
    const terminal = openWt(room, root, ['attach', 'a']);
    await terminal.shows('? for shortcuts');
    process.kill(agent.pid, 'SIGKILL');
    await terminal.shows('Pane is dead');
    terminal.type('\u0002d');
    expect((await terminal.done).screen).toContain('claude in a has ended: died');
  });

  test('off a terminal names the command to type', async () => {
    const { wt, agent, room } = await makeStand();
    const { code, stderr } = await wt('attach', 'a');
    expect(code).toBe(2);
    expect(stderr).toContain(`next: tmux -S $ROOM/tmux-${process.getuid?.()}/default attach-session -t ${agent.pane}`);
    expect(room.dir).not.toBe('');
  });

  test('inside the same tmux takes the client there', async () => {
    const { room, root, tmux, agent } = await makeStand();
    await tmux('new-session', '-d', '-s', 'mine', '-x', '90', '-y', '20', 'sh');
    const terminal = execa('script', ['-qec', 'tmux attach -t mine', '/dev/null'], {
      env: { ...room.env, TERM: 'xterm' },
      extendEnv: false,
      reject: false,
      cwd: root,
      stdin: 'pipe',
    });
    await until(async () => (await tmux('list-clients', '-F', '#{session_name}')) === 'mine');
    const { PROGRAM } = await import('../support/spawn.ts');
    await tmux('send-keys', '-t', 'mine', `cd ${root} && ${process.execPath} ${PROGRAM} attach a`, 'Enter');
    await until(async () => (await tmux('list-clients', '-F', '#{pane_id}')) === agent.pane);
    expect(await tmux('list-clients', '-F', '#{session_name}')).toBe('a');
    terminal.kill();
  });

  test('whose pane is gone is told where it runs', async () => {
    const { wt, tmux, agent } = await makeStand();
    await tmux('set-option', '-p', '-t', agent.pane, '@wt', 'another');
    const { code, stderr } = await wt('attach', 'a', { columns: 80 });
    expect(code).toBe(2);
    expect(stderr).toContain(`claude runs (process ${agent.pid}`);
  });
});

describe('wt attach to an agent in the background', () => {
  async function makeLined(): Promise<Bench> {
    const bench = await makeBench();
    await bench.room.write(bench.room.dir, {
      '.config/wt/config.jsonc': JSON.stringify({
        agents: {
          lines: {
            command: [
              'sh',
              '-c',
              'echo begun; while read -r line; do echo "got $line"; [ "$line" != end ] || exit 0; done',
            ],
            prompt: 'stdin',
            lines: true,
          },
          deaf: { command: ['sh', '-c', 'echo begun; exec sleep 300'], prompt: 'argument' },
        },
      }),
    });
    await bench.wt('create', 'a');
    return bench;
  }

  async function start({ room, root }: Bench, agent: string): Promise<void> {
    const { runWt } = await import('../support/spawn.ts');
    const { code, stderr } = await runWt(room, root, ['run', 'a', agent, '--background', '--prompt', 'first']);
    if (code !== 0) throw new Error(stderr);
  }

  test('follows what it prints and sends each line that is typed', async () => {
    const bench = await makeLined();
    await start(bench, 'lines');
    const terminal = openWt(bench.room, bench.root, ['attach', 'a']);
    await terminal.shows('got first');
    terminal.type('hello there\r');
    await terminal.shows('got hello there');
    terminal.type('end\r');
    const { code, screen } = await terminal.done;
    expect(code).toBe(0);
    expect(screen).toContain('lines in a has ended: exited');
  });

  test('Ctrl-C leaves, and the agent goes on', async () => {
    const bench = await makeLined();
    await start(bench, 'deaf');
    const terminal = openWt(bench.room, bench.root, ['attach', 'a']);
    await terminal.shows('it takes no lines');
    await terminal.shows('begun');
    terminal.type('\u0003');
    const { code, screen } = await terminal.done;
    expect({ code, screen }).toEqual({ code: 0, screen: expect.stringContaining('Left a; deaf goes on') as string });
    expect((await bench.wt('list', '--json')).raw).toContain('"isAlive":true');
    await bench.wt('stop', 'a');
  });

  test('says of a line that it takes none', async () => {
    const bench = await makeLined();
    await start(bench, 'deaf');
    const terminal = openWt(bench.room, bench.root, ['attach', 'a']);
    await terminal.shows('begun');
    terminal.type('hello\r');
    await terminal.shows('it takes no lines: nothing was sent');
    terminal.type('\u0003');
    expect((await terminal.done).code).toBe(0);
    await bench.wt('stop', 'a');
  });

  test('off a terminal names the command that follows it', async () => {
    const bench = await makeLined();
    await start(bench, 'deaf');
    const { code, stderr } = await bench.wt('attach', 'a');
    expect(code).toBe(2);
    expect(stderr).toContain('next: wt logs --follow a');
    await bench.wt('stop', 'a');
  });

  test('wt send writes one line to it, and refuses what would be several', async () => {
    const bench = await makeLined();
    await start(bench, 'lines');
    expect(await bench.wt('send', 'a', 'one', 'line;')).toMatchObject({
      code: 0,
      stdout: '✓ sent 9 characters to lines in a  a line on its standard input\n',
    });
    await until(async () => (await bench.wt('logs', 'a')).raw.includes('got one line;'));
    expect(await failure(bench, 'send', 'a', 'one\ntwo')).toMatchObject({ exit: 2, code: 'usage.invalid' });
    expect(await failure(bench, 'send', 'a', 'x', '--no-enter')).toMatchObject({ exit: 2, code: 'usage.invalid' });
    await bench.wt('stop', 'a');
    expect(await failure(bench, 'send', 'a', 'x')).toMatchObject({ exit: 4, code: 'agent.not-running' });
  });

  test('wt send says of one that reads no lines how it could be reached', async () => {
    const bench = await makeLined();
    await start(bench, 'deaf');
    const { exit, code, message } = await failure(bench, 'send', 'a', 'x');
    expect({ exit, code }).toEqual({ exit: 2, code: 'usage.invalid' });
    expect(message).toContain('deaf reads no lines while it runs in the background');
    await bench.wt('stop', 'a');
  });
});

describe('wt attach', () => {
  test('says of an agent in a terminal of its own where that is', async () => {
    const bench = await makeBench();
    await bench.wt('create', 'a');
    const pid = await standIn(bench.root);
    const owner = describeProcess(pid, 'claude');
    if (owner === undefined) throw new Error('it has ended');
    await tell(bench, 'a', { run: makeRun({ how: 'foreground', owner }) });
    expect(await failure(bench, 'attach', 'a')).toMatchObject({
      exit: 2,
      code: 'usage.invalid',
      message: expect.stringContaining(`has a terminal of its own (process ${pid}`) as string,
    });
  });

  test('where no agent runs is refused', async () => {
    const bench = await makeBench();
    await bench.wt('create', 'a');
    expect(await failure(bench, 'attach', 'a')).toMatchObject({ exit: 4, code: 'agent.not-running' });
    expect(await failure(bench, 'attach', 'b')).toMatchObject({ exit: 3, code: 'session.not-found' });
    expect(await readFile(`${bench.root}/README.md`, 'utf8')).toBe('hello\n');
  });
});
