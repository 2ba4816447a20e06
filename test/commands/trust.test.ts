import { readFile, stat } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { makeBench, type Bench } from '../support/wt.ts';

async function makeBrought(gate = 'true'): Promise<Bench> {
  const bench = await makeBench({ 'wt.config.jsonc': `{ "merge": { "gate": ${JSON.stringify(gate)} } }\n` });
  await bench.wt('create', 'a', '--task', 'T');
  await bench.work('a', { x: '1\n' });
  return bench;
}
const fileOf = ({ room }: Bench): string => `${room.dir}/.local/state/wt/trust.json`;

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
  await expect(readFile(fileOf(bench))).rejects.toThrow('ENOENT');
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
  ['by a program that was started in one', () => ({ env: { WT_ID: 'a' } })],
] as const)('is no agent’s to give: refused inside a session, %s', async ([, stage]) => {
  const bench = await makeBrought();
  for (const flags of [['--yes'], ['--revoke']]) {
    const { code, stderr } = await bench.wt('trust', ...flags, stage(bench));
    expect({ code, said: stderr.includes('from inside a session') }).toEqual({ code: 8, said: true });
  }
  await expect(readFile(fileOf(bench))).rejects.toThrow('ENOENT');
});

test('lies outside of the repository, for its owner alone', async () => {
  const bench = await makeBrought();
  await bench.wt('trust', '--yes');
  expect((await stat(fileOf(bench))).mode & 0o777).toBe(0o600);
});

test('a repository that brings nothing along needs no trust', async () => {
  const bench = await makeBench();
  expect(await bench.data('trust')).toEqual({ trusted: true, commands: [] });
  expect((await bench.wt('trust')).stdout).toBe('This repository brings no commands along.\n');
});
