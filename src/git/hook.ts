import path from 'node:path';
import type { Git } from './git.ts';

/** Where the repository's hooks lie, absolute, whatever worktree they are run in (githooks(5), core.hooksPath). */
export async function findHooksFolder(git: Git): Promise<string> {
  const { stdout } = await git(['rev-parse', '--git-path', 'hooks'], { hooks: true });
  return path.resolve(git.place.dir, stdout.replace(/\n$/, ''));
}

/** How one hook ended. What it prints is git's stderr. */
export interface HookResult {
  readonly exitCode: number;
  readonly output: string;
}

const LIMIT_MS = 3_600_000;

/** Runs one hook as git would, in the worktree that `git` is bound to (git-hook(1)); one that is missing passes. */
export async function runHook(
  git: Git,
  { folder, name, args = [] }: { folder: string; name: string; args?: readonly string[] },
): Promise<HookResult> {
  const { exitCode, stdout, stderr } = await git(['hook', 'run', '--ignore-missing', name, '--', ...args], {
    hooks: true,
    config: [`core.hooksPath=${folder}`],
    timeoutMs: LIMIT_MS,
    expect: Array.from({ length: 256 }, (_, code) => code),
  });
  return { exitCode, output: `${stdout}${stderr}`.trim() };
}
