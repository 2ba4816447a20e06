import { chmod, readFile, rm } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { photograph } from '../support/invariants.ts';
import { failure, leftovers } from '../support/listing.ts';
import { makeBench, type Bench } from '../support/wt.ts';

const CLI = (...commands: readonly string[]): string =>
  `import sys\n\n\ndef main(argv):\n${commands.map((one) => `    if argv == ["${one}"]: return print("${one}ed")\n`).join('')}    return 1\n`;

/** Two agents have added a command at the same line of cli.py; one has landed. */
async function makeConflict(): Promise<Bench> {
  const bench = await makeBench({ 'cli.py': CLI(), 'other.txt': 'one\n', 'kept.txt': 'x\n' });
  await bench.wt('create', 'list', '--task', 'Add the list command', '--agent', 'claude');
  await bench.wt('create', 'remove', '--task', 'Add the remove command\n\nWith care.', '--agent', 'codex');
  await bench.work('list', { 'cli.py': CLI('list'), 'other.txt': 'two\n' }, 'add list');
  await bench.work('remove', { 'cli.py': CLI('remove') }, 'add remove');
  await bench.wt('merge', 'list', '--yes');
  return bench;
}

const RESOLVED = { 'cli.py': CLI('list', 'remove') };
const read = (bench: Bench, name: string): Promise<string> => readFile(`${bench.at('remove')}/${name}`, 'utf8');
const statusOf = async (bench: Bench): Promise<string> => {
  const { session } = await bench.data<{ session: { status: string } }>('show', 'remove');
  return session.status;
};
const rowOf = async ({ root }: Bench): Promise<Record<string, unknown>> => {
  const { sessions } = JSON.parse(await readFile(`${root}/.worktrees/sessions.json`, 'utf8')) as {
    sessions: Record<string, Record<string, unknown>>;
  };
  return sessions['remove'] ?? {};
};

test('two agents on one line: foreseen, refused, resolved in the session, landed, and both commands work', async () => {
  const bench = await makeConflict();
  expect(await statusOf(bench)).toBe('conflict');
  expect((await bench.wt('merge', 'remove', '--yes')).code).toBe(6);
  const error = await failure(bench, 'sync', 'remove');
  expect(error).toMatchObject({ exit: 6, fix: ['wt', 'sync', 'remove', '--resolve'] });
  expect((await bench.wt(...(error.fix ?? []).slice(1))).code).toBe(0);
  const brief = await bench.wt('show', '--conflict-brief', { cwd: bench.at('remove') });
  expect(brief.stdout).toContain('Add the list command');
  await bench.room.write(bench.at('remove'), RESOLVED);
  expect((await bench.wt('sync', '--continue', { cwd: bench.at('remove') })).code).toBe(0);
  expect(await statusOf(bench)).toBe('ready');
  expect((await bench.wt('merge', 'remove', '--yes')).code).toBe(0);
  const text = await readFile(`${bench.root}/cli.py`, 'utf8');
  expect(text).toBe(CLI('list', 'remove'));
  expect(text).not.toMatch(/^[<=>]{7}/m);
});

test('--resolve lays the conflict out in the session and says what to do next', async () => {
  const bench = await makeConflict();
  const tip = await bench.git('rev-parse', 'wt/remove');
  const { code, stdout } = await bench.wt('sync', 'remove', '--resolve');
  expect(code).toBe(0);
  expect(stdout).toMatchInlineSnapshot(`
    "✓ The conflict of remove with main is laid out in 1 file of its worktree
      cli.py
        main: <short> Merge session list: Add the list command
        remove: <short> add remove
      tasks
        remove: Add the remove command
        list: Add the list command
      $ROOM/app/.worktrees/remove

      for its agent  wt show remove --conflict-brief
      once resolved  wt sync remove --continue
      to give up     wt sync remove --abort
    "
  `);
  expect(await read(bench, 'cli.py')).toContain('<<<<<<< refs/heads/wt/remove\n');
  expect(await read(bench, 'other.txt')).toBe('two\n');
  expect(await bench.room.git(bench.at('remove'), 'status', '--porcelain')).toBe('UU cli.py\nM  other.txt');
  expect(await bench.room.git(bench.at('remove'), 'rev-parse', 'HEAD', 'MERGE_HEAD')).toBe(
    `${tip}\n${await bench.git('rev-parse', 'main')}`,
  );
  expect(await statusOf(bench)).toBe('conflict');
  const { next } = await bench.data<{ next: string[] }>('show', 'remove');
  expect(next).toEqual(['wt', 'sync', 'remove', '--continue']);
  expect((await rowOf(bench))['resolving']).toMatchObject({ verb: 'sync', into: 'main', tip });
});

