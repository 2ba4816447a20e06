import { lstat, mkdir, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { parseRacy } from '#src/git/index-file.ts';
import type { Status } from '#src/git/status.ts';
import type { Deps } from '#src/platform/deps.ts';
import type { RunRequest } from '#src/platform/runner.ts';
import { readBook, type Session } from '#src/sessions/book.ts';
import { sweepScratch } from '#src/sessions/cache.ts';
import { openRepo } from '#src/sessions/open.ts';
import type { Repo } from '#src/sessions/repo.ts';
import { openShadows, shadowsFolder } from '#src/sessions/shadow.ts';
import { makeDeps } from '../support/deps.ts';
import { makeBench, type Bench } from '../support/wt.ts';

const COUNT = 60;
const FILES = Object.fromEntries(Array.from({ length: COUNT }, (_, i) => [`d${i % 7}/f${i}`, 'one\n']));
const SIX = [1, 2, 3, 4, 5, 6];
const CLEAN: Status = { staged: [], modified: [], untracked: [], conflicted: [], ignored: [] };

interface Place {
  readonly bench: Bench;
  readonly repo: Repo;
  readonly session: Session;
  /** The session's own index. */
  readonly index: string;
  /** git processes that worked on a copy. */
  readonly onCopies: RunRequest[];
  read: () => Promise<Status>;
  /** Names in the folder of copies. */
  copies: () => Promise<readonly string[]>;
}

async function sessionOf(repo: Repo, id: string): Promise<Session> {
  const session = (await readBook(repo)).sessions.get(id);
  if (session?.admin === undefined) throw new Error(`${id} is not there`);
  return session;
}

/** A session with an index as young as its files, looked at when nobody has written it for a while. */
async function makePlace(id = 'a', wrap?: (run: Deps['run']) => Deps['run']): Promise<Place> {
  const bench = await makeBench(FILES);
  await bench.wt('create', id);
  const place = await placeOf(bench, id, wrap);
  await makeYoung(place);
  await settled();
  return place;
}

async function placeOf(bench: Bench, id: string, wrap?: (run: Deps['run']) => Deps['run']): Promise<Place> {
  const deps = makeDeps(bench.room, bench.root);
  const onCopies: RunRequest[] = [];
  const run = wrap?.(deps.run) ?? deps.run;
  const counted: Deps['run'] = (request) => {
    if (request.env?.['GIT_INDEX_FILE'] !== undefined) onCopies.push(request);
    return run(request);
  };
  const repo = await openRepo({ ...deps, run: counted });
  const session = await sessionOf(repo, id);
  return {
    bench,
    repo,
    session,
    onCopies,
    index: path.join(session.admin?.directory ?? '', 'index'),
    read: async () => (await openShadows(repo)).read(session),
    copies: () => readdir(shadowsFolder(repo)).catch(() => []),
  };
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
/** Until an index that was written a moment ago is looked at. */
const settled = (): Promise<void> => sleep(70);
/** Until the next second of the file system's clock has begun. */
const nextSecond = (): Promise<void> => sleep(1010 - (Date.now() % 1000));

/** Writes all tracked files and the index anew within one second, so that no file is older than the index. */
async function makeYoung({ bench, session, index }: Pick<Place, 'bench' | 'session' | 'index'>): Promise<void> {
  for (let i = 0; i < 20; i++) {
    await nextSecond();
    await rm(index);
    await bench.room.write(session.path, FILES);
    await bench.room.git(session.path, 'reset', '-q');
    if ((await youngIn(index)) === COUNT) return;
  }
  throw new Error('this machine is too slow to write sixty files in a second');
}

async function youngIn(file: string): Promise<number | undefined> {
  const { mtimeMs } = await lstat(file);
  return parseRacy(await readFile(file), 20, Math.floor(mtimeMs / 1000))?.files;
}

const stateOf = async (file: string): Promise<string> => {
  const { ino, mtimeNs, ctimeNs } = await lstat(file, { bigint: true });
  return `${ino} ${mtimeNs} ${ctimeNs} ${(await readFile(file)).toString('base64')}`;
};

test('a copy of an index as young as its files is healed instead of it, and the session has no lock taken and nothing written', async () => {
  const place = await makePlace();
  const before = await stateOf(place.index);
  await nextSecond();
  expect(await place.read()).toEqual(CLEAN);
  const [copy = '', ...more] = await place.copies();
  expect(more).toEqual([]);
  expect(await youngIn(path.join(shadowsFolder(place.repo), copy))).toBe(0);
  expect(await stateOf(place.index)).toBe(before);
  const healed = await stateOf(path.join(shadowsFolder(place.repo), copy));
  await writeFile(`${place.index}.lock`, ''); // an agent's git is at work: it is not waited for
  expect(await place.read()).toEqual(CLEAN);
  expect(await stateOf(path.join(shadowsFolder(place.repo), copy))).toBe(healed);
  expect(place.onCopies).toHaveLength(2);
});

test('an edit of the same size in the second in which the index was written and read is seen', async () => {
  const place = await makePlace();
  const edited = path.join(place.session.path, 'd0/f0');
  let isSameSecond = false;
  for (let i = 0; i < 20 && !isSameSecond; i++) {
    await makeYoung(place);
    await settled();
    expect(await place.read()).toEqual(CLEAN);
    await writeFile(edited, 'two\n');
    const seconds = await Promise.all(
      [edited, place.index, path.join(place.session.path, 'd1/f1')].map(async (file) =>
        Math.floor((await lstat(file)).mtimeMs / 1000),
      ),
    );
    isSameSecond = new Set(seconds).size === 1 && (await place.copies()).some((name) => name.includes('.racy.'));
  }
  expect(isSameSecond).toBe(true);
  expect(await place.read()).toEqual({ ...CLEAN, modified: ['d0/f0'] });
  await nextSecond();
  expect(await place.read()).toEqual({ ...CLEAN, modified: ['d0/f0'] });
  expect(await place.read()).toEqual({ ...CLEAN, modified: ['d0/f0'] });
}, 60_000);

test('an edit between the look at a file and the writing of the copy is seen, though a second began meanwhile', async () => {
  let edit: ((copy: string) => Promise<void>) | undefined;
  const place = await makePlace('a', (run) => async (request) => {
    const result = await run(request);
    const copy = request.env?.['GIT_INDEX_FILE'];
    if (copy !== undefined) await edit?.(copy);
    return result;
  });
  const edited = path.join(place.session.path, 'd0/f0');
  let isSameSecond = false;
  for (let i = 0; i < 20 && !isSameSecond; i++) {
    await makeYoung(place);
    await settled();
    edit = async (copy) => {
      await writeFile(edited, 'two\n');
      const { mtimeMs } = await lstat(copy);
      await utimes(copy, Math.floor(mtimeMs / 1000) + 1.2, Math.floor(mtimeMs / 1000) + 1.2);
    };
    expect(await place.read()).toEqual(CLEAN);
    edit = undefined;
    const seconds = await Promise.all(
      [edited, place.index].map(async (file) => Math.floor((await lstat(file)).mtimeMs / 1000)),
    );
    isSameSecond = new Set(seconds).size === 1;
  }
  expect(isSameSecond).toBe(true);
  await nextSecond();
  expect(await place.read()).toEqual({ ...CLEAN, modified: ['d0/f0'] });
}, 60_000);

test('what git said of a copy is not believed once the session has another index', async () => {
  let act: (() => Promise<void>) | undefined;
  const place = await makePlace('a', (run) => async (request) => {
    const now = request.env?.['GIT_INDEX_FILE'] === undefined ? undefined : act;
    act = now === undefined ? act : undefined;
    await now?.();
    return run(request);
  });
  act = async () => {
    await writeFile(path.join(place.session.path, 'd0/f0'), 'staged\n');
    await place.bench.room.git(place.session.path, 'add', '-A');
  };
  expect(await place.read()).toEqual({ ...CLEAN, staged: ['d0/f0'] });
  await makeYoung(place);
  await settled();
  act = async () => {
    for (const name of await place.copies()) await rm(path.join(shadowsFolder(place.repo), name));
  };
  expect(await place.read()).toEqual(CLEAN);
  expect(act).toBeUndefined();
});

test('everything that is uncommitted is told as git tells it, by several at once too', async () => {
  const place = await makePlace();
  const { bench, session } = place;
  const at = session.path;
  await bench.room.write(at, { 'd1/f1': 'staged\n', 'new staged': 'x' });
  // As young as it gets, whenever the index is written.
  const soon = Date.now() / 1000 + 3;
  for (const name of Object.keys(FILES)) await utimes(path.join(at, name), soon, soon);
  await bench.room.git(at, 'add', '-A');
  await bench.room.write(at, { 'd2/f2': 'edited\n', 'deep/new': 'x', 'd1/f1': 'edited\n' });
  await rm(path.join(at, 'd3/f3'));
  await settled();
  const expected = {
    ...CLEAN,
    staged: ['d1/f1', 'new staged'],
    modified: ['d1/f1', 'd2/f2', 'd3/f3'],
    untracked: ['deep/new'],
  };
  expect(await Promise.all(SIX.map(() => place.read()))).toEqual(SIX.map(() => expected));
  expect(place.onCopies.length).toBeGreaterThan(0);
  await nextSecond();
  expect(await Promise.all(SIX.map(() => place.read()))).toEqual(SIX.map(() => expected));
});

test('an index that a copy does not stand for is read as it is', async () => {
  const split = await makePlace();
  await split.bench.room.git(split.session.path, 'update-index', '--split-index');
  await settled();
  expect(await split.read()).toEqual(CLEAN);
  expect(split.onCopies).toEqual([]);

  const sparse = await makePlace();
  await sparse.bench.room.git(sparse.session.path, 'sparse-checkout', 'set', '--cone', '--sparse-index', 'd1');
  await settled();
  expect(await sparse.read()).toEqual(CLEAN);
  expect(sparse.onCopies).toEqual([]);

  const nested = await makePlace();
  const { bench, session } = nested;
  const other = await bench.room.repo('other', { f: 'x' });
  await bench.room.git(session.path, '-c', 'protocol.file.allow=always', 'submodule', 'add', '-q', other, 'sub');
  await bench.room.git(session.path, 'commit', '-qm', 'sub');
  await makeYoung(nested);
  await settled();
  expect(await nested.read()).toEqual(CLEAN);
  expect(nested.onCopies).toEqual([]);
});

test('a repository that is set to split indexes, and to cache untracked files, has nothing of it written', async () => {
  const place = await makePlace();
  const { bench } = place;
  await bench.git('config', 'core.splitIndex', 'true');
  await bench.git('config', 'core.untrackedCache', 'true');
  const names = async (): Promise<readonly string[]> => (await readdir(path.dirname(place.index))).toSorted();
  const before = [await names(), await stateOf(place.index)];
  expect(await place.read()).toEqual(CLEAN);
  expect(await place.read()).toEqual(CLEAN);
  expect(place.onCopies).toHaveLength(2);
  expect([await names(), await stateOf(place.index)]).toEqual(before);
});

test('a copy that cannot be made or read is done without', async () => {
  const place = await makePlace();
  const folder = shadowsFolder(place.repo);
  await mkdir(path.dirname(folder), { recursive: true });
  await writeFile(folder, '');
  expect(await place.read()).toEqual(CLEAN);
  expect(place.onCopies).toEqual([]);
  await rm(folder);
  expect(await place.read()).toEqual(CLEAN);
  const [copy = ''] = await place.copies();
  await writeFile(path.join(folder, copy), 'DIRC garbage');
  expect(await place.read()).toEqual(CLEAN);
  expect(await place.copies()).toEqual([]);
  expect(await place.read()).toEqual(CLEAN);
  expect(await place.copies()).toEqual([copy]);
});

test('there is one copy of a session at most, and none when it has gone', async () => {
  const place = await makePlace();
  const { bench, repo } = place;
  for (let i = 0; i < 3; i++) {
    await makeYoung(place);
    await settled();
    await place.read();
    expect(await place.copies()).toHaveLength(1);
  }
  await bench.wt('create', 'b');
  const other = await placeOf(bench, 'b');
  await makeYoung(other);
  await settled();
  await other.read();
  expect(await place.copies()).toHaveLength(2);
  await bench.wt('remove', 'b');
  expect((await place.copies()).map((name) => name.endsWith('.a'))).toEqual([true]);
  const folder = shadowsFolder(repo);
  await writeFile(path.join(folder, '1-2-3.racy.gone'), '');
  await writeFile(path.join(folder, 'young.tmp'), '');
  await writeFile(path.join(folder, '1-2-3.racy.a.lock'), '');
  await utimes(path.join(folder, '1-2-3.racy.a.lock'), 1, 1);
  await sweepScratch(repo);
  expect((await place.copies()).map((name) => name.replace(/^[\d-]+/, '')).toSorted()).toEqual([
    '.racy.a',
    'young.tmp',
  ]);
});
