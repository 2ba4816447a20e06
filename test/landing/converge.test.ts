import { mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { convergeCheckout, restoreCheckout } from '#src/landing/converge.ts';
import { openRepo } from '#src/sessions/open.ts';
import type { Repo } from '#src/sessions/repo.ts';
import { makeDeps } from '../support/deps.ts';
import { makeRoom, type Files, type Room } from '../support/room.ts';
import { exists } from '../support/spawn.ts';

const LONG = Array.from({ length: 400 }, (_, i) => `line ${i}\n`).join('');

interface Half {
  readonly room: Room;
  readonly root: string;
  readonly from: string;
  readonly to: string;
  /** Puts files where the landing was killed while it wrote them. */
  readonly write: (files: Files) => Promise<void>;
  readonly converge: () => Promise<readonly string[]>;
  readonly restore: () => Promise<readonly string[]>;
  readonly state: () => Promise<string>;
}

/** `main` is checked out at `from`; `to` edits `edited`, adds `new/file`, deletes `gone`; `mine` it leaves alone. */
async function makeHalf(): Promise<Half> {
  const room = await makeRoom();
  const root = await room.repo('app', {
    edited: 'old\n',
    gone: 'old\n',
    mine: 'mine\n',
    '.gitattributes': '*.txt text\n',
  });
  const from = await room.git(root, 'rev-parse', 'HEAD');
  await room.git(root, 'checkout', '-q', '-b', 'next');
  await room.write(root, { edited: LONG, 'new/file': LONG });
  await rm(path.join(root, 'gone'));
  await room.git(root, 'add', '-A');
  await room.git(root, 'commit', '-qm', 'next');
  const to = await room.git(root, 'rev-parse', 'HEAD');
  await room.git(root, 'checkout', '-q', 'main');
  const repo: Repo = await openRepo(makeDeps(room, root));
  return {
    room,
    root,
    from,
    to,
    write: (files) => room.write(root, files),
    converge: () => convergeCheckout(repo, root, { from, to }),
    restore: () => restoreCheckout(repo, root, { from, to }),
    state: async () => `${await room.git(root, 'rev-parse', 'main')}\n${await room.git(root, 'status', '--porcelain')}`,
  };
}

describe('a landing that was killed', () => {
  const stages: Readonly<Record<string, (half: Half) => Promise<void>>> = {
    'before anything was written': async () => {},
    'with one file written': ({ write }) => write({ edited: LONG }),
    'in the middle of a file': ({ write }) => write({ edited: LONG.slice(0, 1000), 'new/file': LONG.slice(0, 10) }),
    'with a file taken away': ({ root }) => rm(path.join(root, 'gone')),
    'between taking a file away and writing it': ({ root }) => rm(path.join(root, 'edited')),
    'with all files written': async ({ root, write }) => {
      await write({ edited: LONG, 'new/file': LONG });
      await rm(path.join(root, 'gone'));
    },
    'with files and index written': async ({ room, root, to }) => {
      await room.git(root, 'read-tree', '-m', '-u', 'HEAD', to);
    },
  };

  test.each(Object.keys(stages))('%s is brought to its end', async (stage) => {
    const half = await makeHalf();
    await stages[stage]?.(half);
    expect(await half.converge()).toEqual([]);
    expect(await half.state()).toBe(`${half.to}\n`);
    expect(await readFile(path.join(half.root, 'new/file'), 'utf8')).toBe(LONG);
    expect(await half.room.git(half.root, 'symbolic-ref', 'HEAD')).toBe('refs/heads/main');
  });

  test('leaves uncommitted work beside it as it is', async () => {
    const half = await makeHalf();
    await half.write({ edited: LONG, mine: 'edited since\n', untracked: 'x\n' });
    await half.write({ staged: 'y\n' });
    await half.room.git(half.root, 'add', 'staged');
    expect(await half.converge()).toEqual([]);
    expect(await half.state()).toBe(`${half.to}\n M mine\nA  staged\n?? untracked`);
    expect(await readFile(path.join(half.root, 'mine'), 'utf8')).toBe('edited since\n');
  });
});

describe('a file that somebody has edited since', () => {
  test.each([
    ['edited', 'by hand\n'],
    ['edited', `${LONG}and more\n`],
    ['new/file', 'by hand\n'],
    ['gone', 'by hand\n'],
  ])('stops it by name, and nothing is touched: %s', async (name, text) => {
    const half = await makeHalf();
    const others = Object.fromEntries(['edited', 'new/file'].filter((one) => one !== name).map((one) => [one, LONG]));
    await half.write({ ...others, [name]: text });
    const before = await half.state();
    expect(await half.converge()).toEqual([name]);
    expect(await half.state()).toBe(before);
    expect(await readFile(path.join(half.root, name), 'utf8')).toBe(text);
    for (const other of Object.keys(others)) expect(await readFile(path.join(half.root, other), 'utf8')).toBe(LONG);
  });

  test('stops it also when it is a folder or a link by now', async () => {
    const half = await makeHalf();
    await rm(path.join(half.root, 'gone'));
    await mkdir(path.join(half.root, 'gone'));
    await writeFile(path.join(half.root, 'gone', 'theirs'), 'x');
    await rm(path.join(half.root, 'edited'));
    await symlink('mine', path.join(half.root, 'edited'));
    expect((await half.converge()).toSorted()).toEqual(['edited', 'gone']);
    expect(await readFile(path.join(half.root, 'gone', 'theirs'), 'utf8')).toBe('x');
    expect(await readFile(path.join(half.root, 'edited'), 'utf8')).toBe('mine\n');
  });
});

test('a landing that is given up leaves the checkout as it was, uncommitted work included', async () => {
  const half = await makeHalf();
  await half.write({ mine: 'edited since\n' });
  const before = await half.state();
  await half.write({ edited: LONG, 'new/file': LONG.slice(0, 10) });
  await rm(path.join(half.root, 'gone'));
  expect(await half.restore()).toEqual([]);
  expect(await half.state()).toBe(before);
  expect(await readFile(path.join(half.root, 'edited'), 'utf8')).toBe('old\n');
  expect(await readFile(path.join(half.root, 'mine'), 'utf8')).toBe('edited since\n');
  expect(await exists(path.join(half.root, 'new/file'))).toBe(false);
});