test('what is laid out is what git merge would have laid out, but for the names at the markers', async () => {
  const bench = await makeConflict();
  await bench.work('remove', { 'kept.txt': 'changed\n' }, 'change kept');
  await bench.git('rm', '-q', 'kept.txt');
  await bench.git('commit', '-qm', 'drop kept');
  await bench.git('worktree', 'add', '-q', '-b', 'plain', `${bench.room.dir}/plain`, 'wt/remove');
  const plain = `${bench.room.dir}/plain`;
  await bench.room.git(plain, 'merge', '-q', '--no-commit', '--no-ff', 'main').catch(() => {});
  await bench.wt('sync', 'remove', '--resolve');
  for (const words of [
    ['ls-files', '--stage'],
    ['status', '--porcelain=v2'],
    ['rev-parse', 'MERGE_HEAD'],
  ])
    expect([words, await bench.room.git(bench.at('remove'), ...words)]).toEqual([
      words,
      await bench.room.git(plain, ...words),
    ]);
  const unnamed = (text: string): string => text.replaceAll(/^([<>]{7}) .*/gm, '$1');
  expect(unnamed(await read(bench, 'cli.py'))).toBe(unnamed(await readFile(`${plain}/cli.py`, 'utf8')));
  expect(await read(bench, 'kept.txt')).toBe('changed\n');
});

test('where there is no conflict nothing is done, and that is said', async () => {
  const bench = await makeBench({ f: 'one\n', g: 'one\n' });
  await bench.wt('create', 'remove');
  expect((await bench.wt('sync', 'remove', '--resolve')).stdout).toBe(
    'remove has all of main already: there is no conflict.\n',
  );
  await bench.work('remove', { f: 'two\n' });
  await bench.write({ g: 'two\n' });
  await bench.git('commit', '-qam', 'g');
  const before = await photograph(bench);
  const { code, stdout } = await bench.wt('sync', 'remove', '--resolve');
  expect({ code, stdout }).toEqual({
    code: 0,
    stdout: 'remove does not conflict with main.\n  next  wt sync remove\n',
  });
  expect(await photograph(bench)).toEqual(before);
});

test('a dirty session is refused; one that is being resolved is not begun again', async () => {
  const bench = await makeConflict();
  await bench.room.write(bench.at('remove'), { draft: 'x\n' });
  expect(await failure(bench, 'sync', 'remove', '--resolve')).toMatchObject({ exit: 4, code: 'session.dirty' });
  await rm(`${bench.at('remove')}/draft`);
  await bench.wt('sync', 'remove', '--resolve');
  const before = await photograph(bench);
  for (const flags of [['--resolve'], ['--include-dirty'], []])
    expect(await failure(bench, 'sync', 'remove', ...flags)).toMatchObject({ exit: 4, code: 'session.operation' });
  expect(await photograph(bench)).toEqual(before);
});

test.for([
  ['all markers', undefined],
  ['a lone ">>>>>>>"', `${CLI('list')}>>>>>>> refs/heads/main\n`],
  ['a lone "======="', `${CLI('list')}=======\n`],
])('--continue refuses while %s are left, names the file and commits nothing', async ([, text]) => {
  const bench = await makeConflict();
  await bench.wt('sync', 'remove', '--resolve');
  if (text !== undefined) {
    await bench.room.write(bench.at('remove'), { 'cli.py': text });
    await bench.room.git(bench.at('remove'), 'add', '-A');
  }
  const before = await photograph(bench);
  const error = await failure(bench, 'sync', 'remove', '--continue');
  expect(error).toMatchObject({ exit: 6, code: 'merge.conflict', changed: false });
  expect(error.details).toMatchObject({ files: [{ path: 'cli.py' }], isLeft: true });
  expect(await photograph(bench)).toEqual(before);
});

test('markers that a file had before are not taken for a conflict', async () => {
  const page = (line: string): string => `Title\n=======\n\n<<<<<<< HEAD\n${line}\n=======\n>>>>>>> x\n`;
  const bench = await makeBench({ page: page('one') });
  await bench.wt('create', 'remove');
  await bench.work('remove', { page: page('in the session') });
  await bench.write({ page: page('in main') });
  await bench.git('commit', '-qam', 'page');
  await bench.wt('sync', 'remove', '--resolve');
  expect(await failure(bench, 'sync', 'remove', '--continue')).toMatchObject({ exit: 6 });
  await bench.room.write(bench.at('remove'), { page: page('on both sides') });
  expect((await bench.wt('sync', 'remove', '--continue')).code).toBe(0);
});

