import { execa } from 'execa';
import { chmod, mkdir, mkdtemp, readdir, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { onTestFinished } from 'vitest';

export type Files = Readonly<Record<string, string>>;
export type Env = Readonly<Record<string, string | undefined>>;

/** A sealed room: a folder of its own that is HOME too, no user or system git configuration, fixed identity, zone and locale. */
export interface Room {
  readonly dir: string;
  readonly env: Env;
  /** Runs git anywhere in the room and gives stdout without the last newline; throws when it fails. */
  git: (cwd: string, ...args: string[]) => Promise<string>;
  /** Makes a repository with one commit on `main`, in a folder of the room. */
  repo: (name?: string, files?: Files) => Promise<string>;
  write: (dir: string, files: Files) => Promise<void>;
  /** Replaces what differs from run to run: the room, object ids, ids of operations, ages. */
  seal: (text: string) => string;
}

export async function makeRoom(): Promise<Room> {
  const dir = await realpath(await mkdtemp(path.join(tmpdir(), 'wt-')));
  onTestFinished(() => discard(dir));
  const env: Env = {
    PATH: process.env['PATH'],
    HOME: dir,
    XDG_CONFIG_HOME: path.join(dir, '.config'),
    XDG_CACHE_HOME: path.join(dir, '.cache'),
    LC_ALL: 'C.UTF-8',
    TZ: 'UTC',
    TMPDIR: tmpdir(),
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_CONFIG_SYSTEM: '/dev/null',
    GIT_AUTHOR_NAME: 'Tess Ter',
    GIT_AUTHOR_EMAIL: 'tess@example.org',
    GIT_COMMITTER_NAME: 'Tess Ter',
    GIT_COMMITTER_EMAIL: 'tess@example.org',
  };
  const git = async (cwd: string, ...args: string[]): Promise<string> =>
    (
      await execa(
        'git',
        ['-c', 'gc.auto=0', '-c', 'maintenance.auto=false', '-c', 'init.defaultBranch=main', ...args],
        { cwd, env: env as Record<string, string>, extendEnv: false },
      )
    ).stdout;
  const write = async (target: string, files: Files): Promise<void> => {
    for (const [name, text] of Object.entries(files)) {
      await mkdir(path.dirname(path.join(target, name)), { recursive: true });
      await writeFile(path.join(target, name), text);
    }
  };
  return {
    dir,
    env,
    git,
    write,
    async repo(name = 'app', files = { 'README.md': 'hello\n' }) {
      const root = path.join(dir, name);
      await mkdir(root, { recursive: true });
      await git(root, 'init', '-q');
      await write(root, files);
      await git(root, 'add', '-A');
      await git(root, 'commit', '-qm', 'first');
      return root;
    },
    seal: (text) =>
      text
        .replaceAll(dir, '$ROOM')
        .replaceAll(/\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/g, '<op>')
        .replaceAll(/\b[0-9a-f]{40}\b/g, '<commit>')
        .replaceAll(/\b[0-9a-f]{7}\b/g, '<short>'),
  };
}

/** Deletes a room, read-only folders included. */
async function discard(dir: string): Promise<void> {
  const open = async (folder: string): Promise<void> => {
    await chmod(folder, 0o700).catch(() => {});
    const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
    await Promise.all(
      entries.filter((entry) => entry.isDirectory()).map((entry) => open(path.join(folder, entry.name))),
    );
  };
  await rm(dir, { recursive: true, force: true, maxRetries: 3 }).catch(async () => {
    await open(dir);
    await rm(dir, { recursive: true, force: true, maxRetries: 3 });
  });
}
