import path from 'node:path';
import * as z from 'zod';
import type { Format, FoundStep } from './format.ts';
import { readJson, type Checked } from './read.ts';
import { readScript, scriptStep, shellSteps, type Origin } from './steps.ts';

const FILE = '.cursor/worktrees.json';
const Commands = z.union([z.array(z.string()), z.string()], 'a list of commands, or the path of a script');
const Schema = z.object({
  'setup-worktree': Commands.optional(),
  'setup-worktree-unix': Commands.optional(),
  'setup-worktree-windows': z.unknown().optional(),
});
type Key = 'setup-worktree' | 'setup-worktree-unix';

/** `.cursor/worktrees.json` (cursor.com/docs/configuration/worktrees): commands, or a script by its path from that file. */
export const cursor: Format = {
  name: 'cursor',
  async find(root) {
    const read = await readJson(root, FILE, Schema);
    if (read === undefined) return undefined;
    const key: Key = read.value['setup-worktree-unix'] === undefined ? 'setup-worktree' : 'setup-worktree-unix';
    const notes = read.unknown.map((name) => `${name} is no key of Cursor's`);
    if (key === 'setup-worktree-unix' && read.value['setup-worktree'] !== undefined)
      notes.push('setup-worktree is not used: setup-worktree-unix stands above it');
    const steps = await stepsOf(root, read, key);
    return { format: 'cursor', file: read.file, steps, files: [], ports: [], notes };
  },
};

async function stepsOf(root: string, read: Checked<z.infer<typeof Schema>>, key: Key): Promise<readonly FoundStep[]> {
  const env = { ROOT_WORKTREE_PATH: '{main}', CURSOR_WORKTREE_PATH: '{path}' };
  const origin: Origin = { root, format: 'cursor', file: read.file, env, shell: 'bash' };
  const value = read.value[key];
  if (value === undefined) return [];
  if (typeof value !== 'string') return shellSteps(origin, { phase: 'setup', at: key }, value);
  const found = path.isAbsolute(value) ? undefined : await readScript(root, path.join(path.dirname(FILE), value));
  if (found === undefined)
    throw read.refuse(
      [key],
      `no script of the repository is at ${value}, counted from ${path.dirname(FILE)}; a command is written in a list`,
    );
  return [scriptStep(origin, { phase: 'setup', at: key, stage: 0 }, found)];
}
