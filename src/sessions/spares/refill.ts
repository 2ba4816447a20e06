import type { Definition } from '../../setup/definition.ts';
import { nodeFile, SPARES_FLAG } from '../../platform/node.ts';
import type { Repo } from '../repo.ts';
import { listFinished } from './record.ts';

/** Has the spares made that are missing, by a process that nobody waits for; nothing where all are there. */
export async function refillSpares(repo: Repo, { settings }: Pick<Definition, 'settings'>): Promise<void> {
  if (settings.pool.size === 0 || repo.isBare) return;
  if ((await listFinished(repo.layout)).length >= settings.pool.size) return;
  const { program, detach } = repo.deps;
  await detach({ file: nodeFile, args: [program, SPARES_FLAG], cwd: repo.root }).over;
}
