import { appendFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import type { Group, Side } from '../case.ts';
import { peerSides } from '../peers.ts';
import { runNow } from '../processes.ts';
import { edit, heal, makeBusyRepository, makeRepository, makeSessions, nameOf } from '../repositories.ts';
import { worktreesBelow, type Room } from '../room.ts';
import { emptyScript, side } from './start.ts';

const SESSIONS = 50;
const XARGS = '`git status` in each by `xargs -P4`';

export function busyRepository(room: Room): Promise<string> {
  return room.once('busy', () => makeBusyRepository(room, 'busy', SESSIONS));
}

/** What a person would type to know of each session whether it is dirty. */
function statusOfAll(room: Room, root: string): Side {
  const input = worktreesBelow(root).join('\0');
  const argv = ['xargs', '-0', '-P4', '-n1', '-I{}', 'git', '-C', '{}', 'status', '--porcelain'] as const;
  return { name: XARGS, run: () => void runNow({ ...room.call(root, ...argv), input }) };
}

/** What a person would type to know of each session what `wt list` shows: four processes, one after the other. */
function fourOfEach(room: Room, root: string): Side {
  const calls = worktreesBelow(root).flatMap((tree) => [
    room.call(tree, 'git', 'status', '--porcelain'),
    room.call(tree, 'git', 'rev-list', '--left-right', '--count', 'main...HEAD'),
    { ...room.call(tree, 'git', 'merge-base', '--is-ancestor', 'HEAD', 'main'), expect: [0, 1] },
    room.call(tree, 'git', 'log', '-1', '--format=%H %ct %s'),
  ]);
  return {
    name: 'four git processes each',
    run() {
      for (const call of calls) runNow(call);
    },
  };
}

function list(room: Room, root: string, before?: Side['before']): Side {
  return { ...side('wt', room.wtCall(root, 'list')), ...(before && { before }) };
}

/** Work goes on: something is edited in every fifth session, and something committed in every other fifth. */
function goOn(room: Room, root: string, round: number): void {
  for (const [i, tree] of worktreesBelow(root).entries()) {
    if (i % 5 === 1) appendFileSync(path.join(tree, 'notes.txt'), `round ${round}\n`);
    if (i % 5 !== 2) continue;
    edit(tree, nameOf(100 + i), `round ${round}`);
    room.git(tree, 'commit', '--quiet', '--all', '--message', `round ${round}`);
  }
}

function forgetAll(root: string): void {
  rmSync(path.join(root, '.git', 'wt', 'cache'), { recursive: true, force: true });
}

export const lists: Group = {
  name: 'list',
  cases: [
    {
      kind: 'race',
      name: 'list-1',
      title: 'wt list, 1 session of 5,000 files',
      floor: 'an empty Node and one `git status`',
      bar: { limit: 2 },
      rounds: { full: 25, quick: 8 },
      async prepare(room) {
        const root = makeRepository(room, 'one', { files: 5000 });
        await makeSessions(room, root, ['a']);
        await heal(room, root);
        const calls = [
          room.call(room.dir, process.execPath, emptyScript(room)),
          room.call(path.join(root, '.worktrees', 'a'), 'git', 'status', '--porcelain'),
        ];
        const floor = { name: 'floor', run: () => calls.forEach((call) => void runNow(call)) };
        return { ours: list(room, root), floor };
      },
    },
    {
      kind: 'race',
      name: 'list-50',
      title: 'wt list, 50 sessions of 5,000 files, at work in 20 of them since the last time',
      floor: XARGS,
      bar: { limit: 1.35 },
      rounds: { full: 11, quick: 2 },
      async prepare(room) {
        const root = await busyRepository(room);
        const ours = list(room, root, (round) => goOn(room, root, round));
        return { ours, floor: statusOfAll(room, root), peers: peerSides(room, 'list', root) };
      },
    },
    {
      kind: 'race',
      name: 'list-50-again',
      title: 'the same, with nothing changed since the last time',
      floor: XARGS,
      bar: { limit: 1.35 },
      rounds: { full: 11, quick: 2 },
      async prepare(room) {
        const root = await busyRepository(room);
        return { ours: list(room, root), floor: statusOfAll(room, root) };
      },
    },
    {
      kind: 'race',
      name: 'list-50-cold',
      title: 'the same, with all caches of wt deleted',
      floor: XARGS,
      rounds: { full: 7, quick: 2 },
      async prepare(room) {
        const root = await busyRepository(room);
        return { ours: list(room, root, () => forgetAll(root)), floor: statusOfAll(room, root) };
      },
    },
    {
      kind: 'race',
      name: 'list-50-by-hand',
      title: 'wt list, 50 sessions of 5,000 files',
      floor: '4 git processes for each, one after the other',
      bar: { limit: 0.3 },
      rounds: { full: 7, quick: 2 },
      async prepare(room) {
        const root = await busyRepository(room);
        return { ours: list(room, root), floor: fourOfEach(room, root) };
      },
    },
    {
      kind: 'race',
      name: 'list-new',
      title: 'wt list right after 10 creates of 5,000 files',
      floor: 'the same once every index is healed',
      bar: { limit: 1.5 },
      rounds: { full: 5, quick: 1 },
      isWarmedUp: false,
      prepare(room) {
        const places = new Map<number, string>();
        /** The first side of a round makes a repository of its own; both orders are possible. */
        const place = async (round: number, isFresh: boolean): Promise<string> => {
          const name = `new-${round}-${isFresh ? 'fresh' : 'healed'}`;
          const root = makeRepository(room, name, { files: 5000 });
          await makeSessions(
            room,
            root,
            Array.from({ length: 10 }, (_, i) => `s${i}`),
          );
          return root;
        };
        const sideOf = (isFresh: boolean): Side => ({
          name: isFresh ? 'wt' : 'healed',
          async before(round) {
            const root = await place(round, isFresh);
            if (!isFresh) await heal(room, root);
            places.set(Number(isFresh), root);
          },
          run: () => void room.wt(places.get(Number(isFresh)) ?? room.dir, 'list'),
        });
        return Promise.resolve({ ours: sideOf(true), floor: sideOf(false) });
      },
    },
  ],
};
