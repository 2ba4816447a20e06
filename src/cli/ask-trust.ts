import { throwIfInterrupted } from '../platform/runner.ts';
import { renderBrought } from '../ui/trust.ts';
import type { Context } from './define.ts';

/** What nobody has approved yet: commands that a repository brings along. */
interface Unapproved {
  readonly brought: Parameters<typeof renderBrought>[0];
  readonly earlier: Parameters<typeof renderBrought>[1];
  readonly isInside: boolean;
  readonly give: () => Promise<void>;
  readonly refusal: Error;
}

/**
 * Shows a person what would run and asks. `--yes` answers other questions, not this one. Throws `config.untrusted` when nobody
 * can be asked, in a script and in a session, and when the answer is no.
 */
export async function askTrust({ deps, globals, look, tell }: Context, missing: Unapproved | undefined): Promise<void> {
  if (missing === undefined) return;
  const isAsked = globals.input && !globals.json && !globals.yes && deps.io.stdinIsTTY && !missing.isInside;
  if (!isAsked) throw missing.refusal;
  tell(renderBrought(missing.brought, missing.earlier, look));
  const answer = await deps.confirm('Let these commands run, now and until they change?');
  throwIfInterrupted(deps.signal);
  if (answer !== true) throw missing.refusal;
  await missing.give();
}
