import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { layOutMerge } from '../../git/merge-tree.ts';
import { readStatus } from '../../git/status.ts';
import type { Env } from '../../platform/deps.ts';
import { lstatOf } from '../../platform/files.ts';
import type { Resolving } from '../../registry/session.ts';
import type { Session } from '../../sessions/book.ts';
import { withScratch } from '../../sessions/cache.ts';
import { gitAtWorktree, type Repo } from '../../sessions/repo.ts';
import { hasMarkers, markerSizes } from './markers.ts';

/** Of the paths that were in conflict: those that still are, and those that are resolved and not staged. */
export async function findUnresolved(
  repo: Repo,
  { path: worktree }: Session,
  { tip, target, merged }: Resolving,
): Promise<{ paths: readonly string[]; resolved: readonly string[] }> {
  const git = gitAtWorktree(repo, worktree);
  return withScratch(repo, async (env) => {
    const laid = await layOutMerge(repo.git, tip, target, { env });
    const open = new Set((await readStatus(git)).conflicted);
    const paths = [...new Set([...laid.stages.map((stage) => stage.path), ...open])];
    const sizes = await markerSizes(git, paths);
    const left: string[] = [];
    const resolved: string[] = [];
    for (const name of paths) {
      const versions = await Promise.all([tip, target].map((side) => readBlob(repo, `${side}:${name}`, env)));
      const size = sizes.get(name) ?? 7;
      const file = path.join(worktree, name);
      const text = (await lstatOf(file))?.isFile() === true ? await readFile(file, 'latin1') : undefined;
      const wasMarked = hasMarkers(await readBlob(repo, `${merged ?? laid.tree}:${name}`, env), versions, size);
      if (hasMarkers(text ?? '', versions, size)) left.push(name);
      else if (!open.has(name)) continue;
      else if (wasMarked && text !== undefined) resolved.push(name);
      else left.push(name); // a deletion, a binary file: only the index tells what was chosen
    }
    return { paths: left, resolved };
  });
}

async function readBlob(repo: Repo, name: string, env: Env): Promise<string> {
  const { exitCode, stdout } = await repo.git(['cat-file', 'blob', name], { env, expect: [0, 128] });
  return exitCode === 0 ? Buffer.from(stdout).toString('latin1') : '';
}
