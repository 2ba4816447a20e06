import { chmod, mkdir } from 'node:fs/promises';
import path from 'node:path';
import { makeBench, type Bench, type Stage } from './wt.ts';

export interface Remoted extends Bench {
  /** Folder of the bare repository that is `origin`. */
  readonly remote: string;
  /** Tip of a branch there; undefined when there is none. */
  readonly tipOf: (branch: string) => Promise<string | undefined>;
  /** Somebody else commits on a branch there; the new tip. */
  readonly intrude: (branch: string, files: Readonly<Record<string, string>>, message: string) => Promise<string>;
}

/** Session `a` with one commit, and a bare remote `origin` that has main. */
export async function makeRemoted(): Promise<Remoted> {
  const bench = await makeBench({ 'README.md': 'hello\n' });
  const { room, git, root } = bench;
  const remote = path.join(room.dir, 'origin.git');
  await room.git(room.dir, 'clone', '--quiet', '--bare', root, remote);
  await git('remote', 'add', 'origin', remote);
  await git('fetch', '--quiet', 'origin');
  await bench.wt('create', 'a', '--task', 'Add the feature');
  await bench.work('a', { 'feature.txt': 'feature\n' }, 'add feature.txt');
  const tipOf = async (branch: string): Promise<string | undefined> => {
    const text = await room.git(remote, 'for-each-ref', '--format=%(objectname)', `refs/heads/${branch}`);
    return text === '' ? undefined : text;
  };
  return {
    ...bench,
    remote,
    tipOf,
    async intrude(branch, files, message) {
      const other = path.join(room.dir, `other-${message.replaceAll(' ', '-')}`);
      await room.git(room.dir, 'clone', '--quiet', '--branch', branch, remote, other);
      await room.write(other, files);
      await room.git(other, 'add', '-A');
      await room.git(other, '-c', 'user.name=Ole', 'commit', '--quiet', '-m', message);
      await room.git(other, 'push', '--quiet', 'origin', branch);
      return room.git(other, 'rev-parse', 'HEAD');
    },
  };
}

/** Puts a program of that name before all others on PATH; the stage to call wt with. */
export async function fakeProgram({ room }: Bench, name: string, script: string): Promise<Stage> {
  const bin = path.join(room.dir, 'bin');
  await mkdir(bin, { recursive: true });
  await room.write(bin, { [name]: `#!/bin/sh\n${script}` });
  await chmod(path.join(bin, name), 0o755);
  return { env: { PATH: `${bin}:${room.env['PATH'] ?? ''}` } };
}

export async function writeHook({ room, root }: Bench, name: string, script: string): Promise<void> {
  const hooks = path.join(root, '.git', 'hooks');
  await room.write(hooks, { [name]: `#!/bin/sh\n${script}` });
  await chmod(path.join(hooks, name), 0o755);
}
