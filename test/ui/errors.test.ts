import { describe, expect, test } from 'vitest';
import { WtError, type CatalogCode, type ErrorCatalog, type Reason } from '#src/core/errors.ts';
import { explain } from '#src/ui/errors.ts';
import { reasonLine } from '#src/ui/refusals.ts';

const samples: { readonly [C in CatalogCode]: ErrorCatalog[C] } = {
  'usage.invalid': { option: '--base <ref>', reason: 'it looks like a flag' },
  'id.invalid': { id: 'a b', reason: 'no spaces', proposal: 'a-b' },
  'repo.not-found': { cwd: '/x', reason: 'outside' },
  'repo.no-commits': { root: '/x' },
  'git.too-old': { found: '2.30.0', needed: '2.38.0' },
  'git.failed': { args: ['git', 'status'], exitCode: 128, stderr: 'fatal: no' },
  'git.timeout': { args: ['git', 'status'], seconds: 60 },
  'session.not-found': { id: 'a', near: ['b'], trash: null },
  'session.exists': { id: 'a', path: '/x', branch: 'wt/a' },
  'branch.exists': { id: 'a', branch: 'wt/a', holder: null, blocks: null },
  'branch.checked-out': { branch: 'wt/a', path: '/x', holder: null },
  'branch.invalid': { branch: '-x', reason: 'it starts with "-"' },
  'path.exists': { path: '/x', what: 'a folder', adoptable: false },
  'base.not-found': { base: 'mian', near: ['main'] },
  'session.refused': { id: 'a', verb: 'remove', reasons: [{ code: 'session.locked', reason: 'portable disk' }] },
  'merge.conflict': {
    id: 'a',
    into: 'main',
    files: [{ path: 'x', target: 'abc fix', session: null }],
    tasks: ['a: t'],
    verb: 'merge',
  },
  'target.dirty': { target: 'main', path: '/x', paths: ['x'], operation: null },
  'target.moved': { target: 'main', reason: 'raced', id: 'a' },
  'approval.required': { id: 'a', reason: 'stale', commit: 'a'.repeat(40) },
  'gate.failed': { id: 'a', into: 'main', command: 'npm test', exitCode: 1, tree: 'b', log: '/x/log', output: ['no'] },
  'config.untrusted': { path: '/x/wt.config.jsonc', commands: ['merge.gate: npm test'] },
  'setup.failed': {
    id: 'a',
    path: '/r/.worktrees/a',
    step: 'npm ci',
    exitCode: 1,
    timedOut: false,
    reason: 'exit 1',
    log: '/r/.git/wt/logs/setup/x.log',
    output: ['no network'],
  },
  'hook.failed': { hook: 'pre-commit', output: 'no', id: 'a' },
  'io.failed': { path: '/x', syscall: 'open', errno: 'EACCES', message: 'EACCES: permission denied' },
  'io.disk-full': { path: null },
  'path.unsafe': { path: '/x', reason: 'it is a symbolic link' },
  'confirm.required': { question: 'Land a?', argv: ['wt', 'merge', 'a', '--yes'] },
  'config.invalid': { path: '/home/me/.config/wt/config.jsonc', line: 3, column: 5, reason: 'unknown key "tash"' },
  'registry.damaged': { path: '/x', reason: 'it is a symbolic link' },
  'registry.busy': { holder: 'process 1 (wt merge)', waitedMs: 60_000 },
  'registry.too-new': { path: '/x', found: 2, known: 1 },
  'limit.reached': {
    limit: 'limits.sessions',
    allowed: 4,
    found: 4,
    origin: '/home/ada/shop/wt.config.jsonc',
    cleanable: { ids: ['search'], bytes: 312_000_000 },
  },
  'disk.low': {
    limit: 'limits.minFreeDisk',
    path: '/home/ada/shop',
    free: 1_200_000_000,
    needed: 340_000_000,
    keep: 1_000_000_000,
    origin: 'the default',
    cleanable: { ids: [], bytes: 0 },
  },
  'lock.busy': {
    name: 'staging',
    max: 1,
    holders: [
      { pid: 4711, host: 'desk', command: 'npm run e2e', session: 'search', since: '2026-01-02T03:04:05.000Z' },
    ],
    waiting: 1,
    waitedMs: 300_000,
  },
  'lock.held': { name: 'staging' },
  'agent.running': {
    id: 'fix-login',
    agent: 'claude',
    pid: 4711,
    since: '2026-01-01T00:00:00.000Z',
    how: 'background',
  },
  'agent.failed': {
    id: 'fix-login',
    agent: 'codex',
    exitCode: 2,
    signal: null,
    log: '/repo/.git/wt/logs/agents/fix-login.log',
    output: ['error: not signed in'],
  },
  'agent.elsewhere': { id: 'fix-login', agent: 'claude', pid: 4711, host: 'box' },
  'agent.not-running': { id: 'fix-login', agent: 'claude', verb: 'send' },
  'agent.not-ready': {
    id: 'fix-login',
    agent: 'claude',
    state: 'waiting',
    reason: 'permission',
    source: 'claude hook',
  },
  'agent.unknown': { agent: 'cluade', known: ['claude', 'codex'], near: ['claude'] },
  'agent.not-resumable': { id: 'fix-login', agent: 'aider', reason: 'no agent was started there yet' },
  'wait.failed': {
    ids: ['fix-login'],
    wanted: ['done'],
    waitedMs: 600_000,
    isOver: false,
    states: ['fix-login is working'],
  },
  'program.missing': { program: 'tmux', why: 'wt run --tmux works in it' },
  'hooks.refused': { agent: 'claude', path: '.claude/settings.local.json', reason: 'git tracks it' },
  interrupted: { signal: 'SIGINT' },
  internal: { message: 'it went wrong' },
};

