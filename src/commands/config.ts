import path from 'node:path';
import * as z from 'zod';
import { defineCommand, type Context } from '../cli/define.ts';
import { flag } from '../cli/params.ts';
import type { Target } from '../config/change.ts';
import { KEYS, requireKey, type Key } from '../config/keys.ts';
import { LAYERS, loadConfig, projectConfigFile } from '../config/load.ts';
import { writeValue } from '../config/value.ts';
import { explainSetting, listSettings, viewSetting, type ExplainedSetting, type SettingView } from '../config/views.ts';
import { WtError } from '../core/errors.ts';
import { nearNames } from '../core/names.ts';
import type { Repo } from '../sessions/repo.ts';
import {
  changeSetting,
  editSettings,
  findRepoOrNone,
  listSettingsFiles,
  type SettingChange,
  type SettingsFile,
} from '../sessions/setting.ts';
import { renderChange, renderExplained, renderSettings, valueText } from '../ui/config.ts';
import { safe } from '../ui/text.ts';
import type { Look } from '../ui/theme.ts';

const ACTIONS = ['list', 'get', 'explain', 'set', 'unset', 'edit', 'path'] as const;
type Action = (typeof ACTIONS)[number];

type Outcome =
  | { readonly action: 'list' | 'get'; readonly settings: readonly SettingView[]; readonly home: string }
  | { readonly action: 'explain'; readonly setting: ExplainedSetting; readonly home: string }
  | (SettingChange & { readonly action: 'set' | 'unset'; readonly isPlanned: boolean })
  | {
      readonly action: 'path' | 'edit';
      readonly files: readonly SettingsFile[];
      readonly isPlanned: boolean;
      readonly isOne: boolean;
    };

const Setting = z.object({
  key: z.string(),
  value: z.unknown(),
  origin: z.enum(LAYERS),
  file: z.string().nullable(),
  line: z.number().int().nullable(),
  variable: z.string().nullable(),
});

export default defineCommand({
  description: `What wt does can be set for a repository, for a person, and for a person in one repository.

  list [group]        every setting, its value and who says so; the default
  get <key>           its value alone, for scripts
  explain <key>       what it means, what each source says, and how to set it
  set <key> <value>   write it down; comments and layout of the file stay
  unset <key>         take it out of the file again
  edit                open the file in $EDITOR, and check it afterwards
  path                where the files are

Later ones win: the defaults, wt.config.jsonc of the repository, the person's own file, the section for this repository in there, and the WT_… variables of the environment. A value is text, or JSON for a number, true, false or a list.`,
  args: {
    action: { flags: '[action]', help: ACTIONS.join(', '), schema: z.string().default('list') },
    key: { flags: '[key]', help: 'Name of a setting, as in merge.gate', schema: z.string().optional() },
    value: { flags: '[value...]', help: 'What it is set to', schema: z.array(z.string()).default([]) },
  },
  options: {
    project: flag('--project', 'In wt.config.jsonc of the repository, for everyone (the default)'),
    personal: flag('--personal', "In the person's own file, for all repositories"),
    here: flag('--here', "In the person's own file, for this repository"),
  },
  examples: [
    'wt config',
    'wt config get merge.gate',
    'wt config explain setup.run',
    "wt config set merge.gate 'npm test'",
    `wt config set setup.copy '[".env", ".env.local"]'`,
    'wt config set --personal trash.keep 30d',
    'wt config unset --here limits.sessions',
    'wt config edit --personal',
    'cat "$(wt config path --project)"',
  ],
  mutates: true,
  data: z.object({
    settings: z.array(Setting).optional(),
    setting: Setting.extend({
      description: z.string(),
      default: z.unknown(),
      layers: z.array(Setting.omit({ key: true }).extend({ wins: z.boolean() })),
      settable: z.string().nullable(),
    }).optional(),
    change: z
      .object({
        key: z.string(),
        file: z.string(),
        before: z.unknown(),
        after: z.unknown(),
        changed: z.boolean(),
        planned: z.boolean(),
      })
      .optional(),
    files: z
      .array(z.object({ layer: z.enum(['project', 'personal']), file: z.string(), exists: z.boolean() }))
      .optional(),
  }),

  async run(context, input): Promise<Outcome> {
    const action = requireAction(input.action);
    const target = requireTarget(input);
    requireWords(action, input);
    const repo = await findRepoOrNone(context.deps, target);
    switch (action) {
      case 'list':
        return list(context, repo, input.key);
      case 'get':
        return get(context, repo, input.key ?? '');
      case 'explain':
        return explain(context, repo, input.key ?? '');
      case 'set':
      case 'unset':
        return change(context, repo, {
          action,
          target: target ?? 'project',
          key: requireKey(input.key ?? ''),
          value: input.value[0],
        });
      case 'edit':
        return edit(context, repo, target ?? 'project');
      case 'path': {
        const files = await listSettingsFiles({ root: repo?.root, env: context.deps.env }, target);
        return { action, files, isPlanned: false, isOne: target !== undefined };
      }
    }
  },

  human: (outcome, look) => describe(outcome, look),
  warnings: (outcome) => (outcome.action === 'set' ? warningsOf(outcome) : []),
  json(outcome) {
    switch (outcome.action) {
      case 'list':
      case 'get':
        return { settings: [...outcome.settings] };
      case 'explain': {
        const { isShared: _, layers, ...setting } = outcome.setting;
        const said = layers.filter(({ isSet }) => isSet).map(({ key: __, isSet: ___, ...layer }) => layer);
        return { setting: { ...setting, layers: said } };
      }
      case 'set':
      case 'unset': {
        const { file, before, after, isChanged } = outcome.change;
        const said = { before: before ?? null, after: after ?? null, changed: isChanged, planned: outcome.isPlanned };
        return { change: { key: outcome.key.key, file, ...said } };
      }
      case 'path':
      case 'edit':
        return { files: [...outcome.files] };
    }
  },
});

