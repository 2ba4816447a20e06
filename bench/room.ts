import { existsSync, mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { devNull, tmpdir } from 'node:os';
import path from 'node:path';
import { runBeside, runNow, untilQuiet, type Call, type Env } from './processes.ts';

/** The built program, as a person starts it. Another build can be put in its place. */
export const PROGRAM = path.resolve(process.env['WT_BENCH_PROGRAM'] ?? 'bin/wt.js');

/** A throw-away place with a sealed environment, and what is made in it. */
export interface Room {
  readonly dir: string;
  readonly env: Env;
  /** Whether files are made on a file system of its own, or on that of the temporary folder. */
  readonly hasOwnFileSystem: () => boolean;
  /** A new folder below the file system of the group of cases that is measured now. */
  folder(name: string): string;
  git(cwd: string, ...args: readonly string[]): string;
  wt(cwd: string, ...args: readonly string[]): string;
  /** A call of wt, or of anything, to be run later. */
  wtCall(cwd: string, ...args: readonly string[]): Call;
  call(cwd: string, ...argv: readonly [string, ...string[]]): Call;
  /** Runs at most so many at once. */
  runAll(calls: readonly Call[], atOnce: number): Promise<void>;
  /** Makes something the first time it is asked for in this group. */
  once<T>(name: string, make: () => Promise<T>): Promise<T>;
  quiet(): Promise<void>;
  /** Throws away what this group has made. */
  endGroup(): Promise<void>;
  dispose(): void;
}

// NODE_EXTRA_CA_CERTS costs every Node process some 50 ms.
const FOREIGN = /^(?:GIT_|WT_|NODE_|FORCE_COLOR|NO_COLOR)/;

/** Sparse, and gone with its group: no more of it is written than the group needs. */
const IMAGE_BYTES = 48 * 1024 ** 3;
const IMAGE_INODES = 3_000_000;

export function makeRoom(below = tmpdir()): Room {
  const dir = mkdtempSync(path.join(realpathSync(below), 'wt-bench-'));
  const own = Object.entries(process.env).filter(([name]) => !FOREIGN.test(name));
  const env: Env = {
    ...Object.fromEntries(own),
    HOME: dir,
    XDG_CONFIG_HOME: path.join(dir, '.config'),
    XDG_STATE_HOME: path.join(dir, '.state'),
    XDG_CACHE_HOME: path.join(dir, '.cache'),
    GIT_CONFIG_GLOBAL: path.join(dir, '.gitconfig'),
    GIT_CONFIG_SYSTEM: devNull,
  };
  writeFileSync(
    path.join(dir, '.gitconfig'),
    '[user]\n\tname = Bench\n\temail = bench@example.org\n[gc]\n\tauto = 0\n',
  );
  const disks = new Disks(dir);
  let made = new Map<string, Promise<unknown>>();
  const call: Room['call'] = (cwd, ...argv) => ({ argv, cwd, env });
  const wtCall: Room['wtCall'] = (cwd, ...args) => call(cwd, process.execPath, PROGRAM, ...args);
  return {
    dir,
    env,
    call,
    wtCall,
    hasOwnFileSystem: () => disks.isOwn,
    folder: (name) => disks.folder(name),
    git: (cwd, ...args) => runNow(call(cwd, 'git', ...args)).stdout,
    wt: (cwd, ...args) => runNow(wtCall(cwd, ...args)).stdout,
    async runAll(calls, atOnce) {
      const queue = [...calls];
      const worker = async (): Promise<void> => {
        for (let next = queue.shift(); next !== undefined; next = queue.shift()) await runBeside(next);
      };
      await Promise.all(Array.from({ length: atOnce }, worker));
    },
    once<T>(name: string, make: () => Promise<T>): Promise<T> {
      const there = made.get(name) ?? make();
      made.set(name, there);
      return there as Promise<T>;
    },
    quiet: () => untilQuiet(dir),
    async endGroup() {
      made = new Map();
      await untilQuiet(dir);
      disks.drop();
    },
    dispose() {
      disks.drop();
      rmSync(dir, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/**
 * A fresh ext4 in a file for each group of cases, where this user may mount one: on a file system from which many files were
 * just deleted, making new ones is up to ten times slower. Elsewhere a folder, from which nothing is deleted before the end.
 */
class Disks {
  readonly #dir: string;
  #mount: string | undefined;
  #serial = 0;
  isOwn = false;

  constructor(dir: string) {
    this.#dir = dir;
  }

  folder(name: string): string {
    this.#mount ??= this.#make();
    const folder = path.join(this.#mount, name);
    mkdirSync(folder, { recursive: true });
    return folder;
  }

  drop(): void {
    if (this.#mount === undefined) return;
    if (this.isOwn) {
      // What still has a file open there goes on without it.
      if (!succeeds('umount', this.#mount)) succeeds('umount', '-l', this.#mount);
      rmSync(`${this.#mount}.img`, { force: true });
    }
    this.#mount = undefined;
  }

  #make(): string {
    const mount = path.join(this.#dir, `disk-${this.#serial++}`);
    const image = `${mount}.img`;
    mkdirSync(mount);
    this.isOwn =
      process.platform === 'linux' &&
      process.getuid?.() === 0 &&
      succeeds('truncate', '-s', String(IMAGE_BYTES), image) &&
      succeeds('mkfs.ext4', '-q', '-F', '-N', String(IMAGE_INODES), image) &&
      succeeds('mount', '-o', 'loop,noinit_itable', image, mount);
    if (!this.isOwn) rmSync(image, { force: true });
    return mount;
  }
}

function succeeds(file: string, ...args: readonly string[]): boolean {
  return spawnSync(file, args, { stdio: 'ignore' }).status === 0;
}

/** Folders that hold a worktree below a sessions folder. */
export function worktreesBelow(root: string): readonly string[] {
  const folder = path.join(root, '.worktrees');
  return readdirSync(folder)
    .map((name) => path.join(folder, name))
    .filter((tree) => existsSync(path.join(tree, '.git')));
}
