import { rename, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { systemClock } from '#src/platform/clock.ts';
import { JournalEntry } from '#src/registry/journal.ts';
import { breakLocks } from '#src/sessions/break-locks.ts';
import { openRepo } from '#src/sessions/open.ts';
import type { Repo } from '#src/sessions/repo.ts';
import { makeDeps } from '../support/deps.ts';
import { makeRoom } from '../support/room.ts';
import { exists } from '../support/spawn.ts';

const LOCKS = ['index.lock', 'HEAD.lock', 'refs/heads/main.lock', 'packed-refs.lock'];

interface Place {
  readonly repo: Repo;
  readonly entry: JournalEntry;
  readonly at: (name: string) => string;
  /** Names of the locks that are there. */
  readonly left: () => Promise<readonly string[]>;
}

/** A landing on main that died; `whileSettling` happens between its two looks at the locks. */
async function makePlace(whileSettling: () => Promise<void> = async () => {}): Promise<Place> {
  const room = await makeRoom();
  const root = await room.repo();
  const clock = { ...systemClock, sleep: whileSettling };
  const at = (name: string): string => path.join(root, '.git', name);
  const entry = JournalEntry.parse({
    kind: 'merge',
    op: 'op',
    owner: { pid: 1, start: '1', boot: 'b', pidns: null, host: 'h', nonce: 'n', fifo: null, command: 'wt merge' },
    generation: 1,
    startedAt: new Date(Date.now() - 60_000).toISOString(),
    id: 'a',
    target: 'refs/heads/main',
    from: '0'.repeat(40),
    to: '1'.repeat(40),
    tip: '1'.repeat(40),
    worktree: root,
  });
  const left = async (): Promise<readonly string[]> => {
    const found = await Promise.all(LOCKS.map((name) => exists(at(name))));
    return LOCKS.filter((_, i) => found[i]);
  };
  return { repo: await openRepo(makeDeps(room, root, { clock })), entry, at, left };
}

test('locks that a dead landing left go, and those of anybody else stay', async () => {
  const { repo, entry, at, left } = await makePlace();
  for (const name of LOCKS) await writeFile(at(name), '');
  await writeFile(at('refs/heads/other.lock'), '');
  await writeFile(at('config.lock'), '');
  await breakLocks(repo, entry);
  expect(await left()).toEqual([]);
  expect(await exists(at('refs/heads/other.lock'))).toBe(true);
  expect(await exists(at('config.lock'))).toBe(true);
});

test('a lock that is older than the landing stays', async () => {
  const { repo, entry, at, left } = await makePlace();
  for (const name of LOCKS) {
    await writeFile(at(name), '');
    await utimes(at(name), new Date(0), new Date(0));
  }
  await breakLocks(repo, entry);
  expect(await left()).toEqual(LOCKS);
});

test('a lock that somebody else has taken meanwhile stays', async () => {
  const { repo, entry, at, left } = await makePlace(async () => {
    await writeFile(at('theirs'), '');
    await rename(at('theirs'), at('index.lock'));
  });
  for (const name of LOCKS) await writeFile(at(name), '');
  await breakLocks(repo, entry);
  expect(await left()).toEqual(['index.lock']);
});
