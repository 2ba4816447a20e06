import { platform as hostPlatform } from 'node:os';
import * as z from 'zod';
import type { Phase } from '../step.ts';
import type { Format, FoundStep } from './format.ts';
import { readToml, type Checked } from './read.ts';
import { shellStep, type Origin } from './steps.ts';

const Script = z.object({ script: z.string().optional() }).optional();
const Scripts = z.object({ script: z.string().optional(), darwin: Script, linux: Script, win32: Script }).optional();
const Schema = z.object({
  version: z.unknown().optional(),
  name: z.unknown().optional(),
  setup: Scripts,
  cleanup: Scripts,
  actions: z.array(z.looseObject({ name: z.string().optional() })).optional(),
});

/** `.codex/environments/environment.toml` (developers.openai.com/codex, Local environments). */
export const codex: Format = {
  name: 'codex',
  async find(root) {
    const read = await readToml(root, '.codex/environments/environment.toml', Schema);
    if (read === undefined) return undefined;
    const { file, value, unknown } = read;
    const env = { CODEX_SOURCE_TREE_PATH: '{main}', CODEX_WORKTREE_PATH: '{path}' };
    const origin: Origin = { root, format: 'codex', file, env, shell: 'bash' };
    const steps = [...(await stepsOf(origin, read, 'setup')), ...(await stepsOf(origin, read, 'cleanup'))];
    const actions = (value.actions ?? []).map(({ name }) => name ?? 'one without a name');
    const notes = [
      ...(value.version === undefined || value.version === 1
        ? []
        : [`version ${JSON.stringify(value.version)} is not known; it is read as version 1`]),
      ...(actions.length === 0 ? [] : [`actions are buttons of the app and are not run: ${actions.join(', ')}`]),
      ...unknown.map((key) => `${key} is not used`),
    ];
    return { format: 'codex', file, steps, files: [], ports: [], notes };
  },
};

/** The script of this platform stands above the one for all. */
async function stepsOf(
  origin: Origin,
  { value }: Checked<z.infer<typeof Schema>>,
  key: 'setup' | 'cleanup',
): Promise<readonly FoundStep[]> {
  const platform = hostPlatform();
  const own = platform === 'darwin' || platform === 'linux' ? value[key]?.[platform]?.script : undefined;
  const script = own ?? value[key]?.script ?? '';
  if (script.trim() === '') return [];
  const phase: Phase = key === 'setup' ? 'setup' : 'teardown';
  const at = own === undefined ? `${key}.script` : `${key}.${platform}.script`;
  return [await shellStep(origin, { phase, at, stage: 0, script })];
}
