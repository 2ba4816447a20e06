import { WtError } from '../core/errors.ts';
import type { Deps } from '../platform/deps.ts';

/** What a process of wt does that was started to make spares. Nobody waits for it, and nobody reads what it says. */
export async function makeSparesHere(deps: Deps): Promise<number> {
  const [{ openRepo }, { makeSpares }] = await Promise.all([
    import('../sessions/open.ts'),
    import('../sessions/spares/make.ts'),
  ]);
  try {
    const { made, reason } = await makeSpares(await openRepo(deps));
    deps.io.err(`wt: ${made} spares made${reason === undefined ? '' : `; ${reason}`}\n`);
    return 0;
  } catch (error) {
    if (WtError.is(error, 'interrupted')) return 130;
    throw error;
  }
}
