import { describe, expect, test } from 'vitest';
import { networkOptions, parseRemoteSettings, pickRemote, trackingRefOf } from '#src/sessions/remote.ts';

const settings = (...entries: (readonly [string, string])[]): ReturnType<typeof parseRemoteSettings> =>
  parseRemoteSettings(entries.map(([key, value]) => `${key}\n${value}\0`).join(''));
const url = (name: string): readonly [string, string] => [`remote.${name}.url`, '/x'];
const asked = { named: undefined, branch: 'wt/a', base: 'main' };

describe('the remote of a push', () => {
  test('is the one that is named, the branch’s, the one for all, the base’s, origin, or the only one', () => {
    const all = [url('origin'), url('a'), url('b'), url('c'), url('d.e')] as const;
    const base = ['branch.main.remote', 'a'] as const;
    const everywhere = ['remote.pushdefault', 'b'] as const;
    const own = ['branch.wt/a.pushremote', 'c'] as const;
    expect(pickRemote(settings(...all), asked)).toBe('origin');
    expect(pickRemote(settings(...all, base), asked)).toBe('a');
    expect(pickRemote(settings(...all, base, everywhere), asked)).toBe('b');
    expect(pickRemote(settings(...all, base, everywhere, own), asked)).toBe('c');
    expect(pickRemote(settings(...all, base, everywhere, own), { ...asked, named: 'd.e' })).toBe('d.e');
    expect(pickRemote(settings(url('only')), asked)).toBe('only');
  });

  test('is never this repository itself, and never one that is not there', () => {
    expect(pickRemote(settings(url('origin'), ['branch.main.remote', '.']), asked)).toBe('origin');
    expect(() => pickRemote(settings(url('origin'), ['branch.main.remote', '/elsewhere']), asked)).toThrow(
      'no remote here',
    );
    expect(() => pickRemote(settings(url('a'), url('b')), asked)).toThrow('the remotes are a, b');
    expect(() => pickRemote(settings(), asked)).toThrow('no remote');
  });
});

test.each([
  ['+refs/heads/*:refs/remotes/origin/*', 'refs/remotes/origin/wt/a'],
  ['refs/heads/wt/*:refs/remotes/up/*', 'refs/remotes/up/a'],
  ['refs/heads/wt/a:refs/remotes/origin/mine', 'refs/remotes/origin/mine'],
  ['+refs/heads/main:refs/remotes/origin/main', undefined],
  ['^refs/heads/wt/*', undefined],
  ['refs/heads/wt/a', undefined],
])('by %s a remote’s branch is kept track of where a fetch would put it', (spec, ref) => {
  expect(trackingRefOf(settings(['remote.origin.fetch', spec]), 'origin', 'refs/heads/wt/a')).toBe(ref);
});

describe('ssh', () => {
  const commandOf = (env: Record<string, string>, own?: string): unknown =>
    networkOptions(env, settings(...(own === undefined ? [] : [['core.sshcommand', own] as const]))).env?.[
      'GIT_SSH_COMMAND'
    ];

  test('never asks, and keeps what a person has set', () => {
    expect(commandOf({})).toMatch(/^ssh -o BatchMode=yes/);
    expect(commandOf({}, 'ssh -i ~/.ssh/work')).toMatch(/^ssh -i ~\/.ssh\/work -o BatchMode=yes/);
    expect(commandOf({ GIT_SSH_COMMAND: '/usr/bin/ssh -v' }, 'ssh -i x')).toMatch(
      /^\/usr\/bin\/ssh -v -o BatchMode=yes/,
    );
  });

  test('that is another program is left as it is', () => {
    expect(commandOf({ GIT_SSH: '/opt/plink' })).toBe(undefined);
    expect(commandOf({}, 'plink -batch')).toBe(undefined);
  });
});
