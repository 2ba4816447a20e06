import { readFile, rename, symlink } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { finishRemove } from '#src/sessions/remove-steps.ts';
import { hold } from '#src/sessions/hold.ts';
import { openRepo } from '#src/sessions/open.ts';
import { beginEntry } from '#src/registry/journal.ts';
import { makeDeps } from '../support/deps.ts';
import { listing, refs } from '../support/listing.ts';
import { makeBench, type Bench, type Stage } from '../support/wt.ts';

/** Somebody else's folder with an `a` in it, as it must stay. */
async function makeVictim({ room }: Bench): Promise<string> {
  const victim = path.join(room.dir, 'victim');
  await room.write(victim, { 'mine.txt': 'mine\n', 'a/mine.txt': 'mine\n' });
  return victim;
}

/** Something that happens after wt has looked at the session and before it moves anything: when the backups are pinned. */
function whenPinned(swap: () => Promise<unknown>): Stage {
  let isDone = false;
  return {
    wrap: (run) => async (request) => {
      if (!isDone && request.input?.includes('refs/wt/trash/') === true) {
        isDone = true;
        await swap();
      }
      return run(request);
    },
  };
}

const swaps: readonly { readonly what: string; readonly swap: (bench: Bench, victim: string) => Promise<unknown> }[] = [
  {
    what: 'a session by a link',
    swap: async ({ at, room }, victim) => {
      await rename(at('a'), path.join(room.dir, 'away'));
      await symlink(victim, at('a'));
    },
  },
  {
    what: 'a session by a folder',
    swap: async ({ at, room }, victim) => {
      await rename(at('a'), path.join(room.dir, 'away'));
      await rename(path.join(victim, 'a'), at('a'));
    },
  },
  {
    what: '.worktrees by a link',
    swap: async ({ at, root, room }, victim) => {
      await rename(at('a'), path.join(room.dir, 'away'));
      await rename(path.join(root, '.worktrees'), path.join(room.dir, 'worktrees'));
      await symlink(victim, path.join(root, '.worktrees'));
    },
  },
];

test.for(swaps)('$what is swapped between check and use: nothing is taken away', async ({ swap }) => {
  const bench = await makeBench();
  await bench.data('create', 'a');
  await bench.room.write(bench.at('a'), { 'work.txt': 'work\n' });
  const victim = await makeVictim(bench);
  const inode = await listing(path.join(victim, 'a'));
  const known = await refs(bench);
  const { code } = await bench.wt(
    'remove',
    'a',
    '--force',
    whenPinned(() => swap(bench, victim)),
  );
  expect(code).toBe(4);
  const place = (await readFile(path.join(victim, 'a/mine.txt'), 'utf8').catch(() => undefined)) === undefined;
  expect(await listing(place ? bench.at('a') : path.join(victim, 'a'))).toEqual(inode);
  expect(await readFile(path.join(victim, 'mine.txt'), 'utf8')).toBe('mine\n');
  expect(await readFile(path.join(bench.room.dir, 'away/work.txt'), 'utf8')).toBe('work\n');
  expect(await refs(bench)).toBe(known);
});

test('what is put in place of a session in the very moment of the rename goes back', async () => {
  const bench = await makeBench();
  await bench.data('create', 'a');
  const victim = await makeVictim(bench);
  await rename(bench.at('a'), path.join(bench.room.dir, 'away'));
  await rename(path.join(victim, 'a'), bench.at('a'));
  const repo = await openRepo(makeDeps(bench.room, bench.root));
  const removal = hold(repo, ({ lease, repo: locked }) =>
    finishRemove(locked, lease, {
      ...beginEntry(lease, '2026-01-01T00:00:00.000Z'),
      kind: 'remove',
      id: 'a' as never,
      phase: 'commit',
      path: bench.at('a'),
      adminDirectory: path.join(bench.root, '.git/worktrees/a'),
      branch: 'wt/a',
      deleteBranchAt: null,
    }),
  );
  await expect(removal).rejects.toMatchObject({ code: 'path.unsafe' });
  expect(await readFile(path.join(bench.at('a'), 'mine.txt'), 'utf8')).toBe('mine\n');
  expect(await listing(path.join(bench.root, '.git/worktrees/a'))).not.toEqual([]);
});

test('what is written into a session while it is taken away comes back with it', async () => {
  const bench = await makeBench();
  await bench.data('create', 'a');
  const late = (): Promise<void> => bench.room.write(bench.at('a'), { 'late.txt': 'written in the last moment\n' });
  await bench.data('remove', 'a', whenPinned(late));
  await bench.data('restore', 'a');
  expect(await readFile(path.join(bench.at('a'), 'late.txt'), 'utf8')).toBe('written in the last moment\n');
});