describe('the words of a failure', () => {
  test.each(Object.keys(samples) as CatalogCode[])('of %s say what happened, on one line', (code) => {
    const { message, lines = [], fix = [] } = explain(new WtError(code, samples[code]));
    expect(message).toMatch(/^\S.*\S$/);
    expect(`${message} ${lines.join(' ')} ${fix.join(' ')}`).not.toMatch(/undefined|null|\[object|NaN/);
    expect(fix.every((word) => word !== '')).toBe(true);
  });

  test('name the holder of the lock and the path in the way', () => {
    expect(explain(new WtError('registry.busy', samples['registry.busy'])).message).toContain('process 1 (wt merge)');
    expect(explain(new WtError('path.exists', samples['path.exists'])).message).toBe('/x is taken by a folder');
  });

  test('list at most ten paths and count the others', () => {
    const paths = Array.from({ length: 25 }, (_, i) => `f${i}`);
    const { lines } = explain(new WtError('target.dirty', { target: 'main', path: '/x', paths, operation: null }));
    expect(lines).toHaveLength(11);
    expect(lines?.at(-1)).toBe('and 15 more');
  });
});

describe('the way out of a refusal', () => {
  const fixOf = (verb: 'remove' | 'merge' | 'commit', reasons: readonly Reason[]): readonly string[] | undefined =>
    explain(new WtError('session.refused', { id: 'a', verb, reasons })).fix;
  const dirty: Reason = { code: 'session.dirty', staged: 1, modified: 0, untracked: 0, hidden: 0, paths: ['x'] };
  const unmerged: Reason = { code: 'session.unmerged', commits: 1, base: 'main', subjects: [] };

  test('keeps the work that stands in the way: it is committed, then landed', () => {
    expect(fixOf('remove', [dirty, unmerged])).toEqual(['wt', 'commit', 'a']);
    expect(fixOf('remove', [unmerged])).toEqual(['wt', 'merge', 'a']);
    expect(fixOf('merge', [dirty])).toEqual(['wt', 'commit', 'a']);
  });

  test('is to look when more than work stands in the way', () => {
    expect(fixOf('remove', [dirty, { code: 'session.live', processes: ['vim (1)'] }])).toEqual(['wt', 'show', 'a']);
    expect(fixOf('remove', [{ code: 'path.mounted', path: '/x', mount: '/x/m' }])).toEqual(['wt', 'show', 'a']);
  });

  test('never forces', () => {
    const reasons: readonly Reason[] = [dirty, unmerged, { code: 'session.locked', reason: '' }];
    for (const verb of ['remove', 'merge', 'commit'] as const)
      for (const reason of reasons) expect(fixOf(verb, [reason])).not.toContain('--force');
  });

  test('leads out of the session first', () => {
    expect(fixOf('remove', [dirty, { code: 'session.inside', path: '/x/a', root: '/x' }])).toEqual(['cd', '/x']);
  });
});

test('uncommitted work is counted by kind, with a few names', () => {
  const paths = ['a', 'b', 'c', 'd', 'e'];
  expect(reasonLine({ code: 'session.dirty', staged: 1, modified: 0, untracked: 3, hidden: 1, paths })).toBe(
    'uncommitted work: 1 staged, 3 untracked, 1 hidden from git status (a, b, c and 2 more)',
  );
  expect(reasonLine({ code: 'session.unmerged', commits: 1, base: null, subjects: ['abc x'] })).toBe(
    '1 commit not in any other branch: abc x',
  );
});
