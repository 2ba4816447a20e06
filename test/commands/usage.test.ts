import { expect, test } from 'vitest';
import * as z from 'zod';
import { table, type VerbName } from '#src/cli/table.ts';
import { LISTENING } from '../support/agent-facts.ts';
import { failure } from '../support/listing.ts';
import { tell } from '../support/told.ts';
import { addAgents, addRun } from '../support/running.ts';
import { makeBench, type Bench, type Stage } from '../support/wt.ts';

test.each([
  ['creat', 'create'],
  ['lst', 'list'],
  ['remvoe', 'remove'],
  ['comit', 'commit'],
])('an unknown verb names the near one: %s', async (word, near) => {
  const bench = await makeBench();
  const { exit, code, message, fix } = await failure(bench, word);
  expect({ exit, code, fix }).toEqual({ exit: 2, code: 'usage.invalid', fix: ['wt', near, '--help'] });
  expect(message).toContain(`did you mean ${near}?`);
  expect((await bench.wt(...(fix ?? []).slice(1))).code).toBe(0);
});

test('a verb that is near to none proposes the help', async () => {
  const bench = await makeBench();
  expect(await failure(bench, 'xyzzy')).toMatchObject({ exit: 2, fix: ['wt', '--help'] });
});

test.each([
  ['--bse', '--base'],
  ['--fromchanges', '--from-changes'],
  ['--jsn', '--json'],
])('an unknown flag names the near one: %s', async (flag, near) => {
  const { wt } = await makeBench();
  const { code, stderr, stdout } = await wt('create', 'a', flag);
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toContain(`did you mean ${near}?`);
});

test.each([
  ['a flag without its value', ['create', 'a', '--base']],
  ['an argument too many', ['create', 'a', 'b']],
  ['a missing argument', ['adopt']],
  ['a number that is none', ['events', '--since', 'x']],
  ['a negative number', ['events', '--since', '-1']],
  ['no jobs at all', ['exec', '--all', '-j', '0', '--', 'true']],
  ['no places at all', ['lock', 'x', '--max', '0', '--', 'true']],
  ['a lock without a command', ['lock', 'x']],
  ['a lock without a name', ['lock', '--', 'true']],
  ['a name that is none of a lock', ['lock', '../x', '--', 'true']],
  ['--jobs without --all', ['exec', '-j', '2', 'a', '--', 'true']],
  ['two formats at once', ['diff', 'a', '--stat', '--name-only']],
  ['no id outside a session', ['path']],
  ['a dry run of what changes nothing', ['list', '--dry-run']],
  ['an empty -C', ['-C', '', 'list']],
  ['--all with an id', ['sync', '--all', 'a']],
  ['--continue with --abort', ['sync', 'a', '--continue', '--abort']],
  ['--resolve for several', ['sync', 'a', 'b', '--resolve']],
  ['an unknown status', ['list', '--status', 'x']],
  ['sessions beside all', ['wait', 'a', '--all']],
  ['what cannot be waited for', ['wait', 'a', '--for', 'x']],
  ['a time that is none', ['wait', 'a', '--timeout', 'x']],
])('%s is a usage error, in words and in JSON', async (_, argv) => {
  const bench = await makeBench();
  await bench.wt('create', 'a');
  const { code, stdout, stderr } = await bench.wt(...argv);
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toMatch(/^error: /);
  expect(await failure(bench, ...argv)).toMatchObject({
    code: 'usage.invalid',
    exit: 2,
    changed: false,
    retryable: false,
  });
});

test('globals count before and after the verb', async () => {
  const { wt, room } = await makeBench();
  await wt('create', 'a');
  const elsewhere = { cwd: room.dir };
  const before = await wt('-C', 'app', '--json', 'path', 'a', elsewhere);
  const after = await wt('path', 'a', '--json', '-C', 'app', elsewhere);
  expect(before.code).toBe(0);
  expect(after.raw).toBe(before.raw);
});

