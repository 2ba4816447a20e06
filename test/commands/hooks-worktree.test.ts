import { readFile, symlink } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { refs } from '../support/listing.ts';
import { makeBench, type Bench, type Result } from '../support/wt.ts';

const CLAUDE = '.claude/settings.local.json';

/** What Claude Code hands over, as 2.1.197 does. */
const base = { session_id: 'feea336f-84f5-43f3-8f46-f0c1ebde4838', transcript_path: '/nowhere/x.jsonl' };

function call(bench: Bench, payload: object): Promise<Result> {
  return bench.wt('hooks', 'worktree', { stdin: JSON.stringify({ ...base, cwd: bench.root, ...payload }) });
}
const create = (bench: Bench, name: string): Promise<Result> =>
  call(bench, { hook_event_name: 'WorktreeCreate', name });
const remove = (bench: Bench, place: string): Promise<Result> =>
  call(bench, { hook_event_name: 'WorktreeRemove', worktree_path: place });
const ids = async (bench: Bench): Promise<readonly string[]> =>
  (await bench.data<{ sessions: { id: string }[] }>('list')).sessions.map(({ id }) => id);

describe('a worktree that Claude Code asks for', () => {
  test('is a session, and its folder is all that is said', async () => {
    const bench = await makeBench();
    const { code, raw } = await create(bench, 'fix-login');
    expect(code).toBe(0);
    expect(raw).toBe(`${bench.at('fix-login')}\n`);
    const { session } = await bench.data<{ session: { agent: string } }>('show', 'fix-login');
    expect(session.agent).toBe('claude');
    expect(await readFile(path.join(bench.at('fix-login'), CLAUDE), 'utf8')).toContain('wt-hook');
    expect(await bench.room.git(bench.at('fix-login'), 'status', '--porcelain')).toBe('');
  });

  test('gets an id that is valid when its name is none', async () => {
    const bench = await makeBench();
    expect((await create(bench, 'feat/Über uns #7')).raw.trim()).toBe(bench.at('feat-Uber-uns-7'));
    expect((await create(bench, '../../escape')).raw.trim()).toBe(bench.at('escape'));
    expect(await ids(bench)).toHaveLength(2);
  });

  test('goes by the older key of its name too', async () => {
    const bench = await makeBench();
    const { raw } = await call(bench, { hook_event_name: 'WorktreeCreate', worktree_name: 'x' });
    expect(raw.trim()).toBe(bench.at('x'));
  });

  test('that is there already, and nobody’s, is taken again as it is', async () => {
    const bench = await makeBench();
    await create(bench, 'x');
    await bench.work('x', { 'a.txt': 'kept\n' });
    const { code, raw } = await create(bench, 'x');
    expect(code).toBe(0);
    expect(raw.trim()).toBe(bench.at('x'));
    expect(await readFile(path.join(bench.at('x'), 'a.txt'), 'utf8')).toBe('kept\n');
  });

  test('starts where the agent is, in a session too', async () => {
    const bench = await makeBench();
    await bench.data('create', 'a');
    await bench.work('a', { 'a.txt': 'a\n' });
    const payload = { hook_event_name: 'WorktreeCreate', name: 'helper', cwd: bench.at('a') };
    expect((await call(bench, payload)).code).toBe(0);
    expect(await ids(bench)).toEqual(expect.arrayContaining(['a', 'helper']));
  });

  test.for([
    ['a name is missing', { hook_event_name: 'WorktreeCreate' }],
    ['nothing of the name can be kept', { hook_event_name: 'WorktreeCreate', name: '///' }],
    ['it is another hook', { hook_event_name: 'Stop', name: 'x' }],
    ['it is no repository', { hook_event_name: 'WorktreeCreate', name: 'x', cwd: '/' }],
    ['the path to be removed is missing', { hook_event_name: 'WorktreeRemove', name: 'x' }],
  ] as const)('is refused aloud when %s', async ([, payload]) => {
    const bench = await makeBench();
    const before = await refs(bench);
    const { code, raw, stderr } = await call(bench, payload);
    expect(code).toBeGreaterThan(1);
    expect(raw).toBe('');
    expect(stderr).not.toBe('');
    expect(await refs(bench)).toBe(before);
  });

  test.for(['', '{', 'null', '[]', '"x"', '{"hook_event_name":7}'])('is refused for the input %j', async (stdin) => {
    const bench = await makeBench();
    const { code, raw } = await bench.wt('hooks', 'worktree', { stdin });
    expect({ code, raw }).toEqual({ code: 2, raw: '' });
  });

  test('is made without commands that nobody has approved, and says so', async () => {
    const bench = await makeBench({ 'wt.config.jsonc': '{"setup": {"run": ["touch made"]}}' });
    const { code, raw, stderr } = await create(bench, 'x');
    expect(code).toBe(0);
    expect(raw.trim()).toBe(bench.at('x'));
    expect(stderr).toContain('the set-up of x was left out');
    await expect(readFile(path.join(bench.at('x'), 'made'))).rejects.toThrow('ENOENT');
  });

  test('is made ready by commands that were approved, and what they say is not taken for its folder', async () => {
    const bench = await makeBench({ 'wt.config.jsonc': '{"setup": {"run": ["touch made; echo /wrong/place"]}}' });
    await bench.data('trust', '--yes');
    const { code, raw } = await create(bench, 'x');
    expect(code).toBe(0);
    expect(raw).toBe(`${bench.at('x')}\n`);
    expect(await readFile(path.join(bench.at('x'), 'made'), 'utf8')).toBe('');
  });

  test('is made all the same when its settings cannot be written', async () => {
    const bench = await makeBench({ [CLAUDE]: '{}\n' });
    const { code, stderr } = await create(bench, 'x');
    expect(code).toBe(0);
    expect(stderr).toContain('git tracks it');
  });
});

