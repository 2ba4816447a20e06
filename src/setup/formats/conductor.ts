import * as z from 'zod';
import path from 'node:path';
import { escapeTemplate } from '../../core/template.ts';
import { lstatOf } from '../../platform/files.ts';
import type { Format, Found, FoundStep } from './format.ts';
import { readJson, readToml, type Checked } from './read.ts';
import { outsideNotes, rulesFor, shellStep, type Origin } from './steps.ts';

const text = z.string().optional();
const OldSchema = z.object({
  scripts: z.object({ setup: text, run: z.unknown().optional(), archive: text }).optional(),
  runScriptMode: z.unknown().optional(),
});
const Schema = z.object({
  scripts: z.looseObject({ setup: text, archive: text, run: z.unknown().optional() }).optional(),
  file_include_globs: z.union([z.string(), z.array(z.string())]).optional(),
  environment_variables: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).optional(),
});

const PORTS = ['conductor', ...Array.from({ length: 9 }, (_, i) => `conductor-${i + 1}`)];
/** conductor.build/docs/reference/environment-variables. The ten ports are a block: CONDUCTOR_PORT is its first. */
const VARIABLES = {
  CONDUCTOR_WORKSPACE_NAME: '{id}',
  CONDUCTOR_WORKSPACE_PATH: '{path}',
  CONDUCTOR_ROOT_PATH: '{main}',
  CONDUCTOR_DEFAULT_BRANCH: '{base}',
  CONDUCTOR_IS_LOCAL: '1',
  CONDUCTOR_PORT: '{port.conductor}',
};

/** `.conductor/settings.toml` with the local file above it, else the older `conductor.json` (conductor.build/docs/reference/scripts). */
export const conductor: Format = {
  name: 'conductor',
  async find(root) {
    const shared = await readToml(root, '.conductor/settings.toml', Schema);
    const local = await readToml(root, '.conductor/settings.local.toml', Schema);
    const [first] = [shared, local].filter((one) => one !== undefined);
    return first === undefined ? findOld(root) : findNew(root, first, { shared, local });
  },
};

type Read = Checked<z.infer<typeof Schema>>;

async function findNew(
  root: string,
  first: Read,
  { shared, local }: { readonly shared: Read | undefined; readonly local: Read | undefined },
): Promise<Found> {
  const variables = { ...shared?.value.environment_variables, ...local?.value.environment_variables };
  const own = Object.entries(variables).map(([name, value]) => [name, escapeTemplate(String(value))] as const);
  const env = { ...VARIABLES, ...Object.fromEntries(own) };
  const say = async (key: 'setup' | 'archive'): Promise<readonly FoundStep[]> => {
    const from = local?.value.scripts?.[key] === undefined ? shared : local;
    const script = from?.value.scripts?.[key];
    if (from === undefined || script === undefined) return [];
    return stepsOf({ root, format: 'conductor', file: from.file, env }, key, script);
  };
  const globs = local?.value.file_include_globs ?? shared?.value.file_include_globs;
  const copied = await filesOf(root, first.file, globs);
  const steps = [...(await say('setup')), ...(await say('archive'))];
  const keys = [shared, local].flatMap((one) => one?.unknown ?? []);
  return {
    format: 'conductor',
    file: first.file,
    steps,
    files: copied.files,
    ports: steps.length === 0 ? [] : PORTS,
    notes: [
      ...copied.notes,
      ...runNotes(local?.value.scripts?.run ?? shared?.value.scripts?.run),
      ...[...new Set(keys)].map((key) => `${key} is not used`),
    ],
  };
}

async function findOld(root: string): Promise<Found | undefined> {
  const read = await readJson(root, 'conductor.json', OldSchema);
  if (read === undefined) return undefined;
  const { file, value, unknown } = read;
  const origin: Origin = { root, format: 'conductor', file, env: VARIABLES };
  const steps = [
    ...(await stepsOf(origin, 'setup', value.scripts?.setup)),
    ...(await stepsOf(origin, 'archive', value.scripts?.archive)),
  ];
  return {
    format: 'conductor',
    file,
    steps,
    files: [],
    ports: steps.length === 0 ? [] : PORTS,
    notes: [...runNotes(value.scripts?.run), ...unknown.map((key) => `${key} is not used`)],
  };
}

async function stepsOf(
  origin: Origin,
  key: 'setup' | 'archive',
  script: string | undefined,
): Promise<readonly FoundStep[]> {
  if (script === undefined || script.trim() === '') return [];
  const phase = key === 'setup' ? 'setup' : 'teardown';
  return [await shellStep({ ...origin, shell: 'bash' }, { phase, at: `scripts.${key}`, stage: 0, script })];
}

/** `.worktreeinclude` stands above the globs, and they above what Conductor copies when nothing is said. */
async function filesOf(
  root: string,
  file: string,
  globs: string | readonly string[] | undefined,
): Promise<{ readonly files: Found['files']; readonly notes: readonly string[] }> {
  if ((await lstatOf(path.join(root, '.worktreeinclude'))) !== undefined)
    return {
      files: [],
      notes: globs === undefined ? [] : ['file_include_globs is not used: .worktreeinclude stands above it'],
    };
  const list = globs === undefined ? ['**/.env*'] : typeof globs === 'string' ? globs.split('\n') : globs;
  // gitignore patterns already: one without a slash counts at every depth.
  const patterns = list.map((glob) => glob.trim()).filter((glob) => glob !== '' && !glob.startsWith('#'));
  const { files, outside } = rulesFor({ format: 'conductor', file }, 'copy', {
    globs: patterns.map((glob) => (glob.includes('/') ? glob.replace(/^\//, '') : `**/${glob}`)),
  });
  return { files, notes: outsideNotes(outside) };
}

function runNotes(run: unknown): readonly string[] {
  if (run === undefined) return [];
  return ['scripts.run is a button of the app and is not run: "wt exec <id> -- …" starts what you need'];
}
