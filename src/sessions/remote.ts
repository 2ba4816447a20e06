import path from 'node:path';
import { WtError } from '../core/errors.ts';
import type { GitOptions } from '../git/git.ts';
import type { Env } from '../platform/deps.ts';
import type { Repo } from './repo.ts';

/** What git's configuration says of remotes and upstreams: every value of a key, the last one counts. */
export interface RemoteSettings {
  readonly values: ReadonlyMap<string, readonly string[]>;
  /** Names of the remotes. */
  readonly remotes: readonly string[];
}

export async function readRemoteSettings(repo: Repo): Promise<RemoteSettings> {
  const args = ['config', '--null', '--get-regexp', String.raw`^(branch|remote|core\.sshcommand$)`];
  return parseRemoteSettings((await repo.git(args, { expect: [0, 1] })).stdout);
}

/** Pure half of {@link readRemoteSettings}: "key\nvalue\0"; git writes section and variable in lower case. */
export function parseRemoteSettings(stdout: string): RemoteSettings {
  const values = new Map<string, string[]>();
  for (const entry of stdout.split('\0').filter(Boolean)) {
    const at = entry.indexOf('\n');
    const [key, value] = at < 0 ? [entry, 'true'] : [entry.slice(0, at), entry.slice(at + 1)];
    values.set(key, [...(values.get(key) ?? []), value]);
  }
  const named = [...values.keys()].map((key) => /^remote\.(.+)\.(?:url|pushurl)$/s.exec(key)?.[1]);
  return { values, remotes: [...new Set(named.filter((name) => name !== undefined))] };
}

export function settingOf({ values }: RemoteSettings, key: string): string | undefined {
  return values.get(key)?.at(-1);
}

/**
 * Where a branch is pushed to, as git itself would choose and then as people mean it: the one named, the branch's own, the
 * one for all pushes, the base's, `origin`, the only one. Pure; throws `usage.invalid` naming the remotes.
 */
export function pickRemote(
  settings: RemoteSettings,
  { named, branch, base }: { named: string | undefined; branch: string; base: string | null },
): string {
  const { remotes } = settings;
  const refuse = (option: string, reason: string): WtError =>
    new WtError('usage.invalid', {
      option,
      reason: `${reason}; ${remotes.length === 0 ? 'this repository has no remote' : `the remotes are ${remotes.join(', ')}`}`,
      ...(remotes.length === 0 ? {} : { fix: ['git', 'remote', '--verbose'] }),
    });
  if (named !== undefined) {
    if (remotes.includes(named)) return named;
    throw refuse('--remote <name>', `there is no remote "${named}"`);
  }
  const keys = [
    `branch.${branch}.pushremote`,
    'remote.pushdefault',
    `branch.${branch}.remote`,
    ...(base === null ? [] : [`branch.${base}.remote`]),
  ];
  for (const key of keys) {
    const value = settingOf(settings, key);
    if (value === undefined || value === '.') continue;
    if (remotes.includes(value)) return value;
    throw refuse('--remote <name>', `git's setting ${key} names "${value}", which is no remote here`);
  }
  const [only] = remotes;
  if (remotes.includes('origin')) return 'origin';
  if (only !== undefined && remotes.length === 1) return only;
  throw refuse('--remote <name>', 'nothing says where to push to');
}

/** Where a remote's branch is kept track of here; undefined when no fetch would bring it. Pure. */
export function trackingRefOf({ values }: RemoteSettings, remote: string, ref: string): string | undefined {
  for (const spec of values.get(`remote.${remote}.fetch`) ?? []) {
    const [from = '', to = ''] = spec.replace(/^\+/, '').split(':');
    if (spec.startsWith('^') || to === '') continue;
    if (from === ref) return to;
    const [head = '', tail = ''] = from.split('*');
    const fits = from.includes('*') && ref.startsWith(head) && ref.endsWith(tail);
    if (fits && ref.length >= head.length + tail.length)
      return to.replace('*', () => ref.slice(head.length, ref.length - tail.length));
  }
  return undefined;
}

/** Options for git over a network: nobody is ever asked for a password, and a line that is dead is given up. Pure. */
export function networkOptions(env: Env, settings: RemoteSettings): GitOptions {
  return {
    env: {
      GIT_ASKPASS: '', // set and empty: no program is asked either (gitcredentials(7))
      SSH_ASKPASS: '',
      SSH_ASKPASS_REQUIRE: 'never',
      GCM_INTERACTIVE: 'never',
      ...sshCommand(env, settings),
    },
    config: ['http.lowSpeedLimit=100', 'http.lowSpeedTime=60'],
  };
}

const SSH_OPTIONS = '-o BatchMode=yes -o ConnectTimeout=30 -o ServerAliveInterval=15 -o ServerAliveCountMax=4';

/** A person's own ssh keeps its options; another program than ssh may not know ours. */
function sshCommand(env: Env, settings: RemoteSettings): Env {
  if (env['GIT_SSH']) return {};
  const own = env['GIT_SSH_COMMAND'] || settingOf(settings, 'core.sshcommand');
  if (own === undefined) return { GIT_SSH_COMMAND: `ssh ${SSH_OPTIONS}` };
  const [program = ''] = own.trim().split(/\s+/);
  return path.basename(program) === 'ssh' ? { GIT_SSH_COMMAND: `${own} ${SSH_OPTIONS}` } : {};
}
