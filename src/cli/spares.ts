import { WtError } from '../core/errors.ts';
import type { Deps } from '../platform/deps.ts';

/** What a process of wt does that was started to make spares. Nobody waits for it, and nobody reads what it says. */
export async function makeSparesHere(deps: Deps): Promise<number> {
  const [{ openRepo }, { makeSpares }, { loadDefinition }] = await Promise.all([
    import('../sessions/open.ts'),
    import('../sessions/spares/make.ts'),
    import('../setup/definition.ts'),
  ]);
  const repo = await openRepo(deps);
  try {
    const outcome = await makeSpares(repo, await loadDefinition(repo.root, deps.env));
    deps.io.err(`wt: ${outcome.made} spares made${outcome.reason === undefined ? '' : `; ${outcome.reason}`}\n`);
    return 0;
  } catch (error) {
    if (WtError.is(error, 'interrupted')) return 130;
    throw error;
  }
}
