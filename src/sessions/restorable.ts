import { gatherTrash, keptUntil, trashLimits } from './expire.ts';
import type { Repo } from './repo.ts';
import type { TrashMeta } from './trash.ts';
import { byText } from '../core/text.ts';

/** A removed session that can be brought back. */
export interface Restorable {
  readonly meta: TrashMeta;
  readonly sizeBytes: number;
  /** When its age lets it go; sooner when the trash grows too large. */
  readonly until: string;
}

/** Everything `wt restore` can bring back, newest first. */
export async function listRestorable(repo: Repo): Promise<readonly Restorable[]> {
  const limits = await trashLimits(repo);
  const items = await gatherTrash(repo, limits);
  return items
    .flatMap(({ meta, sizeBytes }) =>
      meta === undefined ? [] : [{ meta, sizeBytes, until: keptUntil(meta.at, limits) }],
    )
    .toSorted((a, b) => byText(b.meta.at, a.meta.at));
}
