import path from 'node:path';
import { listDirectory, lstatOf } from '../platform/files.ts';
import { gitAt, type Git } from './git.ts';

export interface UnsharedModule {
  readonly name: string;
  /** Commits, stashed ones included, that none of its remotes has. */
  readonly commits: number;
}

/** Repositories of submodules below a worktree's `modules` folder that hold work of their own (gitsubmodules(7)). */
export async function listUnsharedModules(git: Git, folder: string, name = ''): Promise<readonly UnsharedModule[]> {
  const found: UnsharedModule[] = [];
  for (const entry of await listDirectory(folder)) {
    if (!entry.isDirectory()) continue;
    const place = path.join(folder, entry.name);
    const full = name === '' ? entry.name : `${name}/${entry.name}`;
    if ((await lstatOf(path.join(place, 'HEAD'))) === undefined) {
      found.push(...(await listUnsharedModules(git, place, full)));
      continue;
    }
    const { gitDir: _, ...rest } = git.place;
    const inside = gitAt({ ...rest, dir: place, gitDir: place });
    const { exitCode, stdout } = await inside(['rev-list', '--count', 'HEAD', '--all', '--not', '--remotes'], {
      expect: [0, 128],
    });
    // What cannot be counted counts: it may be work.
    const commits = exitCode === 0 ? Number(stdout.trim()) : 1;
    if (commits > 0) found.push({ name: full, commits });
    found.push(...(await listUnsharedModules(git, path.join(place, 'modules'), full)));
  }
  return found;
}
