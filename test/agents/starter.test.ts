import { describe, expect, test } from 'vitest';
import { findStarter, isNestedBelow } from '#src/agents/starter.ts';
import type { Owner } from '#src/platform/identity.ts';
import type { Parent } from '#src/platform/parents.ts';

const parent = (pid: number, line: string): Parent => {
  const words = line.split(' ');
  return { pid, name: (words[0] ?? '').split('/').at(-1) ?? '', words };
};
const owner = (pid: number): Owner => ({
  pid,
  start: '1',
  boot: 'b',
  pidns: 'p',
  host: 'h',
  nonce: '',
  fifo: null,
  command: 'x',
});
const nobody = (): boolean => false;

describe('the agent that has called a hook', () => {
  const find = (lines: readonly string[], ...names: string[]): number | undefined =>
    findStarter(
      lines.map((line, i) => parent(100 + i, line)),
      names,
      ({ words }) => words.includes('/opt/wt/bin/wt.js'),
    )?.pid;

  test('is the nearest process of its name', () => {
    expect(find(['/bin/sh -c x', '/usr/local/bin/claude --resume', '-zsh', 'tmux: server'], 'claude')).toBe(101);
    expect(find(['node /usr/lib/node_modules/@anthropic-ai/claude-code/cli.js', 'bash'], 'claude')).toBe(100);
    expect(find(['sh -c x', '/opt/codex/bin/codex', 'node /usr/bin/codex', 'bash'], 'codex')).toBe(101);
    expect(find(['helper', 'python3 /usr/bin/aider', 'bash'], 'aider')).toBe(101);
  });

  test('is the nearest that is no shell, when none has its name', () => {
    expect(find(['/bin/dash -c x', 'timeout 5 x', 'my-program --fast', 'bash'], 'mine')).toBe(102);
  });

  test('is nobody when a person has typed it', () => {
    for (const host of ['tmux: server', 'sshd: tess@pts/0', 'login -p', '/usr/lib/systemd/systemd --user'])
      expect([host, find(['-bash', host], 'claude')]).toEqual([host, undefined]);
    expect(find(['bash'], 'claude')).toBeUndefined();
    expect(find([], 'claude')).toBeUndefined();
  });

  test('is never wt itself, which has its name among its words', () => {
    expect(find(['sh -c x', 'node /opt/wt/bin/wt.js run a claude', 'tmux: server'], 'claude')).toBeUndefined();
  });

  test('is no program whose name only begins like it', () => {
    expect(findStarter([parent(9, 'claudette x'), parent(8, 'claude')], ['claude'], nobody)?.pid).toBe(8);
  });
});

describe('an agent that another has started', () => {
  const isNested = (...lines: string[]): boolean =>
    isNestedBelow(
      lines.map((line, i) => parent(100 + i, line)),
      owner(100 + lines.length - 1),
    );

  test('is told by the shell between the two', () => {
    expect(isNested('sh -c hook', 'claude -p x', 'bash -c claude', 'claude')).toBe(true);
    expect(isNested('claude -p x', 'bash -c claude', 'claude')).toBe(true);
  });

  test('is not seen where there is none', () => {
    expect(isNested('claude')).toBe(false);
    expect(isNested('sh -c hook', 'claude')).toBe(false);
    expect(isNested('sh -c hook', 'timeout 5 sh', '/opt/codex/codex', 'node /usr/bin/codex')).toBe(false);
    expect(isNestedBelow([parent(1, 'claude'), parent(2, 'bash')], owner(77))).toBe(false);
  });
});
