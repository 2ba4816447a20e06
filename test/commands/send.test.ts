import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { fakeAgents, type FakeAgents, type FakeKind } from '../support/agents.ts';
import { failure } from '../support/listing.ts';
import { until } from '../support/spawn.ts';
import { makeTmux, HAS_TMUX, NEEDS_TMUX, stageAgent, type Staged, type TmuxServer } from '../support/tmux.ts';
import { makeBench, type Bench } from '../support/wt.ts';

interface Stand extends Bench {
  readonly tmux: TmuxServer;
  readonly fakes: FakeAgents;
  readonly agent: Staged;
}

/** A session whose agent sits at its prompt in tmux, or does what the script says. */
async function makeStand(kind: FakeKind = 'claude', ...script: string[]): Promise<Stand> {
  const bench = await makeBench();
  const tmux = makeTmux(bench.room);
  const fakes = await fakeAgents(bench.room, [kind]);
  await bench.wt('create', 'a');
  await fakes.script('a', ...script);
  const agent = await stageAgent(bench, 'a', [`${fakes.bin}/${kind}`], { agent: kind });
  return { ...bench, tmux, fakes, agent };
}

const READY: Partial<Record<FakeKind, string>> = { claude: '? for shortcuts', codex: '? for shortcuts', aider: '> ' };

async function makeReady(kind: FakeKind = 'claude'): Promise<Stand> {
  const stand = await makeStand(kind);
  await stand.tmux.shows(stand.agent.pane, READY[kind] ?? '>');
  return stand;
}

/** What the agent was given, line by line. */
async function lines({ fakes }: Stand): Promise<readonly (string | undefined)[]> {
  return (await fakes.calls('line', 'a')).map(({ text }) => text);
}

async function keys({ fakes }: Stand): Promise<string> {
  return (await fakes.calls('keys', 'a')).map(({ text }) => text).join('');
}

