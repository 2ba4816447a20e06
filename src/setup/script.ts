import path from 'node:path';
import { readSmallFile, realPathOf } from '../platform/files.ts';
import type { Step } from './step.ts';

/**
 * Why the script that this step starts must not run in that worktree: it is not, to the byte, the one that was read with the
 * definition and approved. Undefined when it is, or when the step starts none.
 */
export async function whyScriptDiffers(
  { script, scriptFile }: Pick<Step, 'script' | 'scriptFile'>,
  worktree: string,
): Promise<string | undefined> {
  if (script === undefined || scriptFile === undefined) return undefined;
  const file = path.join(worktree, scriptFile);
  const [real, realTree] = await Promise.all([realPathOf(file), realPathOf(worktree)]);
  if (!real.startsWith(`${realTree}${path.sep}`)) return `${scriptFile} leads out of the session`;
  const content = await readSmallFile(real, Buffer.byteLength(script) + 4);
  if (content === undefined) return `${scriptFile} is not in the session`;
  if ('refused' in content || content.text !== script)
    return `${scriptFile} in the session is not the one that was approved`;
  return undefined;
}