test('-q leaves the answer and takes the narration', async () => {
  const { wt } = await makeBench();
  const { code, stdout, stderr } = await wt('create', 'feature/x', '-q');
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toContain('.worktrees/feature-x');
  expect((await wt('-q', 'create', 'feature/x')).stderr).toContain('error:');
});

test('-v prints each git command on stderr and the same answer', async () => {
  const { wt } = await makeBench();
  await wt('create', 'a');
  const plain = await wt('path', 'a');
  const { code, stdout, stderr } = await wt('path', 'a', '-v');
  expect({ code, stdout }).toEqual({ code: plain.code, stdout: plain.stdout });
  expect(stderr).toMatch(/^git rev-parse .*\n1 git process: .*\n$/);
});

test('help and version print on stdout and exit 0, everywhere', async () => {
  const { wt, room } = await makeBench();
  for (const argv of [['--help'], ['-h'], ['help'], ['create', '--help'], ['help', 'create'], ['ls', '--help']]) {
    const { code, stdout, stderr } = await wt(...argv, { cwd: room.dir });
    expect({ argv, code, stderr }).toEqual({ argv, code: 0, stderr: '' });
    expect(stdout).toContain('Usage: wt');
  }
  expect((await wt('--version', { cwd: room.dir })).stdout).toBe('0.0.0-test\n');
  expect((await wt('-V')).stdout).toBe('0.0.0-test\n');
});

test('the help of a verb has its flags, the globals and examples', async () => {
  const { wt } = await makeBench();
  for (const verb of Object.keys(table)) {
    const { stdout } = await wt(verb, '--help');
    expect(stdout).toContain('Examples:');
    expect(stdout).toContain('--json');
    const { mutates } = (await table[verb as VerbName].load()).default as { mutates: boolean };
    expect({ verb, dryRun: stdout.includes('--dry-run') }).toEqual({ verb, dryRun: mutates });
  }
});

const Success = z.strictObject({
  schema: z.literal(1),
  ok: z.literal(true),
  command: z.string(),
  data: z.unknown(),
  warnings: z.array(z.string()),
});
const Refusal = z.strictObject({
  schema: z.literal(1),
  ok: z.literal(false),
  command: z.string().nullable(),
  error: z.strictObject({
    code: z.string().regex(/^[a-z]+(?:\.[a-z-]+)?$/),
    message: z.string().min(1),
    details: z.record(z.string(), z.unknown()),
    changed: z.boolean(),
    retryable: z.boolean(),
    fix: z.array(z.string()).optional(),
  }),
});

/** One JSON object on stdout and nothing else. */
function parseOnly(raw: string): unknown {
  expect(raw.endsWith('\n')).toBe(true);
  expect(raw.trimEnd().split('\n')).toHaveLength(1);
  return JSON.parse(raw);
}

/** A repository with sessions in several states. */
async function makeWorkshop(): Promise<Bench> {
  const bench = await makeBench({ f: 'one\n' });
  for (const id of ['a', 'b', 'c', 'd', 'e'])
    await bench.wt('create', id, '--agent', 'claude', '--task', `Task of ${id}`);
  await bench.work('a', { a: '1\n' });
  await bench.work('b', { b: '1\n' });
  await bench.room.write(bench.at('c'), { new: 'x\n' });
  await bench.wt('done', 'e', '--fail');
  await bench.git('worktree', 'add', '-q', '-b', 'mine', `${bench.room.dir}/mine`);
  await bench.git('init', '-q', '--bare', `${bench.room.dir}/origin.git`);
  await bench.git('remote', 'add', 'origin', `${bench.room.dir}/origin.git`);
  await bench.git('remote', 'add', 'hub', 'git@github.com:ada/shop.git');
  await addAgents(bench);
  await addRun(bench, 'd');
  await bench.wt('create', 't');
  await tell(bench, 't', { run: LISTENING });
  return bench;
}

