import { execa } from 'execa';
import { execFileSync, spawnSync } from 'node:child_process';
import { chmod, lstat, mkdir, readdir, readFile, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createCopier, IS_THERE, LARGE_BYTES } from '#src/platform/copy.ts';
import { makeRoom } from '../support/room.ts';

const canMount =
  process.getuid?.() === 0 &&
  spawnSync('unshare', ['-m', 'mount', '-t', 'tmpfs', 'none', '/mnt'], { stdio: 'ignore' }).status === 0;

interface Scene {
  readonly dir: string;
  readonly scratch: string;
  readonly from: string;
  readonly to: string;
}

async function makeScene(content: Buffer | string): Promise<Scene> {
  const { dir } = await makeRoom();
  const scratch = path.join(dir, 'scratch');
  await mkdir(scratch);
  const from = path.join(dir, 'from');
  await writeFile(from, content);
  return { dir, scratch, from, to: path.join(dir, 'to') };
}

const LARGE = Buffer.alloc(32 * LARGE_BYTES, 'large');

describe('a copy', () => {
  test('of a large file appears whole or not at all, and replaces nothing', async () => {
    const { scratch, from, to, dir } = await makeScene(LARGE);
    await chmod(from, 0o640);
    await utimes(from, 1_600_000_000, 1_600_000_000);
    const copier = createCopier(scratch);
    const sizes = new Set<number>();
    const copying = { isOver: false };
    const watch = async (): Promise<void> => {
      while (!copying.isOver)
        await lstat(to).then(
          ({ size }) => sizes.add(size),
          () => {},
        );
    };
    const watching = watch();
    expect(await copier.copyLarge(from, to, await lstat(from))).toHaveProperty('isCloned');
    copying.isOver = true;
    await watching;
    expect([...sizes].filter((size) => size !== LARGE.length)).toEqual([]);
    expect(LARGE.equals(await readFile(to))).toBe(true);
    const { mode, mtimeMs } = await lstat(to);
    expect([mode & 0o777, mtimeMs]).toEqual([0o640, 1_600_000_000_000]);
    await writeFile(to, 'mine');
    expect(await copier.copyLarge(from, to, await lstat(from))).toEqual({ skipped: IS_THERE });
    expect(copier.copySmall(from, to, await lstat(from))).toEqual({ skipped: IS_THERE });
    expect(await readFile(to, 'utf8')).toBe('mine');
    expect(await readdir(scratch)).toEqual([]);
    expect((await readdir(dir)).toSorted()).toEqual(['from', 'scratch', 'to']);
  });

  test('goes beside a target on another file system', async () => {
    const { from, scratch } = await makeScene(LARGE);
    const elsewhere = await execa('mktemp', ['-d', '-p', '/dev/shm']);
    try {
      const to = path.join(elsewhere.stdout, 'to');
      expect(await createCopier(scratch).copyLarge(from, to, await lstat(from))).toHaveProperty('isCloned');
      expect(LARGE.equals(await readFile(to))).toBe(true);
    } finally {
      await execa('rm', ['-r', '--', elsewhere.stdout]);
    }
  });

  test('of a file that went or cannot be read says so', async () => {
    const { dir, scratch, from, to } = await makeScene('x');
    const stats = await lstat(from);
    const copier = createCopier(scratch);
    expect(copier.copySmall(path.join(dir, 'gone'), to, stats)).toEqual({ skipped: 'went while it was copied' });
    expect(await copier.copyLarge(path.join(dir, 'gone'), to, stats)).toEqual({ skipped: 'went while it was copied' });
    expect(copier.copySmall(dir, to, stats)).toEqual({ skipped: expect.stringMatching(/^could not be copied \(E/) });
    await expect(lstat(to)).rejects.toThrow('ENOENT');
  });

  test.skipIf(!canMount)('on a full disk is io.disk-full, and leaves nothing half', async () => {
    const { dir, from } = await makeScene(LARGE);
    const small = path.join(dir, 'small');
    await mkdir(small);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m,mode=755', 'none', small]);
    onTestFinished(() => void execFileSync('umount', ['-l', small]));
    const copier = createCopier(small);
    const stats = await lstat(from);
    await expect(copier.copyLarge(from, path.join(small, 'to'), stats)).rejects.toMatchObject({ kind: 'io.disk-full' });
    expect(() => copier.copySmall(from, path.join(small, 'to'), stats)).toThrow(
      expect.objectContaining({ kind: 'io.disk-full' }),
    );
    expect(await readdir(small)).toEqual([]);
  });
});
