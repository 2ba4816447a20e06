import path from 'node:path';
import { gitIn } from '#src/git/git.ts';
import type { Deps } from '#src/platform/deps.ts';
import type { Place } from '#src/setup/place.ts';
import type { FileRule } from '#src/setup/step.ts';
import { gitOf, makeDeps } from './deps.ts';
import type { Bench } from './wt.ts';

/** A session that wt has made, as the functions of src/setup get it. */
export async function makePlace(bench: Bench, id: string, changes: Partial<Deps> = {}): Promise<Place> {
  const { room, root } = bench;
  const session = bench.at(id);
  const mainGit = gitOf(room, root);
  const commonDir = path.resolve(root, await bench.git('rev-parse', '--git-common-dir'));
  return {
    facts: {
      id,
      branch: `wt/${id}`,
      base: 'main',
      task: null,
      path: session,
      main: root,
      user: 'tess',
      createdAt: '2026-01-01T00:00:00.000Z',
      ports: {},
      taskFile: undefined,
    },
    deps: makeDeps(room, root, changes),
    commonDir,
    mainGit,
    git: gitIn(mainGit, session),
    adminDirectory: path.resolve(session, await room.git(session, 'rev-parse', '--git-dir')),
  };
}

export const copyRule = (...patterns: string[]): FileRule => ({ kind: 'copy', patterns, source: SOURCE });
export const linkRule = (...patterns: string[]): FileRule => ({ kind: 'link', patterns, source: SOURCE });

const SOURCE: FileRule['source'] = { owner: 'repository', file: '/wt.config.jsonc', format: 'wt' };