const CALLS: readonly (readonly [VerbName, readonly string[]])[] = [
  ['create', ['x']],
  ['create', ['a', '--reuse']],
  ['create', ['y', '--owns', 'src/**', '--owns', '*.md', '--after', 'a', '--after', 'b']],
  ['create', ['feature/x', '--dry-run']],
  ['list', ['--all', '--conflicts']],
  ['conflicts', []],
  ['conflicts', ['a', 'c', '--exit-code']],
  ['run', ['a', 'sh', '--prompt', 'true']],
  ['run', ['a', 'sh', '--background', '--prompt', 'true', '--dry-run']],
  ['create', ['z', '--agent', 'sh', '--run', '--prompt', 'true']],
  ['logs', ['d', '-n', '2']],
  ['send', ['t', 'hello', '-n']],
  ['stop', ['a', 'd']],
  ['stop', ['--all']],
  ['resume', ['--all']],
  ['next', []],
  ['summary', []],
  ['summary', ['--since', '1']],
  ['wait', ['e']],
  ['show', ['a']],
  ['path', ['a']],
  ['hook', ['claude']],
  ['hooks', ['status', 'a']],
  ['hooks', ['install', 'opencode', 'a']],
  ['exec', ['a', '--', 'git', 'status']],
  ['exec', ['--all', '--', 'sh', '-c', 'echo out; echo err >&2; exit 3']],
  ['lock', ['x', '--', 'git', 'status']],
  ['lock', ['--list']],
  ['du', []],
  ['du', ['a']],
  ['diff', ['c']],
  ['diff', ['c', '--stat']],
  ['commit', ['c']],
  ['commit', ['a']],
  ['commit', ['c', '-n']],
  ['done', ['c', '--summary', 'S']],
  ['done', ['a', '--fail', '-n']],
  ['approve', ['a', '--yes']],
  ['approve', ['a', '-n']],
  ['approve', ['a', '--revoke']],
  ['push', ['a', 'c']],
  ['push', ['a', '-n']],
  ['pr', ['a', '-n', '--remote', 'hub']],
  ['sync', ['a']],
  ['sync', ['--all', '--dry-run']],
  ['sync', ['a', '--resolve']],
  ['show', ['a', '--conflict-brief']],
  ['merge', ['a', '--dry-run']],
  ['merge', ['a', '--yes']],
  ['merge', ['a', 'b', '--yes', '--gate', 'true']],
  ['merge', ['a', 'b', '--dry-run']],
  ['setup', ['a']],
  ['setup', ['a', '-n']],
  ['config', []],
  ['config', ['list', 'merge']],
  ['config', ['get', 'merge.gate']],
  ['config', ['explain', 'setup.run']],
  ['config', ['set', 'setup.copy', '[".env"]']],
  ['config', ['unset', 'setup.copy']],
  ['config', ['path']],
  ['init', ['-n']],
  ['init', ['--print']],
  ['trust', []],
  ['trust', ['--list']],
  ['remove', ['d']],
  ['remove', ['d', '-n']],
  ['clean', ['--dry-run']],
  ['clean', ['--yes']],
  ['doctor', []],
  ['doctor', ['--fix', '-n']],
  ['adopt', ['../mine']],
  ['adopt', ['../mine', '-n']],
  ['restore', ['--list']],
  ['undo', []],
  ['undo', ['-n']],
  ['undo', ['--list']],
  ['events', []],
];

test.each(CALLS)('wt %s %j --json prints one object that fits the schema of the verb', async (verb, argv) => {
  const bench = await makeWorkshop();
  const { raw } = await bench.wt('--json', verb, ...argv);
  const { command, data } = Success.parse(parseOnly(raw));
  expect(command).toBe(verb);
  const { data: schema } = (await table[verb].load()).default as { data: z.ZodType };
  expect(schema.safeParse(data).error?.issues ?? []).toEqual([]);
});