function warningsOf({
  key: { key },
  change: { file, isChanged },
  isCovered,
}: Extract<Outcome, { action: 'set' | 'unset' }>): readonly string[] {
  const isOfRepository = path.basename(file) === path.basename(projectConfigFile(''));
  const runs = isChanged && isOfRepository && RUNS.test(key) ? [`${key} counts once it is approved: wt trust`] : [];
  if (isCovered === undefined) return runs;
  const who = isCovered.variable === null ? (isCovered.file ?? 'the default') : `$${isCovered.variable}`;
  return [...runs, `${key} stays ${valueText(isCovered.value)}: ${who} says so, and wins`];
}

/** What a repository may not run before a person has approved it. */
const RUNS = /^(?:setup\.run|teardown\.run|hooks\..*|env(?:\..*)?|merge\.gate)$/;

function requireAction(word: string): Action {
  const found = ACTIONS.find((action) => action === word);
  if (found !== undefined) return found;
  const isKey = KEYS.some(({ key }) => key === word);
  const [near] = nearNames(word, ACTIONS);
  throw new WtError('usage.invalid', {
    option: word,
    reason: isKey
      ? 'it is a setting; say what to do with it'
      : `wt config has no such action; it has ${ACTIONS.join(', ')}`,
    fix: isKey ? ['wt', 'config', 'explain', word] : ['wt', 'config', ...(near === undefined ? ['--help'] : [near])],
  });
}

function requireTarget({
  project,
  personal,
  here,
}: {
  project: boolean;
  personal: boolean;
  here: boolean;
}): Target | undefined {
  const asked = [
    ...(project ? ['project' as const] : []),
    ...(personal ? ['personal' as const] : []),
    ...(here ? ['here' as const] : []),
  ];
  if (asked.length > 1)
    throw new WtError('usage.invalid', {
      option: `--${asked[1] ?? ''}`,
      reason: `give one of --project, --personal, --here`,
    });
  return asked[0];
}

/** Each action has its number of words. */
function requireWords(action: Action, { key, value }: { key: string | undefined; value: readonly string[] }): void {
  const refuse = (reason: string, fix: readonly string[]): never => {
    throw new WtError('usage.invalid', { option: `wt config ${action}`, reason, fix });
  };
  const takesKey = ['get', 'explain', 'set', 'unset'].includes(action);
  if (takesKey && key === undefined) refuse('it needs the name of a setting', ['wt', 'config', 'list']);
  if (!takesKey && action !== 'list' && key !== undefined)
    refuse('it takes no name of a setting', ['wt', 'config', action]);
  if (action === 'set' && value.length === 0) refuse('it needs a value', ['wt', 'config', 'explain', key ?? '']);
  if (action === 'set' && value.length > 1)
    refuse('a value with blanks has to be quoted', ['wt', 'config', 'set', key ?? '', value.join(' ')]);
  if (action !== 'set' && value.length > 0)
    refuse('it takes no value', ['wt', 'config', 'set', key ?? '', value.join(' ')]);
}

async function list({ deps: { env } }: Context, repo: Repo | undefined, below: string | undefined): Promise<Outcome> {
  const settings = listSettings(await loadConfig(repo?.root, env), env, below);
  if (settings.length === 0) requireKey(below ?? '');
  return { action: 'list', settings, home: env['HOME'] ?? '' };
}

async function get({ deps: { env } }: Context, repo: Repo | undefined, name: string): Promise<Outcome> {
  const key = requireKey(name);
  return { action: 'get', settings: [viewSetting(await loadConfig(repo?.root, env), env, key)], home: '' };
}

async function explain({ deps: { env } }: Context, repo: Repo | undefined, name: string): Promise<Outcome> {
  const key = requireKey(name);
  return {
    action: 'explain',
    setting: explainSetting(await loadConfig(repo?.root, env), env, key),
    home: env['HOME'] ?? '',
  };
}

async function change(
  { deps, globals: { dryRun } }: Context,
  repo: Repo | undefined,
  { action, value, ...where }: { action: 'set' | 'unset'; target: Target; key: Key; value: string | undefined },
): Promise<Outcome> {
  const text = action === 'unset' ? undefined : (value ?? '');
  return { action, isPlanned: dryRun, ...(await changeSetting(deps, repo, { ...where, text, dryRun })) };
}

async function edit({ deps, globals: { dryRun } }: Context, repo: Repo | undefined, target: Target): Promise<Outcome> {
  return { action: 'edit', files: await editSettings(deps, repo, { target, dryRun }), isPlanned: dryRun, isOne: true };
}

function describe(outcome: Outcome, look: Look): string {
  const { theme } = look;
  switch (outcome.action) {
    case 'list':
      return renderSettings(outcome.settings, outcome.home, look);
    case 'get':
      return outcome.settings.map(({ value }) => (value === null ? '' : `${safe(writeValue(value))}\n`)).join('');
    case 'explain':
      return renderExplained(outcome.setting, outcome.home, look);
    case 'set':
    case 'unset':
      return renderChange(outcome.key.key, outcome.change, { theme, isPlanned: outcome.isPlanned });
    case 'edit':
      return `${outcome.isPlanned ? 'Would edit' : `${theme.ok} Checked`} ${theme.path(outcome.files[0]?.file ?? '')}\n`;
    case 'path':
      return outcome.files
        .map(({ layer, file, exists }) =>
          outcome.isOne
            ? `${file}\n`
            : `${layer.padEnd(8)}  ${theme.path(file)}${exists ? '' : theme.dim('  (not there)')}\n`,
        )
        .join('');
  }
}
