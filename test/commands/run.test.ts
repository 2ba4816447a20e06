import { chmod, readFile, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { factsFile, isAlive, makeAgentBench, untilEnded, type RunAnswer } from '../support/running.ts';
import { lifeOf } from '#src/agents/status.ts';
import { failure } from '../support/listing.ts';
import { countCodes, exists, findFaults, runAll, runWt, startWt, until } from '../support/spawn.ts';

test('the agent runs in the session, knows where it is, and its exit code is the answer', async () => {
  const bench = await makeAgentBench();
  const { wt, at, root, room } = bench;
  await wt('create', 'a', '--task', 'T');
  const script = `{ pwd; echo "$WT_SESSION|$WT_BRANCH|$WT_MAIN|$WT_TASK|$WT_AGENT"; cat "$WT_PROMPT_FILE"; echo; cat "$WT_BRIEF_FILE"; env | grep -E '^GIT_(DIR|INDEX_FILE)'; } > ${room.dir}/seen; exit 3`;
  const env = { GIT_DIR: `${root}/.git`, GIT_INDEX_FILE: '/nowhere' };
  const { code } = await wt('run', 'a', 'sh', '--prompt', script, { env });
  expect(code).toBe(3);
  const [folder, facts, prompt, brief, ...rest] = (await readFile(`${room.dir}/seen`, 'utf8')).trim().split('\n');
  expect([folder, facts, prompt, rest]).toEqual([at('a'), `a|wt/a|${root}|T|sh`, script, []]);
  expect(brief).toContain(at('a'));
  expect((await bench.run('a')).end).toMatchObject({ exitCode: 3, signal: null, how: 'exit' });
  expect(await bench.events()).toEqual(['session.agent.started', 'session.agent.failed']);
});

test('an agent may start another one that would not start inside of itself', async () => {
  const { wt, room } = await makeAgentBench();
  await wt('create', 'a', '--agent', 'sh');
  const env = { CLAUDECODE: '1', CLAUDE_CODE_ENTRYPOINT: 'cli', WT_SESSION: 'b', WT_PROMPT_FILE: '/x' };
  await wt('run', 'a', '--prompt', 'echo "$CLAUDECODE$CLAUDE_CODE_ENTRYPOINT|$WT_SESSION" > "$HOME/did"', { env });
  expect(await readFile(`${room.dir}/did`, 'utf8')).toBe('|a\n');
});

test('a start that was cut off before there was an agent is none: the task is still to be given', async () => {
  const bench = await makeAgentBench();
  await bench.wt('create', 'a', '--agent', 'sh', '--task', 'echo did >> "$HOME/did"');
  await bench.wt('run', 'a', '--prompt', 'true');
  const facts = await bench.facts('a');
  const owner = { ...facts.run?.owner, start: null, command: 'wt run' };
  await writeFile(factsFile(bench.root, 'a'), JSON.stringify({ ...facts, run: { ...facts.run, owner, end: null } }));
  expect(await failure(bench, 'resume', 'a')).toMatchObject({ code: 'agent.not-resumable' });
  expect((await bench.wt('run', 'a')).code).toBe(0);
  expect(await readFile(`${bench.room.dir}/did`, 'utf8')).toBe('did\n');
});

test('what the agent is told by the person goes through as it is', async () => {
  const { wt, room } = await makeAgentBench({
    words: {
      command: [
        process.execPath,
        '-e',
        `require('fs').writeFileSync(process.env.HOME + '/words', JSON.stringify(process.argv.slice(1)))`,
        '--',
      ],
      prompt: 'argument',
    },
  });
  await wt('create', 'a');
  expect(
    (await wt('run', 'a', 'words', '--prompt', "it's $HOME `id`\n-n", '--', '--model', 'x y', '--json')).code,
  ).toBe(0);
  expect(JSON.parse(await readFile(`${room.dir}/words`, 'utf8'))).toEqual([
    '--model',
    'x y',
    '--json',
    "it's $HOME `id`\n-n",
  ]);
});

test('the agent is the one that is named, else the session’s, else the one of the configuration', async () => {
  const bench = await makeAgentBench();
  const { wt, data, room } = bench;
  await wt('create', 'a', '--agent', 'sh');
  await wt('create', 'b');
  const named = (...argv: string[]): Promise<RunAnswer> =>
    data<RunAnswer>('run', ...argv, '--dry-run', '--prompt', 'x');
  expect((await named('a')).agent).toBe('sh');
  expect((await named('a', 'words')).agent).toBe('words');
  expect(await failure(bench, 'run', 'b')).toMatchObject({ code: 'agent.unknown', exit: 2 });
  expect(await failure(bench, 'run', 'b', 'wordz')).toMatchObject({ code: 'agent.unknown', exit: 2 });
  expect((await wt('run', 'b', 'wordz')).stderr).toContain('near: words');
  await writeFile(`${room.dir}/app/wt.config.jsonc`, '{"agent": "words"}');
  expect((await named('b')).agent).toBe('words');
});

test('a session without an agent gets the one that is started there', async () => {
  const { wt, data } = await makeAgentBench();
  await wt('create', 'a');
  await wt('run', 'a', 'sh', '--prompt', 'true');
  await wt('run', 'a', 'words', '--prompt', 'true', { stdin: '' });
  expect(JSON.stringify(await data('show', 'a'))).toContain('"agent":"sh"');
});

test('the first agent is given the task of the session, a later one is not', async () => {
  const { wt, room } = await makeAgentBench();
  await wt('create', 'a', '--task', 'echo task >> "$HOME/did"', '--agent', 'sh');
  expect((await wt('run', 'a')).code).toBe(0);
  expect(await readFile(`${room.dir}/did`, 'utf8')).toBe('task\n');
  await wt('run', 'a', '--prompt', 'echo own >> "$HOME/did"');
  expect(await readFile(`${room.dir}/did`, 'utf8')).toBe('task\nown\n');
  const { code, stderr } = await wt('run', 'a', '--background');
  expect(code).toBe(2);
  expect(stderr).toContain('nobody types anything');
});

test('the prompt comes from a file, from standard input, or from what is piped in', async () => {
  const { wt, room } = await makeAgentBench();
  const { dir } = room;
  await wt('create', 'a', '--agent', 'sh');
  await writeFile(`${dir}/task.md`, 'echo file >> "$HOME/did"\n');
  await wt('run', 'a', '--prompt-file', '../task.md');
  await wt('run', 'a', '--prompt-file', '-', { stdin: 'echo dash >> "$HOME/did"' });
  await wt('run', 'a', { stdin: 'echo piped >> "$HOME/did"\n' });
  expect(await readFile(`${dir}/did`, 'utf8')).toBe('file\ndash\npiped\n');
});

test.each([
  [['--prompt', 'x', '--prompt-file', 'y']],
  [['--prompt', '']],
  [['--prompt', ' \n']],
  [['--prompt-file', 'no-such-file']],
  [['--prompt-file', '.']],
])('a prompt that is none is a wrong call: %j', async (argv) => {
  const bench = await makeAgentBench();
  await bench.wt('create', 'a', '--agent', 'sh');
  expect(await failure(bench, 'run', 'a', ...argv)).toMatchObject({ code: 'usage.invalid', exit: 2 });
});

test('a prompt of more than a megabyte is a wrong call', async () => {
  const bench = await makeAgentBench();
  await bench.wt('create', 'a', '--agent', 'sh');
  expect(await failure(bench, 'run', 'a', '--prompt', 'x'.repeat(1_000_001))).toMatchObject({ exit: 2 });
});

test('words for the agent come after "--"', async () => {
  const bench = await makeAgentBench();
  await bench.wt('create', 'a', '--agent', 'sh');
  expect(await failure(bench, 'run', 'a', 'sh', 'more')).toMatchObject({ code: 'usage.invalid' });
  expect(await failure(bench, 'run', 'a', '--model', 'x')).toMatchObject({ code: 'usage.invalid' });
});

test('a prompt of a megabyte arrives, however the agent is given it', async () => {
  const bench = await makeAgentBench({ count: { command: ['sh', '-c', 'wc -c > "$HOME/count"'], prompt: 'stdin' } });
  const { wt, room } = bench;
  await wt('create', 'a');
  const text = 'x'.repeat(1_000_000);
  await writeFile(`${room.dir}/task`, text);
  expect((await wt('run', 'a', 'count', '--prompt-file', '../task')).code).toBe(0);
  expect((await readFile(`${room.dir}/count`, 'utf8')).trim()).toBe('1000000');
  const { pid, log } = await bench.data<RunAnswer>('run', 'a', 'words', '--background', '--prompt-file', '../task');
  expect(pid).toBeGreaterThan(0);
  await untilEnded(bench, 'a');
  const [word = ''] = JSON.parse(await readFile(log, 'utf8')) as string[];
  const [, file = ''] = /the file (\S+) /.exec(word) ?? [];
  expect(await readFile(file, 'utf8')).toContain(text);
  expect(((await stat(file)).mode & 0o077).toString(8)).toBe('0');
});

test('a second agent is refused and told who is there since when', async () => {
  const bench = await makeAgentBench();
  await bench.wt('create', 'a');
  const { pid, startedAt } = await bench.start('a', 'sleep 600');
  const refused = await failure(bench, 'run', 'a', 'sh', '--prompt', 'true');
  expect(refused).toMatchObject({ code: 'agent.running', exit: 4, changed: false });
  const { stderr } = await bench.wt('run', 'a', 'sh', '--background', '--prompt', 'true');
  for (const part of [String(pid), startedAt, 'background', 'wt stop a']) expect(stderr).toContain(part);
});

test('of two starts at once exactly one wins', async () => {
  const { wt, room, root } = await makeAgentBench();
  await wt('create', 'a', '--agent', 'sh');
  const call = ['run', 'a', '--background', '--prompt', 'echo one >> "$HOME/did"; sleep 600'];
  const exits = await runAll(room, root, [call, call, call]);
  expect(countCodes(exits)).toEqual({ 0: 1, 4: 2 });
  expect(await readFile(`${room.dir}/did`, 'utf8')).toBe('one\n');
});

test('a program that is not there is named, with what brings it', async () => {
  const bench = await makeAgentBench();
  await bench.wt('create', 'a');
  const env = { PATH: `${bench.room.dir}/empty:/usr/bin:/bin` };
  expect(await failure(bench, 'run', 'a', 'nowhere')).toMatchObject({ code: 'program.missing', exit: 5 });
  expect((await bench.wt('run', 'a', 'nowhere')).stderr).toContain('agents.nowhere.command');
  expect((await bench.wt('run', 'a', 'claude', { env })).stderr).toContain('npm install -g @anthropic-ai/claude-code');
  expect((await bench.facts('a')).run).toBeNull();
});

test.each(['foreground', 'background'])('a start in the %s that fails leaves no claim behind', async (how) => {
  const bench = await makeAgentBench();
  const { room, wt } = bench;
  const program = path.join(room.dir, 'broken');
  await writeFile(program, '#!/no/such/interpreter\n');
  await chmod(program, 0o755);
  await writeFile(
    `${room.dir}/.config/wt/config.jsonc`,
    JSON.stringify({ agents: { broken: { command: [program] }, sh: { command: ['sh', '-c'], prompt: 'argument' } } }),
  );
  await wt('create', 'a');
  await wt('run', 'a', 'sh', '--prompt', 'exit 7');
  const before = await bench.facts('a');
  const flags = how === 'background' ? ['--background'] : [];
  expect(await failure(bench, 'run', 'a', 'broken', '--prompt', 'x', ...flags)).toMatchObject({
    code: 'program.missing',
  });
  expect(await bench.facts('a')).toEqual(before);
});

test('a session whose folder is gone is refused', async () => {
  const bench = await makeAgentBench();
  await bench.wt('create', 'a');
  await rm(bench.at('a'), { recursive: true });
  expect(await failure(bench, 'run', 'a', 'sh', '--prompt', 'true')).toMatchObject({ code: 'path.unsafe', exit: 4 });
  expect((await bench.facts('a')).run).toBeNull();
});

test('a session whose set-up failed gets its agent, with a warning', async () => {
  const bench = await makeAgentBench();
  await bench.write({ 'wt.config.jsonc': '{"setup": {"run": ["exit 1"]}}' });
  await bench.wt('trust', '--yes');
  await bench.wt('create', 'a');
  const { code, stderr } = await bench.wt('run', 'a', 'sh', '--prompt', 'true');
  expect(code).toBe(0);
  expect(stderr).toContain('wt setup a');
});

test('in the background it returns once the agent runs, which has a session of its own and a log', async () => {
  const bench = await makeAgentBench();
  await bench.wt('create', 'a');
  const { pid, log, how } = await bench.start('a', 'echo hello; echo trouble >&2; sleep 600');
  expect(how).toBe('background');
  expect(isAlive(pid)).toBe(true);
  const fields = (await readFile(`/proc/${pid}/stat`, 'latin1')).split(') ')[1]?.split(' ') ?? [];
  expect([fields[2], fields[3]]).toEqual([String(pid), String(pid)]);
  expect(await readFile(log, 'utf8')).toBe('hello\ntrouble\n');
  expect(path.dirname(log)).toBe(`${bench.root}/.git/wt/logs/agents`);
  expect((await stat(log)).mode & 0o777).toBe(0o600);
  expect((await bench.wt('list')).stdout).toContain('working');
});

test('a pipe that wt was in ends when wt does, and not with the agent', async () => {
  const { wt, room, root } = await makeAgentBench();
  await wt('create', 'a', '--agent', 'sh');
  const { code, stdout } = await runWt(room, root, ['run', 'a', '--background', '--prompt', 'sleep 600']);
  expect(code).toBe(0);
  expect(stdout).toContain('sh works in a');
});

test('one that ends at once is a failure with its last lines; one that has done its work by then is none', async () => {
  const bench = await makeAgentBench();
  await bench.wt('create', 'a');
  const { code, stderr } = await bench.wt('run', 'a', 'sh', '--background', '--prompt', 'echo not signed in; exit 2');
  expect(code).toBe(5);
  expect(stderr).toContain('exit 2');
  expect(stderr).toContain('not signed in');
  expect(stderr).toContain('wt logs a');
  expect((await bench.run('a')).end).toMatchObject({ exitCode: 2 });
  expect((await bench.start('a', 'echo quick')).ended).toEqual({ exitCode: 0, signal: null });
  expect(await bench.events()).toEqual(
    ['started', 'failed', 'started', 'exited'].map((word) => `session.agent.${word}`),
  );
});

test('an agent that takes lines has a pipe that stays open', async () => {
  const bench = await makeAgentBench();
  await bench.wt('create', 'a');
  const { log } = await bench.data<RunAnswer>('run', 'a', 'lines', '--background', '--prompt', 'first');
  const { input } = await bench.run('a');
  await writeFile(input ?? '', 'second\n');
  await writeFile(input ?? '', 'end\n');
  await untilEnded(bench, 'a');
  expect(await readFile(log, 'utf8')).toBe('got first\ngot second\ngot end\n');
  expect(await exists(input ?? '')).toBe(false);
});

test('of the logs of a session the last five stay', async () => {
  const bench = await makeAgentBench();
  await bench.wt('create', 'a');
  await bench.wt('create', 'a-2');
  const other = await bench.start('a-2', 'true');
  const logs: string[] = [];
  for (let n = 0; n < 6; n++) logs.push((await bench.start('a', 'true')).log);
  expect(await Promise.all(logs.map(exists))).toEqual([false, true, true, true, true, true]);
  expect(await exists(other.log)).toBe(true);
});

test.each(['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGKILL'] as const)(
  'a wt that gets %s while it starts an agent leaves one that is known, or none',
  async (signal) => {
    const bench = await makeAgentBench();
    await bench.wt('create', 'a', '--agent', 'sh');
    const wt = startWt(bench.room, bench.root, ['run', 'a', '--background', '--prompt', 'exec sleep 600']);
    await until(async () => (await bench.facts('a')).run !== null);
    wt.kill(signal);
    await wt.done;
    // What it has started by then takes the claim over, or sees that it is not wanted any more.
    await until(async () => {
      const { run } = await bench.facts('a');
      return run === null || run.end !== null || run.owner.command !== 'wt run' || lifeOf(run.owner) === 'dead';
    });
    const { run } = await bench.facts('a');
    const isThere = run !== null && run.end === null && lifeOf(run.owner) === 'alive';
    expect((await bench.wt('run', 'a', '--prompt', 'true')).code).toBe(isThere ? 4 : 0);
    expect(await findFaults(bench.room, bench.root)).toEqual([]);
  },
);
