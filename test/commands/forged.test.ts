import { mkdir, readdir, readFile } from 'node:fs/promises';
import { execa } from 'execa';
import { expect, test } from 'vitest';
import { parseCommits } from '#src/git/commit.ts';
import { mergeTree } from '#src/git/merge-tree.ts';
import { parseRefs } from '#src/git/ref.ts';
import { replaceFile } from '#src/platform/files.ts';
import { safe } from '#src/ui/text.ts';
import { gitOf } from '../support/deps.ts';
import { makeRoom } from '../support/room.ts';
import { makeBench } from '../support/wt.ts';

test('parsers take a date that no calendar has', () => {
  expect(() => parseCommits('a\0b\0c\0d\0e\0x\0')).not.toThrow();
  expect(() => parseRefs('a\0b\0c\0d\0e\0f\u000099999999999999\0\0\0\0')).not.toThrow();
});

test('one commit with a forged date does not blank the list', async () => {
  const { wt, at, room, root } = await makeBench();
  await wt('create', 'a');
  await wt('create', 'b');
  const tree = await room.git(root, 'rev-parse', 'HEAD^{tree}');
  const parent = await room.git(root, 'rev-parse', 'HEAD');
  const who = 'Tess Ter <tess@example.org> 99999999999999 +0000';
  const input = `tree ${tree}\nparent ${parent}\nauthor ${who}\ncommitter ${who}\n\nforged\n`;
  const args = ['hash-object', '-t', 'commit', '-w', '--stdin', '--literally'];
  const { stdout } = await execa('git', args, {
    cwd: root,
    input,
    env: room.env as Record<string, string>,
    extendEnv: false,
  });
  await room.git(at('a'), 'reset', '-q', '--hard', stdout.trim());
  const { code, stdout: listed } = await wt('list', '--all');
  expect(code).toBe(0);
  expect(listed.split('\n').map((line) => line.split('\t')[0])).toEqual(expect.arrayContaining(['a', 'b']));
  expect((await wt('show', 'a')).code).toBe(0);
});

test('the Arabic letter mark never comes out raw', () => {
  expect(safe('a\u061cb')).toBe('a\\u061cb');
});

test('a merge with what is no commit is a failure, not a conflict', async () => {
  const room = await makeRoom();
  const root = await room.repo();
  await expect(mergeTree(gitOf(room, root), 'main', 'nope')).rejects.toMatchObject({ kind: 'git.failed' });
});

test('a file that cannot be replaced leaves no temporary one', async () => {
  const { dir } = await makeRoom();
  await mkdir(`${dir}/d/full`, { recursive: true });
  await expect(replaceFile(`${dir}/d/full`, 'x')).rejects.toThrow('EISDIR');
  expect(await readdir(`${dir}/d`)).toEqual(['full']);
});

test('a task that begins with "#" is a commit message like any other', async () => {
  const { wt, at, room } = await makeBench();
  await wt('create', 'a', '--task', '#42 fix the login');
  await room.write(at('a'), { x: '1\n' });
  expect((await wt('commit', 'a')).code).toBe(0);
  expect(await room.git(at('a'), 'log', '-1', '--format=%s')).toBe('#42 fix the login');
});

test('the end of a merge in a session keeps the message git has for it', async () => {
  const { wt, at, room, work, write, git } = await makeBench({ f: '1\n' });
  await wt('create', 'a', '--task', 'Fix f');
  await work('a', { f: '2\n' });
  await write({ f: '3\n' });
  await git('commit', '-qam', 'other');
  await wt('exec', 'a', '--', 'git', 'merge', 'main');
  await room.write(at('a'), { f: '4\n' });
  await room.git(at('a'), 'add', 'f');
  expect((await wt('commit', 'a')).code).toBe(0);
  expect(await room.git(at('a'), 'log', '-1', '--format=%s')).toBe("Merge branch 'main' into wt/a");
  expect(await readFile(`${at('a')}/f`, 'utf8')).toBe('4\n');
});

test("a commit aside of all branches that a session was cut at is nobody's own work", async () => {
  const { wt, git, at, room, work, data } = await makeBench();
  await git('commit', '-q', '--allow-empty', '-m', 'B');
  await git('commit', '-q', '--allow-empty', '-m', 'C');
  await wt('create', 'a');
  await room.git(at('a'), 'reset', '-q', '--hard', 'HEAD~1');
  await work('a', { own: 'x\n' });
  await git('reset', '-q', '--hard', 'HEAD~2');
  const { sessions } = await data<{ sessions: { ahead: number }[] }>('list');
  expect(sessions.map(({ ahead }) => ahead)).toEqual([1]);
});

test('a conflict names the tasks of sessions that changed the same files, and of no others', async () => {
  const { wt, work } = await makeBench({ f: '1\n', g: '1\n' });
  for (const id of ['same', 'other', 'late']) await wt('create', id, '--task', `Task ${id}`);
  await work('same', { f: '2\n' });
  await work('other', { g: '2\n' });
  await work('late', { f: '3\n' });
  await wt('merge', 'same', '--yes');
  await wt('merge', 'other', '--yes');
  const { raw } = await wt('merge', 'late', '--yes', '--json');
  expect(JSON.parse(raw).error.details.tasks).toEqual(['late: Task late', 'same: Task same']);
});

test('an unknown id that lies in the trash is said to', async () => {
  const { wt } = await makeBench();
  await wt('create', 'a');
  await wt('remove', 'a');
  const { code, stderr } = await wt('show', 'a');
  expect(code).toBe(3);
  expect(stderr).toContain('one of that id lies in the trash: $ROOM/app/.git/wt/trash/<op>');
});
