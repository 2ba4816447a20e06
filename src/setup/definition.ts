import { HOOKED, type CommandConfig, type StageConfig } from '../config/commands.ts';
import {
  loadConfig,
  originOf,
  valueAt,
  wrongSetting,
  type Config,
  type Layer,
  type LayerName,
} from '../config/load.ts';
import { unknownPorts } from '../config/names.ts';
import type { Settings } from '../config/schema.ts';
import type { Env } from '../platform/deps.ts';
import { listFound } from './formats/formats.ts';
import { isEmpty, type Found } from './formats/format.ts';
import { templatesOf, type Command, type FileRule, type Phase, type Source, type Step } from './step.ts';

/** All that makes a session of this repository ready and takes it down again, with where each part is written. */
export interface Definition {
  /** What it was made from, with who says what. */
  readonly config: Config;
  readonly settings: Settings;
  readonly steps: readonly Step[];
  readonly files: readonly FileRule[];
  readonly ports: Settings['ports'];
  /** Templates of a session's variables. Those of a repository can make any program run another: they are approved too. */
  readonly env: readonly { readonly name: string; readonly template: string; readonly source: Source }[];
  /** The gate of a landing, when the repository brings it. */
  readonly gate: { readonly command: string; readonly source: Source } | undefined;
  /** Another tool's definition that is used because there is none of wt's. */
  readonly used: Found | undefined;
  /** Those that are there and are not used. */
  readonly unused: readonly Found[];
}

/** Reads everything and runs nothing. Throws `config.invalid`. */
export async function loadDefinition(root: string, env: Env): Promise<Definition> {
  return completeDefinition(root, await loadConfig(root, env));
}

/** The same for a configuration that was read: reads what other tools say. Throws `config.invalid`. */
export async function completeDefinition(root: string, config: Config): Promise<Definition> {
  return defineFrom(config, await listFound(root, config.settings.setup.from));
}

const OWN_KEYS = ['setup.run', 'setup.copy', 'setup.link', 'teardown.run'] as const;
/** Layers that speak of this one repository: what a person sets for all of them replaces no project's set-up. */
const OWN_LAYERS: readonly LayerName[] = ['project', 'repository'];

/**
 * The project's own configuration wins over every other tool's; of those the first that says anything counts, and of its hooks those
 * that have none of wt's own beside them. Throws `config.invalid` when the one that counts cannot be read. Pure.
 */
export function defineFrom(config: Config, found: readonly Found[]): Definition {
  const { settings } = config;
  const own = ownSteps(config);
  const used = hasOwnSetUp(config) ? undefined : found.find((one) => !isEmpty(one));
  if (used?.broken !== undefined) throw used.broken;
  const gate = settings.merge.gate;
  const ports = withPorts(settings.ports, used?.ports ?? []);
  requireKnownPorts(config, own, ports.names);
  return {
    config,
    settings,
    used,
    unused: found.filter((one) => one !== used),
    steps: [...own, ...stepsFrom(used, own, settings)],
    files: [...ownFiles(config), ...(used?.files ?? [])],
    ports,
    env: Object.entries(settings.env).map(([name, template]) => ({
      name,
      template,
      source: sourceOf(originOf(config, `env.${name}`)),
    })),
    gate: gate === undefined ? undefined : { command: gate, source: sourceOf(originOf(config, 'merge.gate')) },
  };
}

/** Throws `config.invalid` for a template that names a port which no session has. Pure. */
function requireKnownPorts(config: Config, steps: readonly Step[], ports: readonly string[]): void {
  const { env, setup } = config.settings;
  const templates = [
    ...Object.entries(env).map(([name, template]) => ({ key: `env.${name}`, template })),
    ...(setup.envFile === undefined ? [] : [{ key: 'setup.envFile', template: setup.envFile }]),
    ...steps.flatMap(({ at, command, env: own }) =>
      [...templatesOf(command), ...Object.values(own)].map((template) => ({ key: at, template })),
    ),
  ];
  for (const { key, template } of templates) {
    const [unknown] = unknownPorts(template, ports);
    if (unknown === undefined) continue;
    const known = ports.length === 0 ? '"ports" names none' : `ports are: ${ports.join(', ')}`;
    throw wrongSetting(config, key, `{${unknown}} is no port of a session; ${known}`);
  }
}