test('the marker size of an attribute counts', async () => {
  const bench = await makeBench({ f: 'one\n', '.gitattributes': 'f conflict-marker-size=12\n' });
  await bench.wt('create', 'remove');
  await bench.work('remove', { f: 'in the session\n' });
  await bench.write({ f: 'in main\n' });
  await bench.git('commit', '-qam', 'f');
  await bench.wt('sync', 'remove', '--resolve');
  expect(await read(bench, 'f')).toContain('<<<<<<<<<<<< ');
  expect(await failure(bench, 'sync', 'remove', '--continue')).toMatchObject({ exit: 6 });
});

test('a file that one side deleted is resolved by git add or git rm, not by silence', async () => {
  const bench = await makeBench({ f: 'one\n' });
  await bench.wt('create', 'remove');
  await bench.work('remove', { f: 'two\n' });
  await bench.git('rm', '-q', 'f');
  await bench.git('commit', '-qm', 'drop f');
  await bench.wt('sync', 'remove', '--resolve');
  expect(await failure(bench, 'sync', 'remove', '--continue')).toMatchObject({ exit: 6 });
  await bench.room.git(bench.at('remove'), 'rm', '-q', 'f');
  expect((await bench.wt('sync', 'remove', '--continue')).code).toBe(0);
  expect(await bench.git('ls-tree', '--name-only', 'wt/remove')).toBe('');
});

test('--continue commits with the hooks of the repository, and one that refuses leaves the merge open', async () => {
  const bench = await makeConflict();
  await bench.wt('sync', 'remove', '--resolve');
  await bench.room.write(bench.at('remove'), RESOLVED);
  const hook = `${bench.root}/.git/hooks/pre-commit`;
  await bench.room.write(bench.root, { '.git/hooks/pre-commit': '#!/bin/sh\necho no >&2\nexit 1\n' });
  await chmod(hook, 0o755);
  expect(await failure(bench, 'sync', 'remove', '--continue')).toMatchObject({ exit: 7, code: 'hook.failed' });
  expect(await statusOf(bench)).toBe('conflict');
  expect(await read(bench, 'cli.py')).toBe(RESOLVED['cli.py']);
  await rm(hook);
  expect((await bench.wt('sync', 'remove', '--continue')).code).toBe(0);
  expect(await bench.git('log', '-1', '--format=%s', 'wt/remove')).toBe("Merge branch 'main' into wt/remove");
  expect(await leftovers(bench.root)).toEqual([]);
});

test('--continue takes a merge that the agent has committed itself', async () => {
  const bench = await makeConflict();
  await bench.wt('sync', 'remove', '--resolve');
  await bench.room.write(bench.at('remove'), RESOLVED);
  await bench.room.git(bench.at('remove'), 'commit', '-qam', 'merged by the agent');
  const tip = await bench.git('rev-parse', 'wt/remove');
  const { code, stdout } = await bench.wt('sync', 'remove', '--continue');
  expect(code).toBe(0);
  expect(stdout).toContain('it had been committed there');
  expect(await bench.git('rev-parse', 'wt/remove')).toBe(tip);
  const row = await rowOf(bench);
  expect(row['resolving']).toBeUndefined();
  expect(row['base']).toEqual({ branch: 'main', commit: await bench.git('rev-parse', 'main') });
});

test('--continue refuses a merge that the agent has committed with markers in it', async () => {
  const bench = await makeConflict();
  await bench.wt('sync', 'remove', '--resolve');
  await bench.room.git(bench.at('remove'), 'commit', '-qam', 'markers and all');
  expect(await failure(bench, 'sync', 'remove', '--continue')).toMatchObject({ exit: 6, code: 'merge.conflict' });
});

test('--continue leaves what is no part of the merge uncommitted, and says so', async () => {
  const bench = await makeConflict();
  await bench.wt('sync', 'remove', '--resolve');
  await bench.room.write(bench.at('remove'), { ...RESOLVED, 'kept.txt': 'edited\n', draft: 'x\n' });
  const { code, stderr } = await bench.wt('sync', 'remove', '--continue');
  expect(code).toBe(0);
  expect(stderr).toContain('wt commit remove');
  expect(await bench.room.git(bench.at('remove'), 'status', '--porcelain')).toBe(' M kept.txt\n?? draft');
});

