import { rmSync } from 'node:fs';
import path from 'node:path';
import type { RaceCase, Side } from '../case.ts';
import { runNow } from '../processes.ts';
import { worktreesBelow, type Room } from '../room.ts';
import { busyRepository } from './list.ts';

/** Only every fifth pair is merged by hand: all of them take half a minute. */
const PART = 5;

function pairwise(room: Room, root: string): Side {
  const tips = worktreesBelow(root).map((tree) => room.git(tree, 'rev-parse', 'HEAD').trim());
  const pairs = tips.flatMap((a, i) => tips.slice(i + 1).map((b) => [a, b] as const));
  const calls = pairs
    .filter((_, i) => i % PART === 0)
    .map(([a, b]) => ({ ...room.call(root, 'git', 'merge-tree', '--write-tree', a, b), expect: [0, 1] }));
  return {
    name: 'pair by pair',
    run() {
      for (const call of calls) runNow(call);
    },
  };
}

function radar(temperature: 'cold' | 'warm', limit: number): RaceCase {
  return {
    kind: 'race',
    name: `conflicts-${temperature}`,
    title: `wt conflicts, 50 sessions (1,225 pairs), ${temperature === 'cold' ? 'with all caches deleted' : 'asked again'}`,
    floor: 'one `git merge-tree` for each pair',
    times: PART,
    bar: { limit },
    rounds: { full: 5, quick: 1 },
    isWarmedUp: false,
    async prepare(room) {
      const root = await busyRepository(room);
      if (temperature === 'warm') room.wt(root, 'conflicts');
      const forget = (): void => rmSync(path.join(root, '.git', 'wt', 'cache'), { recursive: true, force: true });
      const ours: Side = {
        name: 'wt',
        run: () => void room.wt(root, 'conflicts', '--json'),
        ...(temperature === 'cold' ? { before: forget } : {}),
      };
      return { ours, floor: pairwise(room, root) };
    },
  };
}

/** They share the repository of the lists. */
export const conflicts: readonly RaceCase[] = [radar('cold', 0.15), radar('warm', 0.05)];
