import path from 'node:path';
import type { Group } from '../case.ts';
import { makeRepository, makeSessions, nameOf, workIn } from '../repositories.ts';

export const merges: Group = {
  name: 'merge',
  cases: [
    {
      kind: 'race',
      name: 'merge-5000',
      title: 'wt merge with nothing in the way, the base checked out, 5,000 files',
      floor: '`git merge --no-ff`',
      bar: { limit: 3 },
      rounds: { full: 11, quick: 3 },
      async prepare(room) {
        const root = makeRepository(room, 'merge', { files: 5000, commits: 100 });
        const ids = (kind: string): readonly string[] => Array.from({ length: 12 }, (_, i) => `${kind}${i}`);
        await makeSessions(room, root, [...ids('w'), ...ids('g')]);
        for (const [i, id] of [...ids('w'), ...ids('g')].entries())
          workIn(room, root, id, [nameOf(10 * i), nameOf(10 * i + 1)]);
        const branchOf = (id: string): string =>
          room.git(path.join(root, '.worktrees', id), 'symbolic-ref', '--short', 'HEAD').trim();
        return {
          ours: { name: 'wt', run: (round) => void room.wt(root, 'merge', `w${round}`, '--yes') },
          floor: {
            name: 'git',
            run: (round) => void room.git(root, 'merge', '--quiet', '--no-ff', '--no-edit', branchOf(`g${round}`)),
          },
        };
      },
    },
  ],
};