test('undo takes a resolved merge back to before it was begun', async () => {
  const bench = await makeConflict();
  const tip = await bench.git('rev-parse', 'wt/remove');
  const base = (await rowOf(bench))['base'];
  await bench.wt('sync', 'remove', '--resolve');
  await bench.room.write(bench.at('remove'), RESOLVED);
  await bench.wt('sync', 'remove', '--continue');
  const merge = await bench.git('rev-parse', 'wt/remove');
  expect((await bench.wt('undo')).code).toBe(0);
  expect(await bench.git('rev-parse', 'wt/remove')).toBe(tip);
  expect((await rowOf(bench))['base']).toEqual(base);
  expect(await bench.room.git(bench.at('remove'), 'status', '--porcelain')).toBe('');
  expect((await bench.wt('undo')).code).toBe(0);
  expect(await bench.git('rev-parse', 'wt/remove')).toBe(merge);
});

test.for(['sync remove --abort', 'undo'])('wt %s goes back exactly, and keeps what was edited', async (line) => {
  const bench = await makeConflict();
  const look = async (): Promise<unknown> => {
    const { refs, trees } = await photograph(bench);
    return { trees, refs: refs.split('\n').filter((ref) => !ref.includes('refs/wt/')) };
  };
  const before = await look();
  await bench.wt('sync', 'remove', '--resolve');
  await bench.room.write(bench.at('remove'), { ...RESOLVED, 'kept.txt': 'edited\n' });
  await bench.room.git(bench.at('remove'), 'add', 'cli.py');
  await bench.room.write(bench.at('remove'), { 'cli.py': 'edited after it was staged\n' });
  const { code } = await bench.wt(...line.split(' '));
  expect(code).toBe(0);
  expect(await look()).toEqual(before);
  expect((await rowOf(bench))['resolving']).toBeUndefined();
  await bench.git('gc', '-q', '--prune=now');
  const kept = await bench.git('for-each-ref', '--format=%(refname)', 'refs/wt/rewound/remove/');
  expect(await bench.git('show', `${kept}:cli.py`)).toBe('edited after it was staged');
  expect(await bench.git('show', `${kept}:kept.txt`)).toBe('edited');
  expect(await bench.git('show', `${kept}^2:cli.py`)).toBe(RESOLVED['cli.py'].trim());
  expect(await leftovers(bench.root)).toEqual([]);
});

