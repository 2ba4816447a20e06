import { writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Group, Side } from '../case.ts';
import { peerSides } from '../peers.ts';
import { runNow } from '../processes.ts';
import { makeIgnored, makeRepository } from '../repositories.ts';
import type { Room } from '../room.ts';

const IGNORED = 40_000;

/** 5,000 tracked files, and what an install leaves beside it, to be copied into each worktree. */
function repository(room: Room): Promise<{ root: string; ignored: string }> {
  return room.once('remove', () => {
    const root = makeRepository(room, 'remove', { files: 5000 });
    writeFileSync(path.join(root, '.gitignore'), 'node_modules\n');
    room.git(root, 'add', '--all');
    room.git(root, 'commit', '--quiet', '--message', 'ignore');
    const beside = room.folder('installed');
    makeIgnored(beside, IGNORED);
    return Promise.resolve({ root, ignored: path.join(beside, 'node_modules') });
  });
}

export const removes: Group = {
  name: 'remove',
  cases: [
    {
      kind: 'race',
      name: 'remove-45000',
      title: 'wt remove until the prompt is back, 5,000 files and 40,000 ignored ones',
      floor: '`git worktree remove --force`',
      bar: { limit: 0.1 },
      rounds: { full: 5, quick: 2 },
      isWarmedUp: false,
      async prepare(room) {
        const { root, ignored } = await repository(room);
        const fill = (tree: string): void => void runNow(room.call(tree, 'cp', '-a', ignored, tree));
        const trees = path.join(path.dirname(root), 'trees');
        const floor: Side = {
          name: 'git',
          before(round) {
            room.git(root, 'worktree', 'add', '--quiet', '-b', `git-${round}`, path.join(trees, `git-${round}`));
            fill(path.join(trees, `git-${round}`));
          },
          run: (round) => void room.git(root, 'worktree', 'remove', '--force', path.join(trees, `git-${round}`)),
        };
        const ours: Side = {
          name: 'wt',
          before(round) {
            room.wt(root, 'create', `wt-${round}`, '--no-setup');
            fill(path.join(root, '.worktrees', `wt-${round}`));
          },
          run: (round) => void room.wt(root, 'remove', `wt-${round}`, '--force'),
        };
        return { ours, floor, peers: peerSides(room, 'remove', root) };
      },
    },
  ],
};