test('every verb has been asked for JSON above', () => {
  // What shows a screen has no JSON: wt attach refuses it.
  expect([...new Set([...CALLS.map(([verb]) => verb), 'attach'])].toSorted()).toEqual(Object.keys(table).toSorted());
});

const FAILURES: readonly (readonly [number, string, readonly (string | Stage)[]])[] = [
  [2, 'usage.invalid', ['bogus']],
  [2, 'usage.invalid', ['list', '--bogus']],
  [2, 'usage.invalid', ['path']],
  [2, 'id.invalid', ['create', '../x']],
  [2, 'branch.invalid', ['create', 'z', '--branch', 'a..b']],
  [3, 'repo.not-found', ['list', { cwd: '/' }]],
  [3, 'session.not-found', ['show', 'nobody']],
  [3, 'session.not-found', ['restore', 'nobody']],
  [2, 'usage.invalid', ['undo', 'nobody']],
  [3, 'base.not-found', ['create', 'z', '--base', 'nowhere']],
  [4, 'session.exists', ['create', 'a']],
  [4, 'branch.checked-out', ['create', 'z', '--branch', 'main']],
  [4, 'session.dirty', ['remove', 'c']],
  [4, 'path.unsafe', ['adopt', '.']],
  [2, 'usage.invalid', ['push', 'a', '--remote', 'nope']],
  [2, 'usage.invalid', ['pr', 'a']],
  [4, 'session.dirty', ['approve', 'c', '--yes']],
  [4, 'session.empty', ['approve', 'd', '--yes']],
  [4, 'session.empty', ['pr', 'd', '--remote', 'hub']],
  [8, 'approval.required', ['approve', 'a', '--yes', { env: { WT_ID: 'a' } }]],
  [8, 'confirm.required', ['approve', 'a']],
  [8, 'confirm.required', ['merge', 'a']],
  [9, 'wait.failed', ['wait', 'a', '--timeout', '1s']],
];

test.each(FAILURES)('exit %i is %s, and --json says it in one object', async (exit, code, argv) => {
  const bench = await makeWorkshop();
  const { raw, code: found } = await bench.wt(...argv, '--json');
  const { error } = Refusal.parse(parseOnly(raw));
  expect({ exit: found, code: error.code, changed: error.changed }).toEqual({ exit, code, changed: false });
  const plain = await bench.wt(...argv);
  expect({ exit: plain.code, stdout: plain.stdout }).toEqual({ exit, stdout: '' });
  expect(plain.stderr).toContain('error: ');
});

test('warnings go to stderr, and into the JSON', async () => {
  const { wt } = await makeBench();
  const plain = await wt('create', 'feature/x');
  const { raw, stderr } = await wt('create', 'feature/y', '--json');
  expect(plain.stderr).toMatch(/^! "feature\/x" is a branch name/);
  expect((parseOnly(raw) as { warnings: string[] }).warnings).toEqual([
    '"feature/y" is a branch name, so the session is called feature-y',
  ]);
  expect(stderr).toBe('');
});

test('--no-input does not ask where a person could answer, and -y answers without asking', async () => {
  const bench = await makeWorkshop();
  const person = { columns: 80, answer: true, env: { PAGER: 'cat' } };
  expect(await failure(bench, 'merge', 'a', '--no-input', person)).toMatchObject({ exit: 8, code: 'confirm.required' });
  expect((await bench.wt('--no-input', 'merge', 'a', person)).code).toBe(8);
  const { fix } = await failure(bench, 'merge', 'a');
  expect(fix).toContain('--yes');
  expect((await bench.wt('merge', 'a', '--yes', { ...person, answer: false })).code).toBe(0);
});

test('wt alone says how to begin, in a repository and outside of one', async () => {
  const { wt, room } = await makeBench();
  const { code, stdout } = await wt();
  expect(code).toBe(0);
  expect(stdout).toContain('No sessions in $ROOM/app yet.');
  expect((await wt({ cwd: room.dir })).stdout).toContain('Not inside a git repository.');
});
