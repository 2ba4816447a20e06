import { execFileSync } from 'node:child_process';
import { link, mkdir, symlink, writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { makeBench, type Bench } from '../support/wt.ts';

interface Use {
  readonly id: string;
  readonly bytes: number;
  readonly worktreeBytes: number;
  readonly regenerableBytes: number;
  readonly gitBytes: number;
  readonly files: number;
}
interface Answer {
  readonly sessions: readonly Use[];
  readonly bytes: number;
  readonly regenerableBytes: number;
  readonly trash?: { readonly bytes: number; readonly entries: number };
  readonly cleanable?: { readonly ids: readonly string[]; readonly bytes: number };
}

const MB = 1_000_000;
const block = Buffer.alloc(MB, 7);

async function makeTwo(): Promise<Bench> {
  const bench = await makeBench({ 'README.md': 'hello\n', '.gitignore': 'node_modules/\n.env\n' });
  await bench.wt('create', 'a');
  await bench.wt('create', 'b');
  return bench;
}

const du = (folder: string): number =>
  Number(execFileSync('du', ['-s', '-B1', folder], { encoding: 'utf8' }).split('\t')[0]);

test('the size of a session is what du(1) says of its folder, with git’s record of it', async () => {
  const bench = await makeTwo();
  await bench.write({ '.worktrees/a/deep/er/x.txt': 'x'.repeat(10_000) });
  await mkdir(`${bench.at('a')}/node_modules/p`, { recursive: true });
  await writeFile(`${bench.at('a')}/node_modules/p/big`, block);
  const { sessions } = await bench.data<Answer>('du', 'a');
  const [use] = sessions;
  expect(sessions.map(({ id }) => id)).toEqual(['a']);
  expect(use).toMatchObject({
    bytes: du(bench.at('a')) + du(`${bench.root}/.git/worktrees/a`),
    regenerableBytes: du(`${bench.at('a')}/node_modules`),
    gitBytes: du(`${bench.root}/.git/worktrees/a`),
  });
  expect(use?.bytes).toBe((use?.worktreeBytes ?? 0) + (use?.regenerableBytes ?? 0) + (use?.gitBytes ?? 0));
});

test('the largest comes first, and a file that two sessions share counts once, for the older one', async () => {
  const bench = await makeTwo();
  await writeFile(`${bench.at('b')}/.env`, block);
  await link(`${bench.at('b')}/.env`, `${bench.at('a')}/.env`);
  const shared = await bench.data<Answer>('du');
  expect(shared.sessions.map(({ id }) => id)).toEqual(['a', 'b']);
  const [a, b] = shared.sessions;
  expect((a?.bytes ?? 0) - (b?.bytes ?? 0)).toBeGreaterThan(0.9 * MB);
  await writeFile(`${bench.at('b')}/more`, Buffer.concat([block, block]));
  expect((await bench.data<Answer>('du')).sessions.map(({ id }) => id)).toEqual(['b', 'a']);
});

test('links are not followed', async () => {
  const bench = await makeTwo();
  const before = (await bench.data<Answer>('du', 'a')).bytes;
  await mkdir(`${bench.room.dir}/away`);
  await writeFile(`${bench.room.dir}/away/big`, block);
  await symlink(`${bench.room.dir}/away`, `${bench.at('a')}/away`);
  await symlink(`${bench.room.dir}/away/big`, `${bench.at('a')}/big`);
  expect((await bench.data<Answer>('du', 'a')).bytes - before).toBeLessThan(10_000);
});

test('what wt clean would take away is named, with what it has on disk; the trash is counted too', async () => {
  const bench = await makeTwo();
  await bench.work('a', { 'a.txt': 'a\n' });
  await bench.wt('merge', 'a', '--yes');
  await mkdir(`${bench.at('a')}/node_modules`);
  await writeFile(`${bench.at('a')}/node_modules/big`, block);
  const before = await bench.data<Answer>('du');
  expect(before.cleanable?.ids).toEqual(['a']);
  expect(before.cleanable?.bytes).toBe(before.sessions.find(({ id }) => id === 'a')?.bytes);
  expect(before.regenerableBytes).toBeGreaterThanOrEqual(MB);
  expect((await bench.wt('du', { columns: 100 })).stdout).toContain('wt clean would move 1.');
  await bench.wt('clean');
  const after = await bench.data<Answer>('du');
  expect(after.sessions.map(({ id }) => id)).toEqual(['b']);
  expect(after.cleanable).toEqual({ ids: [], bytes: 0 });
  expect(after.trash).toMatchObject({ entries: 1 });
  expect(after.trash?.bytes).toBeGreaterThan(MB);
});

test('a folder that a build makes again and that git tracks is no regenerable one', async () => {
  const bench = await makeTwo();
  await bench.work('a', { 'dist/kept.js': 'x'.repeat(10_000) });
  expect((await bench.data<Answer>('du', 'a')).regenerableBytes).toBe(0);
});

test('a session whose folder is gone takes nothing, and is no reason to fail', async () => {
  const bench = await makeTwo();
  execFileSync('rm', ['-rf', bench.at('a')]);
  const { sessions } = await bench.data<Answer>('du');
  expect(sessions.find(({ id }) => id === 'a')).toMatchObject({ worktreeBytes: 0, regenerableBytes: 0 });
});

test('without sessions there is nothing but wt’s own', async () => {
  const bench = await makeBench();
  expect(await bench.data<Answer>('du')).toMatchObject({ sessions: [], trash: { bytes: 0, entries: 0 } });
  expect((await bench.wt('du')).stdout).toMatch(/^There are no sessions\.\n/);
});