describe('a worktree that Claude Code takes away', () => {
  test('goes into the trash when nothing would be lost', async () => {
    const bench = await makeBench();
    await create(bench, 'x');
    expect(await remove(bench, bench.at('x'))).toMatchObject({ code: 0, raw: '' });
    expect(await ids(bench)).toEqual([]);
    expect((await bench.wt('restore', 'x')).code).toBe(0);
  });

  test.for([
    ['uncommitted work', ({ room, at }: Bench) => room.write(at('x'), { 'new.txt': 'mine\n' }), 'session.dirty'],
    ['commits that have not landed', ({ work }: Bench) => work('x', { 'new.txt': 'mine\n' }), 'session.unmerged'],
  ] as const)('stays when it has %s, and an event says so', async ([, put, reason]) => {
    const bench = await makeBench();
    await create(bench, 'x');
    await put(bench);
    const { code, stderr } = await remove(bench, bench.at('x'));
    expect(code).toBe(0);
    expect(stderr).toContain(`session x stays: ${reason}`);
    expect(await readFile(path.join(bench.at('x'), 'new.txt'), 'utf8')).toBe('mine\n');
    const { events } = await bench.data<{ events: object[] }>('events');
    expect(events.at(-1)).toMatchObject({
      event: 'session.remove.failed',
      session: 'x',
      by: 'claude',
      data: { reasons: [reason] },
    });
  });

  test('is left alone when it is no session', async () => {
    const bench = await makeBench();
    await bench.git('worktree', 'add', '-q', '-b', 'theirs', '.claude/worktrees/theirs');
    await create(bench, 'x');
    await symlink(bench.at('x'), path.join(bench.room.dir, 'link'));
    for (const place of ['.claude/worktrees/theirs', '.', '.worktrees/x/src', 'nowhere', '.worktrees'])
      expect((await remove(bench, path.join(bench.root, place))).stderr).toContain('is no session');
    expect(await ids(bench)).toEqual(['x']);
  });
});

describe('hooks that codex reads', () => {
  test('lie in the main worktree, and every session has the folder that makes it look', async () => {
    const bench = await makeBench();
    await bench.data('create', 'a');
    await bench.data('hooks', 'install', 'codex');
    await bench.data('create', 'b');
    const { stderr } = await bench.wt('hooks', 'status', 'codex', 'b');
    expect(stderr).toContain('b has no folder .codex');
    expect((await bench.wt('hooks', 'status', 'codex', 'a')).stderr).toBe('');
    await bench.data('hooks', 'install', 'codex', 'b');
    expect((await bench.wt('hooks', 'status', 'codex', 'b')).stderr).toBe('');
    expect((await bench.wt('list')).stdout).not.toContain('dirty');
  });
});
