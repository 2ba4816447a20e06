import path from 'node:path';
import { wantsSignature } from './commit.ts';
import type { Git } from './git.ts';

/** What the configuration says of commits that wt makes for a person. */
export interface CommitSettings {
  /** Where the repository's hooks lie, absolute, whatever worktree they are run in (githooks(5), core.hooksPath). */
  readonly hooksFolder: string;
  /** Whether commits are to be signed (git-config(1), commit.gpgSign). */
  readonly isSigned: boolean;
}

/** Both from one process; a value that only git can read (a path of somebody's home, a word that is no boolean) is left to it. */
export async function readCommitSettings(git: Git, commonDir: string): Promise<CommitSettings> {
  const args = ['config', '-z', '--get-regexp', String.raw`^(core\.hookspath|commit\.gpgsign)$`];
  const { stdout } = await git(args, { hooks: true, expect: [0, 1] });
  const { hooksPath, gpgSign } = parseCommitSettings(stdout);
  const isPlain = hooksPath === undefined || /^[^~%]/.test(hooksPath);
  return {
    hooksFolder: isPlain
      ? path.resolve(git.place.dir, hooksPath ?? path.join(commonDir, 'hooks'))
      : await askFolder(git),
    isSigned: gpgSign === undefined ? false : (readBoolean(gpgSign) ?? (await wantsSignature(git))),
  };
}

/** The last value of each; a name without a value is a boolean that is true. Pure. */
export function parseCommitSettings(stdout: string): { hooksPath?: string; gpgSign?: string } {
  const found: { hooksPath?: string; gpgSign?: string } = {};
  for (const entry of stdout.split('\0').filter(Boolean)) {
    const end = entry.indexOf('\n');
    const [name, value] = end < 0 ? [entry, 'true'] : [entry.slice(0, end), entry.slice(end + 1)];
    if (name === 'core.hookspath') found.hooksPath = end < 0 ? '~' : value;
    if (name === 'commit.gpgsign') found.gpgSign = value;
  }
  return found;
}

/** As git reads them, but for numbers. */
function readBoolean(text: string): boolean | undefined {
  if (/^(?:true|yes|on|1)$/i.test(text)) return true;
  return /^(?:false|no|off|0|)$/i.test(text) ? false : undefined;
}

async function askFolder(git: Git): Promise<string> {
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
