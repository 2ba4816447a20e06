import { chmod, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { makeBench, type Bench } from '../support/wt.ts';

async function makeBrought(gate = 'true'): Promise<Bench> {
  const bench = await makeBench({ 'wt.config.jsonc': `{ "merge": { "gate": ${JSON.stringify(gate)} } }\n` });
  await bench.wt('create', 'a', '--task', 'T');
  await bench.work('a', { x: '1\n' });
  return bench;
}
const folderOf = ({ room }: Bench): string => `${room.dir}/.local/state/wt/trust`;

async function listFiles(bench: Bench): Promise<readonly string[]> {
  const names = await readdir(folderOf(bench)).catch(() => []);
  return names.map((name) => `${folderOf(bench)}/${name}`);
}

async function onlyFile(bench: Bench): Promise<string> {
  const [file = '', ...more] = await listFiles(bench);
  expect(more).toEqual([]);
  return file;
}

test('shows what the repository brings along, and what is approved may run', async () => {
  const bench = await makeBrought();
  expect((await bench.wt('merge', 'a', '--yes')).code).toBe(8);
  const { code, stdout } = await bench.wt('trust', '--yes');
  expect({ code, stdout }).toEqual({
    code: 0,
    stdout: '✓ Approved 1 command of $ROOM/app/wt.config.jsonc\n  merge.gate: true\n',
  });
  expect((await bench.wt('merge', 'a', '--yes')).code).toBe(0);
});

test('asks, and without anybody to answer nothing is approved: exit 8', async () => {
  const bench = await makeBrought();
  const { code, stderr } = await bench.wt('trust');
  expect(code).toBe(8);
  expect(stderr).toContain('merge.gate: true');
  expect(await listFiles(bench)).toEqual([]);
  expect((await bench.wt('trust', { answer: false })).stdout).toBe('Nothing was approved.\n');
  expect((await bench.wt('trust', { answer: true })).code).toBe(0);
});

test('what has changed since is asked again', async () => {
  const bench = await makeBrought();
  await bench.wt('trust', '--yes');
  await bench.write({ 'wt.config.jsonc': '{ "merge": { "gate": "true # and more" } }\n' });
  expect((await bench.wt('merge', 'a', '--yes')).code).toBe(8);
  expect((await bench.data('trust', '--yes'))['trusted']).toBe(true);
  expect((await bench.wt('merge', 'a', '--yes')).code).toBe(0);
});

test('counts for this repository only, and can be taken back', async () => {
  const bench = await makeBrought();
  await bench.wt('trust', '--yes');
  await bench.git('clone', '-q', bench.root, `${bench.room.dir}/clone`);
  const clone = { cwd: `${bench.room.dir}/clone` };
  expect((await bench.wt('trust', clone)).code).toBe(8);
  expect((await bench.wt('trust', '--list')).stdout).toContain('$ROOM/app/.git');
  expect((await bench.wt('trust', '--revoke')).stdout).toBe('✓ The approval is taken back\n');
  expect((await bench.wt('trust', '--revoke')).stdout).toBe('Nothing had been approved here.\n');
  expect((await bench.wt('merge', 'a', '--yes')).code).toBe(8);
});

test.for([
  ['from its folder', (bench: Bench) => ({ cwd: bench.at('a') })],
  ['by a program that was started in one', () => ({ env: { WT_SESSION: 'a' } })],
  ['by one that an older wt has started', () => ({ env: { WT_ID: 'a' } })],
] as const)('is no agent’s to give: refused inside a session, %s', async ([, stage]) => {
  const bench = await makeBrought();
  for (const flags of [['--yes'], ['--revoke']]) {
    const { code, stderr } = await bench.wt('trust', ...flags, stage(bench));
    expect({ code, said: stderr.includes('from inside a session') }).toEqual({ code: 8, said: true });
  }
  expect(await listFiles(bench)).toEqual([]);
});

test('lies outside of the repository, for its owner alone', async () => {
  const bench = await makeBrought();
  await bench.wt('trust', '--yes');
  expect((await stat(await onlyFile(bench))).mode & 0o777).toBe(0o600);
});

test.for([
  ['that is damaged', (file: string) => writeFile(file, '{')],
  ['that others may write', (file: string) => chmod(file, 0o620)],
] as const)('an approval %s is none', async ([, spoil]) => {
  const bench = await makeBrought();
  await bench.wt('trust', '--yes');
  await spoil(await onlyFile(bench));
  expect((await bench.wt('merge', 'a', '--yes')).code).toBe(8);
  expect((await bench.wt('trust', '--yes')).code).toBe(0);
  expect((await bench.wt('merge', 'a', '--yes')).code).toBe(0);
});

test('an approval that lies under another repository’s name is none', async () => {
  const bench = await makeBrought();
  await bench.wt('trust', '--yes');
  const file = await onlyFile(bench);
  const text = await readFile(file, 'utf8');
  await writeFile(file, text.replace(`${bench.root}/.git`, `${bench.root}2/.git`));
  expect((await bench.wt('merge', 'a', '--yes')).code).toBe(8);
});

test('every command, every variable, and the gate are shown, with what is new and gone since the last approval', async () => {
  const bench = await makeBench({
    'wt.config.jsonc': JSON.stringify({
      setup: { run: ['npm ci', ['make', '$(x)'], { parallel: ['a', { run: 'b', env: { NODE_OPTIONS: '-r x' } }] }] },
      hooks: { remove: { before: ['bye'] } },
      env: { PATH: '/evil' },
      merge: { gate: 'npm test' },
    }),
  });
  const all = [
    'setup.run[0]: npm ci',
    'setup.run[1]: ["make","$(x)"] (no shell)',
    'setup.run[2].parallel[0]: a',
    "setup.run[2].parallel[1]: b\nwith NODE_OPTIONS='-r x'",
    'hooks.remove.before[0]: bye',
    'env.PATH: /evil',
    'merge.gate: npm test',
  ];
  expect(await bench.data('trust', '--yes')).toMatchObject({ trusted: true, commands: all });
  await bench.write({ 'wt.config.jsonc': JSON.stringify({ setup: { run: ['npm ci', 'rm x'] } }) });
  const { code, stderr } = await bench.wt('trust', { answer: false });
  expect(code).toBe(0);
  expect(stderr).toContain('approved 0s ago, changed since:');
  expect(stderr).toContain(
    '  setup.run[0]: npm ci\n+ setup.run[1]: rm x\n- setup.run[1]: ["make","$(x)"] (no shell)\n',
  );
  expect(await bench.data('trust', '--dry-run')).toMatchObject({
    trusted: false,
    added: ['setup.run[1]: rm x'],
    removed: all.slice(1),
  });
});

test('a command cannot hide from the one who reads it', async () => {
  const bench = await makeBrought('true\u001b[2K\nrm -rf \u202e/');
  const { stdout } = await bench.wt('trust', '--dry-run');
  expect(stdout).toContain('merge.gate: true\\x1b[2K\n      rm -rf \\u202e/\n');
});

test.for([
  ['the words of a program', [['echo', '`x`']], ['["echo","`x`"]']],
  ['the words of a program with what is shown beside them', [['echo', 'x']], ['["echo","x"] (no shell)']],
  ['a variable', [{ run: 'true', env: { A: 'x' } }], ["true\nwith A='x'"]],
  ['a variable that a shell needs no quotes for', [{ run: 'true', env: { A: 'x' } }], ['true\nwith A=x']],
] as const)('an approval of %s is none of a script that reads like it', async ([, approved, forged]) => {
  const config = (run: unknown): Record<string, string> => ({ 'wt.config.jsonc': JSON.stringify({ setup: { run } }) });
  const bench = await makeBench(config(approved));
  await bench.wt('trust', '--yes');
  await bench.write(config(forged));
  expect((await bench.wt('create', 'a')).code).toBe(8);
});

test.for([
  ['an empty home', { HOME: '' }],
  ['a relative XDG_CONFIG_HOME', { XDG_CONFIG_HOME: '.config' }],
] as const)('with %s a file of the repository is not taken for the person’s own', async ([, env]) => {
  const bench = await makeBench({ '.config/wt/config.jsonc': '{ "setup": { "run": "touch ran" } }' });
  expect((await bench.data<{ setup?: object }>('create', 'a', { env })).setup).toMatchObject({ steps: [] });
});

test('with an empty home an approval that lies in the repository counts for nothing', async () => {
  const bench = await makeBench({ 'wt.config.jsonc': '{ "setup": { "run": "touch ran" } }' });
  await bench.wt('trust', '--yes');
  const name = path.basename(await onlyFile(bench));
  await bench.write({ [`.local/state/wt/trust/${name}`]: await readFile(await onlyFile(bench), 'utf8') });
  expect((await bench.wt('create', 'a', { env: { HOME: '' } })).code).toBe(8);
});

test('what a person has set for themselves needs nobody’s trust', async () => {
  const bench = await makeBrought();
  await bench.room.write(`${bench.room.dir}/.config/wt`, { 'config.jsonc': '{ "merge": { "gate": "true" } }' });
  expect(await bench.data('trust')).toMatchObject({ commands: [] });
  expect((await bench.wt('merge', 'a', '--yes')).code).toBe(0);
});

test('a person’s own setting above one of the commands does not spoil the approval of the others', async () => {
  const bench = await makeBrought();
  await bench.wt('trust', '--yes');
  const own = { env: { WT_MERGE_GATE: 'false' } };
  expect(await bench.data('trust', '--dry-run', own)).toMatchObject({ trusted: true });
  expect((await bench.wt('merge', 'a', '--yes', own)).code).toBe(7);
  expect((await bench.wt('merge', 'a', '--yes')).code).toBe(0);
});

test('a repository that brings nothing along needs no trust', async () => {
  const bench = await makeBench();
  expect(await bench.data('trust')).toMatchObject({ trusted: true, commands: [] });
  expect((await bench.wt('trust')).stdout).toBe('This repository brings no commands along.\n');
});