test('--abort says how to get at what was resolved, and untracked files stay', async () => {
  const bench = await makeConflict();
  await bench.wt('sync', 'remove', '--resolve');
  await bench.room.write(bench.at('remove'), { ...RESOLVED, notes: 'mine\n' });
  const { stdout } = await bench.wt('sync', 'remove', '--abort');
  expect(stdout).toMatch(/what was edited \(cli\.py, notes\) is kept: git show refs\/wt\/rewound\/remove\//);
  expect(await read(bench, 'notes')).toBe('mine\n');
  expect(await bench.room.git(bench.at('remove'), 'status', '--porcelain')).toBe('?? notes');
});

test('--abort refuses once the agent has committed on top', async () => {
  const bench = await makeConflict();
  await bench.wt('sync', 'remove', '--resolve');
  await bench.room.write(bench.at('remove'), RESOLVED);
  await bench.room.git(bench.at('remove'), 'commit', '-qam', 'merged by the agent');
  const before = await photograph(bench);
  expect(await failure(bench, 'sync', 'remove', '--abort')).toMatchObject({ exit: 9, code: 'target.moved' });
  expect(await photograph(bench)).toEqual(before);
});

test('a merge that the agent has aborted is neither continued nor in the way', async () => {
  const bench = await makeConflict();
  await bench.wt('sync', 'remove', '--resolve');
  await bench.room.git(bench.at('remove'), 'merge', '--abort');
  const error = await failure(bench, 'sync', 'remove', '--continue');
  expect(error).toMatchObject({ exit: 2, fix: ['wt', 'sync', 'remove', '--resolve'] });
  expect((await bench.wt('sync', 'remove', '--abort')).stdout).toContain('has no merge open');
  expect((await rowOf(bench))['resolving']).toBeUndefined();
  expect((await bench.wt('sync', 'remove', '--resolve')).code).toBe(0);
});

test.for(['--continue', '--abort'])('%s without a conflict that was laid out is a usage error', async (flag) => {
  const bench = await makeConflict();
  expect(await failure(bench, 'sync', 'remove', flag)).toMatchObject({ exit: 2, code: 'usage.invalid' });
});

test('a registry that is lost does not forget that a conflict is being resolved', async () => {
  const bench = await makeConflict();
  await bench.wt('sync', 'remove', '--resolve');
  await rm(`${bench.root}/.worktrees/sessions.json`);
  await bench.room.write(bench.at('remove'), RESOLVED);
  expect((await bench.wt('sync', 'remove', '--continue')).code).toBe(0);
});

test('the brief is a whole prompt, before the conflict is laid out and after', async () => {
  const bench = await makeConflict();
  const { stdout } = await bench.wt('show', 'remove', '--conflict-brief');
  expect(stdout).toMatchInlineSnapshot(`
    "# Resolve the conflict of session remove with main

    Your branch wt/remove and main have changed the same lines in 1 file.
    Worktree: $ROOM/app/.worktrees/remove
    Nothing has been merged yet. Begin with: wt sync remove --resolve
    That puts conflict markers into the files below.

    ## What each side is for

    - remove (yours): Add the remove command

      With care.
    - list (landed on main): Add the list command

    ## Files

    - cli.py
      - remove: <short> add remove
      - main: <short> add list

    ## Rules

    - Keep what both sides intend. Never solve a conflict by taking one side and dropping the other.
    - Leave no conflict marker ("<<<<<<<", "=======", ">>>>>>>") in any file.
    - Where one side deleted or renamed a file, or it is binary: decide, and say so with git add or git rm.
    - Change nothing that the conflict does not ask for.
    - Run the tests, and make them pass.
    - Do not commit anywhere else, do not switch branches, do not rebase, and do not abort the merge.

    ## When it is done

    Run: wt sync remove --continue
    It refuses while a conflict is left, and names the file. It makes the merge commit in your branch; landing it is a person's decision.
    If you cannot keep both intents, stop and say why; change nothing more.
    "
  `);
  await bench.wt('sync', 'remove', '--resolve');
  const { conflictBrief } = await bench.data<{ conflictBrief: string }>('show', 'remove', '--conflict-brief');
  expect(conflictBrief).toContain('is open in your worktree');
  expect(conflictBrief).toContain('Run: wt sync remove --continue');
});

test('a session without a conflict has no brief', async () => {
  const bench = await makeBench();
  await bench.wt('create', 'a');
  expect((await bench.wt('show', 'a', '--conflict-brief')).stdout).toBe('a does not conflict with main.\n');
  expect(await bench.data('show', 'a', '--conflict-brief')).toMatchObject({ conflictBrief: null });
});

test('a conflict with another branch than the base is for wt merge, and leaves the base as it is', async () => {
  const bench = await makeConflict();
  await bench.git('branch', 'release', 'main');
  const base = (await rowOf(bench))['base'];
  const started = await bench.data('merge', 'remove', '--into', 'release', '--resolve');
  expect(started['resolving']).toEqual({ id: 'remove', into: 'release', state: 'started', paths: ['cli.py'] });
  const { stdout } = await bench.wt('show', 'remove', '--conflict-brief');
  expect(stdout).toContain('Run: wt sync remove --continue');
  await bench.room.write(bench.at('remove'), RESOLVED);
  const main = await bench.git('rev-parse', 'main');
  const ended = await bench.data('merge', 'remove', '--continue', '--yes');
  expect(ended).toMatchObject({ resolving: { into: 'release', state: 'continued' }, landed: [{ into: 'release' }] });
  expect((await rowOf(bench))['base']).toEqual(base);
  expect(await bench.git('rev-parse', 'main')).toBe(main);
});

test('what is laid out for wt merge can be given up', async () => {
  const bench = await makeConflict();
  const tip = await bench.git('rev-parse', 'wt/remove');
  await bench.wt('merge', 'remove', '--resolve');
  expect((await bench.data('merge', 'remove', '--abort'))['resolving']).toMatchObject({ into: 'main', paths: [] });
  expect(await bench.git('rev-parse', 'wt/remove')).toBe(tip);
  expect(await bench.room.git(bench.at('remove'), 'status', '--porcelain')).toBe('');
});

test('a gate that nobody has approved keeps no conflict from being laid out or given up, only from landing', async () => {
  const bench = await makeConflict();
  await bench.write({ 'wt.config.jsonc': '{ "merge": { "gate": "true" } }' });
  expect((await bench.wt('merge', 'remove', '--resolve')).code).toBe(0);
  await bench.room.write(bench.at('remove'), RESOLVED);
  expect(await failure(bench, 'merge', 'remove', '--continue', '--yes')).toMatchObject({ code: 'config.untrusted' });
  expect(await statusOf(bench)).toBe('conflict');
  expect((await bench.wt('merge', 'remove', '--abort')).code).toBe(0);
});
