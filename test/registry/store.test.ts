import { mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { EMPTY } from '#src/registry/file.ts';
import { SessionRow } from '#src/registry/session.ts';
import { readRegistry, requirePlainFolder, setAside, writeRegistry } from '#src/registry/store.ts';
import { makeRoom } from '../support/room.ts';

const row = SessionRow.parse({
  id: 'a',
  branch: 'wt/a',
  base: { branch: 'main', commit: '0'.repeat(40) },
  path: '/x',
  agent: null,
  task: null,
  createdAt: '2026-01-01T00:00:00.000Z',
  state: 'ready',
  ownsBranch: true,
});
const rows = new Map([['a', row]]);

async function makeFile(): Promise<{ dir: string; folder: string; file: string }> {
  const { dir } = await makeRoom();
  const folder = path.join(dir, '.worktrees');
  return { dir, folder, file: path.join(folder, 'sessions.json') };
}

describe('the registry on disk', () => {
  test('is missing, then what was written, for its owner alone', async () => {
    const { file, folder } = await makeFile();
    expect(await readRegistry(file)).toEqual({ file: EMPTY, state: 'missing' });
    const written = await writeRegistry(file, EMPTY, rows, 4);
    expect(written).toEqual({ ...EMPTY, sessions: rows, revision: 1, generation: 4 });
    expect(await readRegistry(file)).toEqual({ file: written, state: 'ok' });
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(await readdir(folder)).toEqual(['sessions.json']);
    expect((await writeRegistry(file, written, new Map(), 5)).revision).toBe(2);
  });

  test('is not written by one who lost the lock to a later holder', async () => {
    const { file } = await makeFile();
    const later = await writeRegistry(file, EMPTY, rows, 9);
    await expect(writeRegistry(file, later, new Map(), 8)).rejects.toMatchObject({ code: 'registry.busy' });
    expect((await readRegistry(file)).file).toEqual(later);
  });

  test('that is damaged is an answer with its reason, and is moved aside whole', async () => {
    const { file, folder } = await makeFile();
    await mkdir(folder);
    await writeFile(file, '{"half":');
    expect(await readRegistry(file)).toEqual({ file: EMPTY, state: 'damaged', reason: 'it is not JSON' });
    const aside = await setAside(file, new Date('2026-01-02T03:04:05.678Z'));
    expect(aside).toBe(`${file}.corrupt-2026-01-02T03-04-05-678Z`);
    expect(await readFile(aside, 'utf8')).toBe('{"half":');
    expect((await readRegistry(file)).state).toBe('missing');
  });

  test('of a newer wt is refused and left alone', async () => {
    const { file, folder } = await makeFile();
    await mkdir(folder);
    await writeFile(file, '{"version":2}');
    await expect(readRegistry(file)).rejects.toMatchObject({
      code: 'registry.too-new',
      details: { found: 2, known: 1 },
    });
    expect(await readFile(file, 'utf8')).toBe('{"version":2}');
  });

  test('is not read through a link, from a folder, or when it is enormous', async () => {
    const { dir, file, folder } = await makeFile();
    await mkdir(folder);
    await writeFile(path.join(dir, 'theirs'), '{}');
    await symlink(path.join(dir, 'theirs'), file);
    await expect(readRegistry(file)).rejects.toMatchObject({
      code: 'registry.damaged',
      details: { reason: 'it is a symbolic link' },
    });
    const other = path.join(folder, 'folder');
    await mkdir(other);
    await expect(readRegistry(other)).rejects.toMatchObject({ code: 'registry.damaged' });
    const large = path.join(folder, 'large');
    await writeFile(large, ' '.repeat(4 * 1024 * 1024 + 1));
    await expect(readRegistry(large)).rejects.toMatchObject({ code: 'registry.damaged' });
  });

  test('is not looked for where .worktrees leads out of the repository', async () => {
    const { dir, file, folder } = await makeFile();
    await mkdir(path.join(dir, 'elsewhere'));
    await symlink(path.join(dir, 'elsewhere'), folder);
    await expect(readRegistry(file)).rejects.toMatchObject({
      code: 'path.unsafe',
      details: { path: folder, reason: 'it is a symbolic link' },
    });
    await writeFile(path.join(dir, 'plain'), '');
    await expect(requirePlainFolder(path.join(dir, 'plain'))).rejects.toMatchObject({ code: 'path.unsafe' });
    await requirePlainFolder(path.join(dir, 'none'));
  });
});
