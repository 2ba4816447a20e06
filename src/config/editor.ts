import { WtError } from '../core/errors.ts';
import type { Deps } from '../platform/deps.ts';
import { realPathOf, removeFile } from '../platform/files.ts';
import { fileOf, schemaOf, writeConfigText, type Surroundings, type Target } from './change.ts';
import { readConfigText, requireRight } from './file.ts';
import { schemaAddress } from './schema-address.ts';

/**
 * Hands the terminal over to the person's editor, and checks what it has left. A file that is not there is made, and taken away
 * again when nothing was written into it. Throws `confirm.required` without a terminal, `usage.invalid`, `config.invalid`.
 */
export async function editConfig(deps: Deps, { root, env }: Surroundings, target: Target): Promise<void> {
  const file = fileOf({ root, env }, target);
  const { io, run, cwd } = deps;
  if (!io.stdinIsTTY || !io.stdoutIsTTY)
    throw new WtError('confirm.required', {
      question: `an editor needs a terminal; the file is ${file}`,
      argv: ['wt', 'config', 'path'],
    });
  const editor = env['VISUAL'] || env['EDITOR'] || 'vi';
  const before = await readConfigText(file);
  const kind = target === 'project' ? 'project' : 'personal';
  const skeleton = `{\n  "$schema": ${JSON.stringify(await schemaAddress(kind, root))}\n}\n`;
  if (before === undefined) await writeConfigText(file, skeleton, undefined);
  // The variable may hold flags, so a shell reads it, as git does (git-var(1)); the file is an argument and no part of the script.
  const { exitCode } = await run({ file: 'sh', args: ['-c', `${editor} "$@"`, editor, file], cwd, stdio: 'inherit' });
  const after = await readConfigText(file);
  if (before === undefined && after === skeleton) await removeFile(await realPathOf(file));
  if (exitCode !== 0)
    throw new WtError('usage.invalid', { option: '$EDITOR', reason: `${editor} ended with exit code ${exitCode}` });
  if (after === undefined) return;
  try {
    requireRight(file, after, schemaOf(target));
  } catch (error) {
    if (!WtError.is(error, 'config.invalid')) throw error;
    throw new WtError('config.invalid', error.details, { cause: error, changed: after !== before });
  }
}
