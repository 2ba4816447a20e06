import { throwIfInterrupted } from '../platform/runner.ts';
import { safeLine } from '../ui/text.ts';
import type { Context } from './define.ts';

/** What nobody has approved yet: commands that a repository brings along. */
interface Unapproved {
  readonly files: readonly string[];
  readonly commands: readonly string[];
  readonly isInside: boolean;
  readonly give: () => Promise<void>;
  readonly refusal: Error;
}

/**
 * Shows a person what would run and asks. `--yes` answers other questions, not this one. Throws `config.untrusted` when nobody
 * can be asked, in a script and in a session, and when the answer is no.
 */
export async function askTrust({ deps, globals, tell }: Context, missing: Unapproved | undefined): Promise<void> {
  if (missing === undefined) return;
  const isAsked = globals.input && !globals.json && !globals.yes && deps.io.stdinIsTTY && !missing.isInside;
  if (!isAsked) throw missing.refusal;
  tell(`${missing.files.join('\n')} brings these along:\n`);
  tell(missing.commands.map((line) => `  ${safeLine(line)}\n`).join(''));
  const answer = await deps.confirm('Let these commands run, now and until they change?');
  throwIfInterrupted(deps.signal);
  if (answer !== true) throw missing.refusal;
  await missing.give();
}
