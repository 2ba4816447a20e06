import { listProcessesInside } from '../platform/processes.ts';
import type { Repo } from '../sessions/repo.ts';

/** Whether a git that is not ours stands in the repository or in one of these folders, proc(5). */
export async function isGitAtWork(repo: Repo, folders: readonly string[] = []): Promise<boolean> {
  const places = [...new Set([repo.root, repo.commonDir, ...folders])];
  const inside = await Promise.all(places.map((folder) => listProcessesInside(folder)));
  return inside.flat().some(({ command }) => command === 'git' || command.startsWith('git-'));
}
