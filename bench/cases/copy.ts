import { rmSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { gitAt, gitIn } from '../../src/git/git.ts';
import { systemClock as clock } from '../../src/platform/clock.ts';
import { createRunner } from '../../src/platform/runner.ts';
import { placeFiles } from '../../src/setup/files/files.ts';
import type { Group } from '../case.ts';
import { runNow } from '../processes.ts';
import { makeIgnored, makeRepository } from '../repositories.ts';

const FILES = 40_000;

export const copies: Group = {
  name: 'copy',
  cases: [
    {
      kind: 'race',
      name: 'copy-40000',
      title: '40,000 ignored files of .worktreeinclude copied into a session',
      floor: '`cp -a`',
      bar: { limit: 1.5 },
      rounds: { full: 5, quick: 1 },
      isWarmedUp: false,
      async prepare(room) {
        const root = makeRepository(room, 'copy', { files: 20 });
        writeFileSync(path.join(root, '.gitignore'), 'node_modules\n');
        writeFileSync(path.join(root, '.worktreeinclude'), 'node_modules\n');
        room.git(root, 'add', '--all');
        room.git(root, 'commit', '--quiet', '--message', 'what comes along');
        makeIgnored(root, FILES);
        room.wt(root, 'create', 'a', '--no-setup');
        const session = path.join(root, '.worktrees', 'a');
        const [target, beside] = [path.join(session, 'node_modules'), room.folder('beside')];
        const mainGit = gitAt({ run: createRunner(room.env), clock, dir: root });
        const made = {
          facts: { id: 'a', branch: 'wt/a', path: session, main: root },
          deps: { clock, signal: new AbortController().signal },
          mainGit,
          git: gitIn(mainGit, session),
          adminDirectory: path.join(root, '.git', 'worktrees', 'a'),
        };
        /** Deleting makes the next ones slow: it is put aside. */
        const putAside = (folder: string, round: number): void => {
          rmSync(path.join(beside, `aside-${round}`), { recursive: true, force: true });
          renameSync(folder, path.join(beside, `aside-${path.basename(path.dirname(folder))}-${round}`));
        };
        return {
          // The function itself, so that no start of a program is measured; git's part of it is.
          ours: {
            name: 'wt',
            async run() {
              const { copied } = await placeFiles(made as never, []);
              if (copied < FILES) throw new Error(`only ${copied} files were copied`);
            },
            after: (round) => putAside(target, round),
          },
          floor: {
            name: 'cp -a',
            run: () => void runNow(room.call(root, 'cp', '-a', path.join(root, 'node_modules'), beside)),
            after: (round) => putAside(path.join(beside, 'node_modules'), round),
          },
        };
      },
    },
  ],
};