function hasOwnSetUp({ layers }: Config): boolean {
  const own = layers.filter(({ name }) => OWN_LAYERS.includes(name));
  return own.some(({ value }) => OWN_KEYS.some((key) => valueAt(value, key) !== undefined));
}

/** Another tool's commands, but for phases that have commands of wt's own. */
function stepsFrom(used: Found | undefined, own: readonly Step[], { setup, teardown }: Settings): readonly Step[] {
  return (used?.steps ?? [])
    .filter(({ phase }) => !own.some((step) => step.phase === phase))
    .map((step) => ({ ...step, timeoutMs: step.phase === 'teardown' ? teardown.timeout : setup.timeout }));
}

function withPorts(ports: Settings['ports'], names: readonly string[]): Settings['ports'] {
  return { ...ports, names: [...new Set([...ports.names, ...names])] };
}

function sourceOf({ name, file }: Layer): Source {
  return { owner: name === 'project' ? 'repository' : 'person', file: file ?? '', format: 'wt' };
}

function ownFiles(config: Config): readonly FileRule[] {
  const { copy, link } = config.settings.setup;
  const rules: readonly FileRule[] = [
    { kind: 'copy', patterns: copy, source: sourceOf(originOf(config, 'setup.copy')) },
    { kind: 'link', patterns: link, source: sourceOf(originOf(config, 'setup.link')) },
  ];
  return rules.filter(({ patterns }) => patterns.length > 0);
}

function ownSteps(config: Config): readonly Step[] {
  const { setup, teardown, hooks } = config.settings;
  const steps = (phase: Phase, key: string, stages: readonly StageConfig[], timeoutMs: number): readonly Step[] =>
    stagesToSteps(stages, { phase, key, timeoutMs, source: sourceOf(originOf(config, key)) });
  return [
    ...steps('setup', 'setup.run', setup.run, setup.timeout),
    ...steps('teardown', 'teardown.run', teardown.run, teardown.timeout),
    ...HOOKED.flatMap((verb) =>
      (['before', 'after'] as const).flatMap((when) =>
        steps(`${verb}.${when}`, `hooks.${verb}.${when}`, hooks[verb][when], setup.timeout),
      ),
    ),
  ];
}

interface Where {
  readonly phase: Phase;
  /** Of the list, as in `setup.run`. */
  readonly key: string;
  readonly timeoutMs: number;
  readonly source: Source;
}

/** Steps of a list of commands as a configuration writes it. Pure. */
export function stagesToSteps(stages: readonly StageConfig[], where: Where): readonly Step[] {
  return stages.flatMap((stage, i) => {
    const isGroup = typeof stage === 'object' && 'parallel' in stage;
    if (!isGroup) return [toStep(stage, where, { at: `${where.key}[${i}]`, stage: i })];
    return stage.parallel.map((one, j) => toStep(one, where, { at: `${where.key}[${i}].parallel[${j}]`, stage: i }));
  });
}

function toStep(
  config: CommandConfig,
  { phase, timeoutMs, source }: Where,
  { at, stage }: { at: string; stage: number },
): Step {
  const isDetailed = typeof config === 'object' && 'run' in config;
  const detail: Exclude<CommandConfig, string | string[]> = isDetailed ? config : { run: config };
  return {
    phase,
    at,
    stage,
    source,
    command: toCommand(detail.run),
    name: detail.name,
    timeoutMs: detail.timeout ?? timeoutMs,
    env: detail.env ?? {},
    isLiteral: false,
  };
}

function toCommand(words: string | readonly string[]): Command {
  return typeof words === 'string' ? { kind: 'shell', script: words } : { kind: 'argv', argv: words };
}
