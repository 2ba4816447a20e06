import { chmod, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { doctor, names } from '../support/health.ts';
import { failure, leftovers, listing, picture } from '../support/listing.ts';
import { makeBench, type Bench } from '../support/wt.ts';

/** One error that --fix mends, one warning for a person, one note. */
async function makeSick(): Promise<Bench> {
  const bench = await makeBench();
  await bench.wt('create', 'a');
  await bench.wt('create', 'b');
  await bench.work('a', { 'x.txt': 'x\n' });
  await rm(bench.at('a'), { recursive: true });
  await bench.room.git(bench.at('b'), 'switch', '-q', '-c', 'aside');
  await bench.git('branch', 'wt/left');
  return bench;
}

test('when all is well one line says so and how much was looked at', async () => {
  const bench = await makeBench();
  await bench.wt('create', 'a');
  const { code, stdout, stderr } = await bench.wt('doctor', { columns: 80 });
  expect({ code, stdout, stderr }).toEqual({
    code: 0,
    stdout: expect.stringMatching(/^✓ All is well {2}\d+ checks, 1 session\n$/),
    stderr: '',
  });
});

test('what is wrong comes worst first, each with why and fix, and fits the terminal', async () => {
  const bench = await makeSick();
  await bench.wt('doctor', '--fix');
  await bench.git('update-ref', '-d', 'refs/heads/wt/a');
  const { code, stdout } = await bench.wt('doctor', { columns: 80 });
  expect(code).toBe(7);
  expect(stdout.replace(/\d+ checks/, '<n> checks')).toMatchInlineSnapshot(`
    "1 error
      ✗ a: its branch wt/a is gone
        why  Nothing holds its commits but the log of this one worktree; once that
             expires git may delete them.
        fix  wt doctor --fix
             makes it again at <short>, the last commit the log of its worktree
             names

    1 warning
      ! b: aside is checked out in it, and its branch is wt/b
        why  What is committed there now does not come along when wt/b lands.
        fix  git -C $ROOM/app/.worktrees/b switch wt/b
             goes back to its branch

    1 note
      · branch wt/left belongs to no session: first
        why  A session was removed and its branch kept, or wt was killed. Its
             commits may be nowhere else.
        fix  wt create left --branch wt/left
             makes a session on it

    1 error, 1 warning, 1 note  <n> checks, 2 sessions
    wt doctor --fix mends 1 of them
    "
  `);
  const isLong = (line: string): boolean => line.length > 80 && !/^ {4}fix {2}|\$ROOM/.test(line);
  expect(stdout.split('\n').filter(isLong)).toEqual([]);
});

test('piped, a message stays on one line, without colours', async () => {
  const bench = await makeSick();
  const { stdout } = await bench.wt('doctor');
  expect(stdout).toContain('  ✗ a: its folder is gone: $ROOM/app/.worktrees/a\n');
  expect(stdout).not.toContain('\u001b');
});

test('looking changes nothing, not even what any other command would settle', async () => {
  const bench = await makeSick();
  await writeFile(`${bench.root}/.worktrees/sessions.json`, '{');
  const everything = async (): Promise<readonly string[]> =>
    (await listing(bench.root)).filter((line) => !line.startsWith('.git/wt/cache/'));
  const before = await everything();
  expect((await bench.wt('doctor')).code).toBe(7);
  expect((await bench.wt('doctor', '--fix', '--dry-run')).code).toBe(7);
  expect(await everything()).toEqual(before);
});

test('--dry-run says what --fix would mend', async () => {
  const bench = await makeSick();
  const { stdout } = await bench.wt('doctor', '--fix', '--dry-run', { columns: 100 });
  expect(stdout).toContain('    would  brings the files back from its own index, staged contents as they were\n');
  expect(stdout).toContain('wt doctor --fix mends 1 of them. Nothing was changed.\n');
});

test('--fix mends what it can, says so, and counts only what is left', async () => {
  const bench = await makeSick();
  const { code, stdout } = await bench.wt('doctor', '--fix', { columns: 80 });
  expect(code).toBe(7);
  expect(stdout).toContain('✓ Mended: a: its folder is gone: $ROOM/app/.worktrees/a\n');
  expect(stdout).toMatch(/^1 warning, 1 note {2}\d+ checks, 2 sessions, 1 mended\n/m);
  await bench.room.git(bench.at('b'), 'switch', '-q', 'wt/b');
  expect(await bench.wt('doctor', '--fix')).toMatchObject({ code: 0, stdout: expect.stringContaining('1 note') });
  expect(await leftovers(bench.root)).toEqual([]);
});

test('what was mended fits the terminal too', async () => {
  const bench = await makeBench();
  await bench.wt('create', 'abcdefghijklmnopqrstuvwx');
  const file = `${bench.root}/.worktrees/sessions.json`;
  await writeFile(file, (await readFile(file, 'utf8')).replace(/"path": "[^"]*"/, '"path": "/elsewhere"'));
  const { stdout } = await bench.wt('doctor', '--fix', { columns: 80 });
  expect(stdout).toContain('✓ Mended: abcdefghijklmnopqrstuvwx: its path in sessions.json is not what git\n  says\n');
});

test('what was mended is in the stream of events', async () => {
  const bench = await makeSick();
  await bench.wt('doctor', '--fix');
  const { events } = await bench.data<{ events: object[] }>('events');
  expect(events.at(-1)).toMatchObject({
    event: 'session.doctor.after',
    session: 'a',
    data: { check: 'folder.missing' },
  });
});

test('--json has the findings, what is fixed, and the command that puts each right', async () => {
  const bench = await makeSick();
  const { code, findings, fixed, checked } = await doctor(bench);
  expect({ code, fixed, checked }).toEqual({
    code: 7,
    fixed: [],
    checked: { checks: expect.any(Number), sessions: 2 },
  });
  expect(findings).toEqual([
    {
      check: 'folder.missing',
      severity: 'error',
      session: 'a',
      message: `its folder is gone: ${bench.at('a')}`,
      why: expect.any(String),
      fix: ['wt', 'doctor', '--fix'],
      does: expect.any(String),
      automatic: true,
    },
    expect.objectContaining({ severity: 'warning', fix: ['git', '-C', bench.at('b'), 'switch', 'wt/b'] }),
    expect.objectContaining({ severity: 'info', fix: ['wt', 'create', 'left', '--branch', 'wt/left'] }),
  ]);
  const after = await doctor(bench, '--fix');
  expect({ ...after, findings: names(after.findings) }).toMatchObject({
    code: 7,
    findings: ['branch.switched b', 'branch.orphan'],
    fixed: [{ check: 'folder.missing', session: 'a' }],
  });
});

test('it looks at the same from inside a session', async () => {
  const bench = await makeSick();
  const { findings } = await doctor(bench, { cwd: bench.at('b') });
  expect(findings).toEqual((await doctor(bench)).findings);
});

test('it works in a bare repository', async () => {
  const bench = await makeBench();
  const bare = `${bench.room.dir}/bare.git`;
  await bench.git('clone', '-q', '--bare', '.', bare);
  await bench.wt('create', 'a', { cwd: bare });
  expect(await bench.wt('doctor', { cwd: bare })).toMatchObject({ code: 0 });
  await rm(`${bare}/.worktrees/a`, { recursive: true });
  expect(await bench.wt('doctor', '--fix', { cwd: bare })).toMatchObject({ code: 0 });
  expect(await bench.room.git(`${bare}/.worktrees/a`, 'status', '--porcelain')).toBe('');
});

test('it works before the first commit', async () => {
  const bench = await makeBench();
  await mkdir(`${bench.room.dir}/fresh`);
  await bench.room.git(`${bench.room.dir}/fresh`, 'init', '-q');
  expect(await bench.wt('doctor', { cwd: `${bench.room.dir}/fresh` })).toMatchObject({ code: 0, stderr: '' });
});

test('a name with control characters never reaches the terminal raw', async () => {
  const bench = await makeBench();
  await bench.wt('create', 'a');
  await mkdir(bench.at('x\u001b[31m\u009b2J\u202e'));
  for (const stage of [{}, { columns: 80, color: 3 as const }]) {
    const { raw } = await bench.wt('doctor', stage);
    expect(raw).toContain('\\x1b');
    expect(raw.replaceAll(/\u001b\[[0-9;]*m/g, '')).not.toMatch(/[\u001b\u009b\u202e]/);
    expect(raw).not.toContain('x\u001b[31m');
  }
  expect((await bench.wt('--json', 'doctor')).raw).not.toMatch(/[\u001b\u009b\u202e]/);
});

test('a git that is too old is a finding', async () => {
  const bench = await makeBench();
  const bin = `${bench.room.dir}/bin`;
  await mkdir(bin);
  const version = '{"event":"version","sid":"x","evt":"3","exe":"2.30.1"}';
  await writeFile(`${bin}/git`, `#!/bin/sh\necho '${version}' >&2\nexit 128\n`);
  await chmod(`${bin}/git`, 0o755);
  const env = { PATH: `${bin}${path.delimiter}${bench.room.env['PATH']}` };
  const { code, findings } = await doctor(bench, { env });
  expect({ code, findings }).toMatchObject({
    code: 7,
    findings: [{ check: 'git.too-old', severity: 'error', fix: null }],
  });
  expect(findings[0]?.message).toContain('2.30.1');
});

test('one check that fails does not spoil the others', async () => {
  const bench = await makeSick();
  const { code, findings } = await doctor(bench, {
    wrap: (run) => (request) =>
      request.args.includes('ls-files')
        ? Promise.resolve({ exitCode: 128, stdout: '', stderr: 'fatal: no luck\n', durationMs: 0 })
        : run(request),
  });
  expect(code).toBe(7);
  expect(names(findings)).toEqual(expect.arrayContaining(['folder.missing a', 'check.failed', 'branch.orphan']));
  expect(findings.find(({ check }) => check === 'check.failed')?.message).toBe(
    'tracked files could not be looked at: fatal: no luck',
  );
});

test('a fix that fails is told with its reason, and the others are made', async () => {
  const bench = await makeSick();
  await bench.wt('create', 'c');
  await rm(bench.at('c'), { recursive: true });
  await chmod(`${bench.root}/.git/worktrees/a`, 0o500);
  const isRoot = await writeFile(`${bench.root}/.git/worktrees/a/probe`, '').then(
    () => true,
    () => false,
  );
  const { findings, fixed } = await doctor(bench, '--fix');
  await chmod(`${bench.root}/.git/worktrees/a`, 0o700);
  expect(names(fixed)).toContain('folder.missing c');
  if (isRoot) return; // permissions do not bind root
  expect(findings.find(({ session }) => session === 'a')?.trouble).toContain('EACCES');
});

test('outside a repository it fails as every command does', async () => {
  const bench = await makeBench();
  expect(await failure(bench, 'doctor', { cwd: bench.room.dir })).toMatchObject({ code: 'repo.not-found', exit: 3 });
});

test('mending twice changes nothing the second time', async () => {
  const bench = await makeSick();
  await bench.wt('doctor', '--fix');
  const before = await picture(bench);
  await bench.wt('doctor', '--fix');
  expect(await picture(bench)).toEqual(before);
});

test('looking at three sessions takes few processes of git', async () => {
  const bench = await makeBench();
  for (const id of ['a', 'b', 'c']) await bench.wt('create', id);
  const { git } = await bench.wt('doctor');
  expect(git.length).toBeLessThanOrEqual(14);
});
