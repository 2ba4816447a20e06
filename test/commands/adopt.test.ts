import { mkdir, symlink } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { failure, picture } from '../support/listing.ts';
import { makeBench, type Bench } from '../support/wt.ts';

interface Adopted {
  readonly adopted: boolean;
  readonly session: {
    id: string;
    branch: string;
    path: string;
    base: { branch: string | null; commit: string };
    agent: string | null;
    task: string | null;
  };
}

/** A worktree beside the repository, one commit ahead of main, with uncommitted work. */
async function makeForeign(): Promise<Bench & { place: string }> {
  const bench = await makeBench();
  const place = `${bench.room.dir}/foreign`;
  await bench.git('worktree', 'add', '-q', '-b', 'topic/mine', place);
  await bench.room.git(place, 'commit', '-q', '--allow-empty', '-m', 'mine');
  await bench.git('commit', '-q', '--allow-empty', '-m', 'main goes on');
  await bench.room.write(place, { new: 'x\n' });
  return { ...bench, place };
}

test('makes a worktree a session where it stands; its base is where it left main', async () => {
  const bench = await makeForeign();
  const fork = await bench.git('rev-parse', 'main~1');
  const { adopted, session } = await bench.data<Adopted>('adopt', '../foreign', '--task', 'T', '--agent', 'codex');
  expect(adopted).toBe(true);
  expect(session).toEqual({
    createdAt: expect.any(String),
    id: 'topic-mine',
    branch: 'topic/mine',
    path: bench.place,
    base: { branch: 'main', commit: fork },
    agent: 'codex',
    task: 'T',
  });
  expect(await bench.room.git(bench.place, 'status', '--porcelain')).toBe('?? new');
  expect(await bench.data('list')).toMatchObject({
    sessions: [{ id: 'topic-mine', status: 'dirty', ahead: 1, behind: 1, tree: 'ok' }],
    unmanaged: [],
  });
  expect((await bench.wt('path', 'topic-mine')).raw).toBe(`${bench.place}\n`);
});

test('--as gives the id and --base the base', async () => {
  const bench = await makeForeign();
  await bench.git('branch', 'dev', 'main~1');
  expect((await bench.data<Adopted>('adopt', bench.place, '--as', 'hot', '--base', 'dev')).session).toMatchObject({
    id: 'hot',
    base: { branch: 'dev' },
  });
});

test('adopting twice changes nothing the second time', async () => {
  const bench = await makeForeign();
  await bench.wt('adopt', bench.place);
  const before = await picture(bench);
  expect(await bench.data<Adopted>('adopt', bench.place)).toMatchObject({
    adopted: false,
    session: { id: 'topic-mine' },
  });
  expect(await picture(bench)).toEqual(before);
});

test('its branch stays when the session is removed', async () => {
  const bench = await makeForeign();
  await bench.wt('adopt', bench.place);
  const tip = await bench.git('rev-parse', 'topic/mine');
  expect((await bench.wt('remove', 'topic-mine', '--force')).code).toBe(0);
  expect(await bench.git('rev-parse', 'topic/mine')).toBe(tip);
});

test('from inside itself a worktree is adopted as "."', async () => {
  const bench = await makeForeign();
  expect((await bench.data<Adopted>('adopt', '.', { cwd: bench.place })).session.base.branch).toBe('main');
});

const REFUSED: readonly (readonly [
  string,
  string,
  (bench: Bench & { place: string }) => Promise<readonly string[]>,
])[] = [
  ['the main worktree', 'path.unsafe', ({ root }) => Promise.resolve([root])],
  ['another repository', 'path.unsafe', ({ room }) => room.repo('other').then((other) => [other])],
  ['a plain folder', 'path.unsafe', ({ room }) => mkdir(`${room.dir}/plain`).then(() => [`${room.dir}/plain`])],
  ['a folder that is not there', 'path.unsafe', ({ room }) => Promise.resolve([`${room.dir}/nowhere`])],
  ['a subfolder of the worktree', 'path.unsafe', ({ place }) => mkdir(`${place}/sub`).then(() => [`${place}/sub`])],
  [
    'a worktree on no branch',
    'branch.invalid',
    ({ room, place }) => room.git(place, 'switch', '-q', '--detach').then(() => [place]),
  ],
  ['an id that is taken', 'session.exists', ({ wt, place }) => wt('create', 'hot').then(() => [place, '--as', 'HOT'])],
  ['an id that is none', 'id.invalid', ({ place }) => Promise.resolve([place, '--as', '../x'])],
  ['a base that is not there', 'base.not-found', ({ place }) => Promise.resolve([place, '--base', 'nowhere'])],
];

test.each(REFUSED)('%s is refused and nothing is written', async (_, code, prepare) => {
  const bench = await makeForeign();
  await bench.wt('create', 'other-session');
  const argv = await prepare(bench);
  const before = await picture(bench);
  expect(await failure(bench, 'adopt', ...argv)).toMatchObject({ code, changed: false });
  expect(await picture(bench)).toEqual(before);
});

test('a path that leads to the worktree through a symbolic link is the worktree', async () => {
  const bench = await makeForeign();
  await symlink(bench.place, `${bench.room.dir}/link`);
  expect((await bench.data<Adopted>('adopt', '../link')).session.path).toBe(bench.place);
});