describe.skipIf(!HAS_TMUX)(`wt send${NEEDS_TMUX}`, () => {
  test('types a text and Enter at a prompt, and says what was seen of it', async () => {
    const stand = await makeReady();
    const { code, stdout, stderr } = await stand.wt('send', 'a', 'Run', 'the', 'tests');
    expect({ code, stdout, stderr }).toEqual({
      code: 0,
      stdout: '✓ sent 13 characters to claude in a  it has left the prompt\n',
      stderr: '',
    });
    await stand.fakes.call('line', 'a');
    expect(await lines(stand)).toEqual(['Run the tests']);
  });

  test.each(['claude', 'codex', 'gemini', 'opencode', 'aider', 'copilot', 'cursor-agent'] as const)(
    'is understood by %s at its prompt',
    async (kind) => {
      const stand = await makeStand(kind);
      const { code, stderr } = await stand.wt('send', 'a', 'Run the tests', '--wait', '20s');
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      await stand.fakes.call('line', 'a');
      expect(await lines(stand)).toEqual(['Run the tests']);
    },
  );

  test.each([
    ['a dash at its beginning', '-x is a flag, --help too'],
    ['quotes', `it's "quoted" \`here\` \\ and there`],
    ['what a shell would fill in', '$(touch pwned) $HOME `id` ${x} !! *'],
    ['what tmux would fill in', '#{pane_id} #(touch pwned) %1 ^B C-c Enter'],
    ['a semicolon at its end', 'first; then;'],
    ['an escaped semicolon at its end', 'then \\;'],
    ['nothing but a semicolon', ';'],
    ['characters of all kinds', 'äöü 日本語 🙂👩‍👩‍👧 ﷽'],
    ['blanks at both ends', '  two  '],
  ])('takes %s to the letter', async (_, text) => {
    const stand = await makeReady();
    const { code, stderr } = await stand.wt('send', 'a', '--', text);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    await stand.fakes.call('line', 'a');
    expect(await lines(stand)).toEqual([text]);
  });

  test('sends several lines as one paste, which comes as one prompt', async () => {
    const stand = await makeReady();
    const text = 'First this.\n\n\tThen that;\n- and the rest';
    const { code, stderr } = await stand.wt('send', 'a', '-', { stdin: `${text}\r\n\n` });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    await stand.fakes.call('line', 'a');
    expect(await lines(stand)).toEqual([text]);
  });

  test('sends 100 kB', async () => {
    const stand = await makeReady();
    const text = 'word '.repeat(20_000).trim();
    expect(await stand.wt('send', 'a', '-', { stdin: text })).toMatchObject({ code: 0 });
    await stand.fakes.call('line', 'a');
    expect(await lines(stand)).toEqual([text]);
  });

  test('sends a list whose first row looks like the row of a question', async () => {
    const stand = await makeReady();
    expect(await stand.wt('send', 'a', '1. Yes, rename it\n2. No, not that one')).toMatchObject({
      code: 0,
      stderr: '',
    });
    await stand.fakes.call('line', 'a');
    expect(await lines(stand)).toEqual(['1. Yes, rename it\n2. No, not that one']);
  });

  test('waits with Enter until codex does not take it for a part of a paste', async () => {
    const stand = await makeReady('codex');
    expect(await stand.wt('send', 'a', 'Run the tests')).toMatchObject({ code: 0 });
    await stand.fakes.call('line', 'a');
    expect(await lines(stand)).toEqual(['Run the tests']);
  });

  test('with --no-enter leaves it in the prompt', async () => {
    const stand = await makeReady();
    const { stdout } = await stand.wt('send', 'a', 'half a word', '--no-enter');
    expect(stdout).toBe('✓ typed 11 characters to claude in a  Enter was not pressed\n');
    await stand.tmux.shows(stand.agent.pane, '❯ half a word');
    expect(await lines(stand)).toEqual([]);
  });

  test('never types into a question', async () => {
    const stand = await makeStand('claude', 'ask permission');
    await stand.tmux.shows(stand.agent.pane, 'Do you want to proceed?');
    const { exit, code, message, retryable, changed } = await failure(stand, 'send', 'a', 'yes');
    expect({ exit, code, retryable, changed }).toEqual({
      exit: 9,
      code: 'agent.not-ready',
      retryable: true,
      changed: false,
    });
    expect(message).toBe('claude in session a takes no text now: it is waiting (question), by screen');
    expect(await keys(stand)).toBe('');
  });

  test('never types into a question that its hooks have not told of', async () => {
    const stand = await makeStand('claude', 'ask permission');
    await stand.tmux.shows(stand.agent.pane, 'Do you want to proceed?');
    await stand.agent.hook('idle');
    expect(await failure(stand, 'send', 'a', 'yes')).toMatchObject({ exit: 9, code: 'agent.not-ready' });
    expect(await keys(stand)).toBe('');
  });

  test('never types into a question that its hooks have told of, whatever its screen shows', async () => {
    const stand = await makeReady();
    await stand.agent.hook('waiting', 'permission');
    expect(await failure(stand, 'send', 'a', 'yes')).toMatchObject({
      code: 'agent.not-ready',
      message: 'claude in session a takes no text now: it is waiting (permission), by claude hook',
    });
    expect(await keys(stand)).toBe('');
  });

  test.each([
    ['its screen says so', undefined],
    ['its hooks say so', 'working'],
    ['its hooks say otherwise', 'idle'],
  ] as const)('never types while it works: %s', async (_, turn) => {
    const stand = await makeStand('claude', 'work', 'hang');
    await stand.tmux.shows(stand.agent.pane, 'esc to interrupt');
    if (turn !== undefined) await stand.agent.hook(turn);
    expect(await failure(stand, 'send', 'a', 'more')).toMatchObject({ exit: 9, code: 'agent.not-ready' });
    expect(await keys(stand)).toBe('');
  });

  test('never adds to what a person has begun to type', async () => {
    const stand = await makeReady();
    await stand.tmux('send-keys', '-t', stand.agent.pane, '-l', 'half a');
    await stand.tmux.shows(stand.agent.pane, '❯ half a');
    expect(await failure(stand, 'send', 'a', 'more')).toMatchObject({
      code: 'agent.not-ready',
      message: expect.stringContaining('something is typed there already') as string,
    });
    expect(await keys(stand)).toBe('half a');
  });

  test('never types into a screen that shows nothing known', async () => {
    const bench = await makeBench();
    const tmux = makeTmux(bench.room);
    await bench.wt('create', 'a');
    const agent = await stageAgent(bench, 'a', ['sh', '-c', 'echo here; exec cat']);
    await tmux.shows(agent.pane, 'here');
    expect(await failure(bench, 'send', 'a', 'rm -rf /')).toMatchObject({ code: 'agent.not-ready' });
    expect(await tmux.screen(agent.pane)).toBe('here');
  });

  test('never types while somebody scrolls in the pane', async () => {
    const stand = await makeReady();
    await stand.tmux('copy-mode', '-t', stand.agent.pane);
    expect(await failure(stand, 'send', 'a', 'more')).toMatchObject({
      code: 'agent.not-ready',
      message: expect.stringContaining('somebody scrolls in its pane') as string,
    });
  });

  test('never types when the keys would go to other panes too', async () => {
    const stand = await makeReady();
    await stand.tmux('split-window', '-d', '-t', stand.agent.pane, 'cat');
    await stand.tmux('set-option', '-w', '-t', stand.agent.pane, 'synchronize-panes', 'on');
    expect(await failure(stand, 'send', 'a', 'more')).toMatchObject({ code: 'agent.not-ready' });
  });

  test('never types into a shell that has taken the terminal from the agent', async () => {
    const bench = await makeBench();
    const tmux = makeTmux(bench.room);
    await bench.wt('create', 'a');
    const script = 'set -m; sleep 300 & echo $! > pid; printf "❯ \\n"; exec cat';
    const agent = await stageAgent(bench, 'a', ['bash', '-c', script]);
    await tmux.shows(agent.pane, '❯');
    const other = Number(await readFile(`${bench.at('a')}/pid`, 'utf8'));
    const facts = `${bench.root}/.git/worktrees/a/wt-agent.json`;
    const { describeProcess } = await import('#src/platform/identity.ts');
    const { writeFile } = await import('node:fs/promises');
    const stored = JSON.parse(await readFile(facts, 'utf8')) as { run: object };
    await writeFile(
      facts,
      JSON.stringify({ ...stored, run: { ...stored.run, owner: describeProcess(other, 'claude') } }),
    );
    expect(await failure(bench, 'send', 'a', 'rm -rf /')).toMatchObject({ code: 'agent.not-ready' });
    expect(await tmux.screen(agent.pane)).toBe('❯');
  });

  test('never types into another pane that has the number of its own', async () => {
    const stand = await makeReady();
    await stand.tmux('set-option', '-p', '-t', stand.agent.pane, '@wt', 'another');
    expect(await failure(stand, 'send', 'a', 'more')).toMatchObject({ code: 'agent.not-ready' });
    expect(await keys(stand)).toBe('');
  });

  test('with --wait sends as soon as the agent is ready', async () => {
    const stand = await makeStand('claude', 'work', 'wait-for go', 'idle');
    await stand.tmux.shows(stand.agent.pane, 'esc to interrupt');
    const sent = stand.wt('send', 'a', 'and now the rest', '--wait', '30s');
    await stand.fakes.release('go');
    expect(await sent).toMatchObject({ code: 0 });
    expect((await stand.fakes.call('line', 'a')).text).toBe('and now the rest');
  });

  test('with --wait gives up when the time is over', async () => {
    const stand = await makeStand('claude', 'work', 'hang');
    await stand.tmux.shows(stand.agent.pane, 'esc to interrupt');
    expect(await failure(stand, 'send', 'a', 'more', '--wait', '1s')).toMatchObject({
      exit: 9,
      code: 'agent.not-ready',
    });
  });

  test('with --wait says so when the agent ends meanwhile', async () => {
    const stand = await makeStand('claude', 'work', 'wait-for go', 'exit 3');
    await stand.tmux.shows(stand.agent.pane, 'esc to interrupt');
    const sent = failure(stand, 'send', 'a', 'more', '--wait', '30s');
    await stand.fakes.release('go');
    expect(await sent).toMatchObject({ exit: 4, code: 'agent.not-running', changed: false });
  });

  test('two at once come one after the other, and not into each other', async () => {
    const stand = await makeReady();
    const texts = ['one '.repeat(50).trim(), 'two '.repeat(50).trim()];
    const done = await Promise.all(texts.map((text) => stand.wt('send', 'a', text, '--wait', '20s')));
    expect(done.map(({ code }) => code)).toEqual([0, 0]);
    await stand.fakes.call('line', 'a', ({ text }) => text === texts[0]);
    await stand.fakes.call('line', 'a', ({ text }) => text === texts[1]);
  });

  test('a dry run types nothing, and says what would hinder it', async () => {
    const stand = await makeReady();
    expect(await stand.wt('send', 'a', 'x', '-n')).toMatchObject({
      code: 0,
      stdout: 'Would send 1 character to claude in a\n',
    });
    await stand.agent.hook('working');
    expect(await failure(stand, 'send', 'a', 'x', '-n')).toMatchObject({ code: 'agent.not-ready' });
    expect(await keys(stand)).toBe('');
  });

  test('writes down that a text was sent, and not the text', async () => {
    const stand = await makeReady();
    await stand.wt('send', 'a', 'a secret word');
    const text = await readFile(`${stand.root}/.git/wt/events.jsonl`, 'utf8');
    const event = JSON.parse(text.trim().split('\n').at(-1) ?? '') as Record<string, unknown>;
    expect(event).toMatchObject({
      event: 'session.agent.sent',
      session: 'a',
      by: 'user',
      data: { agent: 'claude', way: 'tmux', characters: 13, seen: 'left' },
    });
    expect(text).not.toContain('secret');
  });

  test('refuses control characters before it types anything', async () => {
    const stand = await makeReady();
    for (const text of ['a\u001b[201~b', 'a\u0003', 'a\u0000', 'a\u007f', '\u009b31m'])
      expect(await failure(stand, 'send', 'a', text)).toMatchObject({ exit: 2, code: 'usage.invalid' });
    for (const text of ['', '  \n ']) expect(await failure(stand, 'send', 'a', text)).toMatchObject({ exit: 2 });
    expect(await keys(stand)).toBe('');
  });

  /** A program at a prompt that does something as soon as it is typed to; what it was typed is in a file. */
  async function makeJumpy(then: string): Promise<Bench & { keys: () => Promise<string> }> {
    const bench = await makeBench();
    const tmux = makeTmux(bench.room);
    await bench.wt('create', 'a');
    const keysFile = `${bench.room.dir}/keys`;
    const program = `
      const { appendFileSync } = require('node:fs');
      process.stdin.setRawMode(true);
      process.stdout.write('at the prompt\\r\\n❯ ');
      process.stdin.on('data', (data) => {
        appendFileSync(${JSON.stringify(keysFile)}, data);
        ${then}
      });`;
    const agent = await stageAgent(bench, 'a', [process.execPath, '-e', program]);
    await tmux.shows(agent.pane, '❯');
    return { ...bench, keys: () => readFile(keysFile, 'utf8') };
  }

  test('does not press Enter when a question comes up in that moment', async () => {
    const ask = 'Do you want to proceed?\\r\\n ❯ 1. Yes\\r\\n   2. No\\r\\n\\r\\n Esc to cancel';
    const bench = await makeJumpy(`process.stdout.write('\\u001b[2J\\u001b[H${ask}');`);
    const { exit, code, changed, stderr } = await failure(bench, 'send', 'a', 'go on').then(async (seen) => ({
      ...seen,
      stderr: (await bench.wt('send', 'a', 'again')).stderr,
    }));
    expect({ exit, code, changed }).toEqual({ exit: 9, code: 'agent.not-ready', changed: true });
    expect(stderr).toContain('Nothing was sent.');
    expect(await bench.keys()).toBe('go on');
  });

  test('says so when the agent ends while it is typed to', async () => {
    const bench = await makeJumpy('process.exit(0);');
    expect(await failure(bench, 'send', 'a', 'go on')).toMatchObject({
      exit: 4,
      code: 'agent.not-running',
      changed: true,
    });
    expect(await bench.keys()).toBe('go on');
  });

  test('says of a screen that nothing changes on that nothing was seen', async () => {
    const bench = await makeJumpy('');
    const { code, stdout, stderr } = await bench.wt('send', 'a', 'go on');
    expect({ code, stdout }).toEqual({ code: 0, stdout: '! sent 5 characters to claude in a\n' });
    expect(stderr).toContain('nothing on its screen has changed since Enter: wt attach a');
    expect(await bench.keys()).toBe('go on\r');
  });

  test.each([
    ['at its prompt', 'waiting', { state: 'idle', reason: null }, []],
    ['at work', 'working', { state: 'working', reason: null }, ['work', 'hang']],
    ['at a question', 'waiting', { state: 'waiting', reason: 'question' }, ['ask permission']],
  ] as const)('an agent of which nothing is told is seen %s in wt list', async (_, status, agentStatus, script) => {
    const stand = await makeStand('claude', ...script);
    await until(async () => {
      const { sessions } = await stand.data<{ sessions: { agentStatus: { source: string } }[] }>('list');
      return sessions[0]?.agentStatus.source === 'screen';
    });
    const { sessions } = await stand.data<{ sessions: object[] }>('list');
    expect(sessions[0]).toMatchObject({
      status,
      agentStatus: { ...agentStatus, source: 'screen', isAsserted: false, isAlive: true },
    });
    await stand.agent.hook('failed', 'rate_limit');
    expect((await stand.data<{ sessions: object[] }>('list')).sessions[0]).toMatchObject({
      agentStatus: { state: 'failed', source: 'claude hook' },
    });
  });

  test('to a server that was killed is to an agent that does not run', async () => {
    const stand = await makeReady();
    await stand.tmux('kill-server');
    await until(() => !existsSync(`/proc/${stand.agent.pid}`));
    expect(await failure(stand, 'send', 'a', 'more')).toMatchObject({ exit: 4, code: 'agent.not-running' });
  });
});
