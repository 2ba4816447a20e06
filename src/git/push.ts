import { WtError } from '../core/errors.ts';
import type { Git, GitOptions } from './git.ts';

/** How a branch was taken in by a remote, or why not. */
export type PushReport =
  | {
      readonly kind: 'pushed';
      readonly how: 'new' | 'moved' | 'forced' | 'same';
      /** What the remote had before; null when it had no such branch. */
      readonly from: string | null;
      /** Where a change request can be opened, when the remote said so. */
      readonly url: string | null;
    }
  /** The remote has something else than what this builds on, or than what was expected there. */
  | { readonly kind: 'rejected' }
  /** The person's own pre-push hook said no. */
  | { readonly kind: 'hook'; readonly output: string };

export interface PushRequest {
  readonly remote: string;
  /** Full name of the branch, the same on both sides. */
  readonly ref: string;
  /**
   * Replace what is there, as long as it is this commit. git ignores --force-if-includes beside a named commit
   * (git-push(1)), so the caller has to know that the commit was this branch's own.
   */
  readonly lease?: string | undefined;
  readonly network: GitOptions;
}

const HOOK_TIMEOUT_MS = 3_600_000;
const ASK_TIMEOUT_MS = 60_000;

/** Pushes one branch, no tags, with the repository's pre-push hook. Never forces without a lease. Throws `git.failed`, `git.timeout`. */
export async function pushBranch(git: Git, { remote, ref, lease, network }: PushRequest): Promise<PushReport> {
  const force = lease === undefined ? [] : [`--force-with-lease=${ref}:${lease}`];
  const args = ['push', '--porcelain', '--no-follow-tags', ...force, '--', remote, `${ref}:${ref}`];
  const { exitCode, stdout, stderr } = await git(args, {
    ...network,
    config: [...(network.config ?? []), 'core.abbrev=no'],
    expect: [0, 1, 128],
    hooks: true,
    timeoutMs: HOOK_TIMEOUT_MS,
  });
  const report = parsePush(stdout, stderr);
  if (report !== undefined && (exitCode === 0 || report.kind === 'rejected')) return report;
  // Whatever the remote refuses comes with a line for the ref; a hook here stops git before there is any.
  if (exitCode === 1 && stdout === '' && !/^fatal:/m.test(stderr))
    return { kind: 'hook', output: stderr.replace(/^error: failed to push.*\n?/m, '').trim() };
  const why = /^!\t.*\t(.*)$/m.exec(stdout)?.[1];
  throw new WtError('git.failed', {
    args: ['git', ...args],
    exitCode,
    stderr: withoutCredentials([...(why === undefined ? [] : [why]), stderr.trim()].join('\n')),
  });
}

/** Pure half of {@link pushBranch}: the ref's line, "<flag>\t<from>:<to>\t<summary> (<reason>)"; undefined when there is none to go by. */
export function parsePush(stdout: string, stderr: string): PushReport | undefined {
  const [, flag, summary = ''] = /^([ +*=!-])\t[^\t\n]*\t(.*)$/m.exec(stdout) ?? [];
  const url = findUrl(stderr);
  const from = /^([0-9a-f]{40,64})\.\.\.?[0-9a-f]{40,64}/.exec(summary)?.[1] ?? null;
  switch (flag) {
    case '*':
      return { kind: 'pushed', how: 'new', from: null, url };
    case ' ':
      return { kind: 'pushed', how: 'moved', from, url };
    case '+':
      return { kind: 'pushed', how: 'forced', from, url };
    case '=':
      return { kind: 'pushed', how: 'same', from: null, url };
    case '!':
      return /\((?:non-fast-forward|fetch first|stale info|needs force|remote ref updated since checkout)\)/.test(
        summary,
      )
        ? { kind: 'rejected' }
        : undefined;
    case undefined:
    default:
      return undefined;
  }
}

/** The page for a change request that forges print on a push. */
function findUrl(stderr: string): string | null {
  const urls = [...stderr.matchAll(/^remote:.*?(https?:\/\/[^\s'"<>]+)/gm)].map(([, url = '']) => url);
  const found = urls.find((url) => /pull|merge_requests|compare/i.test(url));
  return found === undefined ? null : withoutCredentials(found);
}

/** Any text with user names, passwords and tokens taken out of the addresses in it. Pure. */
export function withoutCredentials(text: string): string {
  return text.replaceAll(/([a-z][a-z0-9+.-]*:\/\/)[^/\s'"]*@/gi, '$1');
}

/** What a branch of a remote is at this moment; undefined when there is none (git-ls-remote(1)). */
export async function readRemoteRef(
  git: Git,
  remote: string,
  ref: string,
  network: GitOptions,
): Promise<string | undefined> {
  const { stdout } = await git(['ls-remote', '--heads', '--', remote, ref], { ...network, timeoutMs: ASK_TIMEOUT_MS });
  const line = stdout.split('\n').find((one) => one.endsWith(`\t${ref}`));
  return line?.split('\t')[0];
}

/** Brings the commits of a remote's branch here to look at; no ref moves, also not the remote-tracking one. */
export async function fetchToLook(git: Git, remote: string, ref: string, network: GitOptions): Promise<void> {
  const quiet = ['--quiet', '--no-write-fetch-head', '--no-tags', '--no-recurse-submodules', '--refmap='];
  await git(['fetch', ...quiet, '--', remote, ref], { ...network, timeoutMs: 120_000 });
}
