import { spawnSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { hookCommand, isOwnCommand } from '#src/agents/hooks/command.ts';
import { opencodeHookFile } from '#src/agents/hooks/opencode.ts';
import { makeRoom } from '../../support/room.ts';

/** Writes down how it was called and what it was handed; says a word on both streams, and ends with 2. */
const PROGRAM = `import { appendFileSync, readFileSync } from 'node:fs';
const line = { argv: process.argv.slice(2), input: readFileSync(0, 'utf8') };
appendFileSync(process.env.CALLS, JSON.stringify(line) + '\\n');
console.log('answer');
console.error('noise');
process.exitCode = 2;
`;

async function makeProgram(): Promise<{ folder: string; program: string; calls: () => Promise<unknown[]> }> {
  const room = await makeRoom();
  const folder = path.join(room.dir, `it's "my" $HOME`);
  await room.write(folder, { 'wt.mjs': PROGRAM });
  process.env['CALLS'] = path.join(room.dir, 'calls');
  const calls = async (): Promise<unknown[]> => {
    const text = await readFile(path.join(room.dir, 'calls'), 'utf8').catch(() => '');
    return text
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as unknown);
  };
  return { folder, program: path.join(folder, 'wt.mjs'), calls };
}

const wiringOf = (program: string, node = process.execPath): { argv: string[]; folder: string } => ({
  argv: [node, program, 'hook', 'claude'],
  folder: '/x',
});
const BIG = 'x'.repeat(1024 * 1024);
const SHELLS = ['sh', 'bash', 'dash', 'zsh', 'fish'].filter((shell) => spawnSync(shell, ['-c', ':']).status === 0);

test.for(SHELLS)('a hook in %s calls wt, gives its answer and never fails', async (shell) => {
  const { program, calls } = await makeProgram();
  const line = hookCommand(wiringOf(program), ['agentStop']);
  expect(isOwnCommand(line)).toBe(true);
  const { status, stdout, stderr } = spawnSync(shell, ['-c', line], { input: '{"a":1}', encoding: 'utf8' });
  expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: 'answer\n', stderr: '' });
  expect(await calls()).toEqual([{ argv: ['hook', 'claude', 'agentStop'], input: '{"a":1}' }]);
});

test.for([
  ['wt', (folder: string) => wiringOf(path.join(folder, 'gone.mjs'))],
  ['node', (folder: string) => wiringOf(path.join(folder, 'wt.mjs'), path.join(folder, 'node'))],
] as const)('a hook whose %s is gone takes its input and is silent', async ([, wiring]) => {
  const { folder } = await makeProgram();
  for (const shell of SHELLS) {
    const options = { input: BIG, encoding: 'utf8' } as const;
    const { status, stdout, stderr, error } = spawnSync(shell, ['-c', hookCommand(wiring(folder))], options);
    expect({ status, stdout, stderr, error }).toEqual({ status: 0, stdout: '', stderr: '', error: undefined });
  }
});

test('a hook that the agent has to believe fails as wt fails, and when wt is gone', async () => {
  const { folder, program } = await makeProgram();
  const failed = spawnSync('sh', ['-c', hookCommand(wiringOf(program), [], { mayFail: true })], { encoding: 'utf8' });
  expect(failed).toMatchObject({ status: 2, stdout: 'answer\n', stderr: 'noise\n' });
  const gone = hookCommand(wiringOf(path.join(folder, 'gone.mjs')), [], { mayFail: true });
  const { status, stdout, stderr } = spawnSync('sh', ['-c', gone], { encoding: 'utf8' });
  expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
  expect(stderr).toContain('gone.mjs any more');
});

interface Plugin {
  readonly WtSessions: (place: { directory: string }) => Promise<{
    event: (one: { event: object }) => Promise<void>;
    'tool.execute.after': (call: { sessionID: string }) => Promise<void>;
  }>;
}

test('the plugin of opencode passes on what it hears, in order, and helpers by their parents', async () => {
  const { folder, program, calls } = await makeProgram();
  const room = path.dirname(folder);
  const file = path.join(room, 'wt-sessions.mjs');
  await writeFile(file, opencodeHookFile.install(undefined, wiringOf(program), 'session'));
  const { WtSessions } = (await import(pathToFileURL(file).href)) as Plugin;
  const { event, 'tool.execute.after': after } = await WtSessions({ directory: '/home/ada/a' });
  await event({ event: { type: 'session.created', properties: { info: { id: 's1' } } } });
  await event({ event: { type: 'message.part.updated', properties: {} } });
  await event({ event: { type: 'session.created', properties: { info: { id: 's2', parentID: 's1' } } } });
  await after({ sessionID: 's2' });
  await event({ event: { type: 'session.idle', properties: { sessionID: 's1' } } });
  await expect.poll(async () => (await calls()).length, { timeout: 30_000 }).toBe(4);
  const payloads = (await calls()).map((one) => JSON.parse((one as { input: string }).input) as object);
  expect(payloads).toEqual([
    { type: 'session.created', cwd: '/home/ada/a', properties: { info: { id: 's1' } } },
    { type: 'session.created', cwd: '/home/ada/a', parentID: 's1', properties: { info: { id: 's2', parentID: 's1' } } },
    { type: 'tool.execute.after', cwd: '/home/ada/a', parentID: 's1', properties: { sessionID: 's2' } },
    { type: 'session.idle', cwd: '/home/ada/a', properties: { sessionID: 's1' } },
  ]);
});
