import { fillTemplate } from '../core/template.ts';
import type { FormatName } from '../config/schema.ts';
import { lstatOf } from '../platform/files.ts';
import path from 'node:path';
import type { Definition } from './definition.ts';
import { isEmpty } from './formats/format.ts';
import { findLine } from './lines.ts';
import { wordsOf, type Phase, type Source, type Step } from './step.ts';
import { environmentOf, valuesOf, type SessionFacts } from './values.ts';

/** In the order in which they come in the life of a session. */
export const PHASES = [
  'create.before',
  'setup',
  'create.after',
  'merge.before',
  'merge.after',
  'remove.before',
  'teardown',
  'remove.after',
  'clean.before',
  'clean.after',
] as const satisfies readonly Phase[];

/** Where something is written. */
interface Written {
  readonly file: string;
  readonly line: number | null;
  readonly at: string;
}

export interface ExplainedStep extends Written {
  readonly phase: Phase;
  /** Those of one number run side by side. */
  readonly stage: number;
  readonly name: string | null;
  readonly command: string;
  readonly timeoutMs: number;
  /** What it gets beside the variables of every command, with values as far as they are known. */
  readonly env: Readonly<Record<string, string>>;
  /** A file of the repository that it starts, approved with it. */
  readonly script: string | null;
  readonly owner: Source['owner'];
}

export interface ExplainedRule {
  readonly kind: 'copy' | 'link';
  readonly file: string;
  readonly patterns: readonly string[];
  readonly except: readonly string[];
}

/** What the rules match as things are, relative to the main worktree; a folder with all that is in it ends in "/". */
export interface ExplainedFiles {
  readonly copies: readonly string[];
  readonly links: readonly string[];
  readonly skipped: readonly { readonly path: string; readonly reason: string }[];
}

export interface ExplainedDefinition {
  readonly format: FormatName;
  readonly file: string;
  readonly isUsed: boolean;
  /** Why it is used, or not. */
  readonly reason: string;
  readonly notes: readonly string[];
}

/** What would be done to make a session ready, and what around its landing and its end; nothing has been done for it. */
export interface Explanation {
  /** Null: a new one. */
  readonly session: string | null;
  readonly definitions: readonly ExplainedDefinition[];
  readonly files: readonly ExplainedRule[];
  readonly steps: readonly ExplainedStep[];
  readonly env: Readonly<Record<string, string>>;
  readonly envFile: string | null;
  /** A number once it is leased. */
  readonly ports: Readonly<Record<string, number | null>>;
  readonly gate: (Written & { readonly command: string }) | null;
}

/** Reads the files once more for their lines; runs nothing. */
export async function explainDefinition(
  definition: Definition,
  facts: SessionFacts,
  { isNew }: { readonly isNew: boolean },
): Promise<Explanation> {
  const values = valuesOf(facts);
  const { settings, gate } = definition;
  const ordered = PHASES.flatMap((phase) => definition.steps.filter((step) => step.phase === phase));
  const own = definition.env.map(({ name, template }) => [name, fillTemplate(template, values)] as const);
  return {
    session: isNew ? null : facts.id,
    definitions: definitionsOf(definition),
    files: await listRules(facts.main, definition),
    steps: await Promise.all(ordered.map((step) => explainStep(step, values))),
    env: known({ ...environmentOf(facts), ...Object.fromEntries(own) }),
    envFile: settings.setup.envFile ?? null,
    ports: Object.fromEntries(definition.ports.names.map((name) => [name, facts.ports[name] ?? null])),
    gate: gate === undefined ? null : { ...(await written(gate.source.file, 'merge.gate')), command: gate.command },
  };
}

async function written(file: string, at: string): Promise<Written> {
  return { file, at, line: file === '' ? null : ((await findLine(file, at)) ?? null) };
}

async function explainStep(step: Step, values: Readonly<Record<string, string>>): Promise<ExplainedStep> {
  const { phase, stage, name, command, timeoutMs, env, scriptFile, source, at } = step;
  const filled = Object.entries(env).map(([key, template]) => [key, fillTemplate(template, values)] as const);
  return {
    ...(await written(source.file, at)),
    phase,
    stage,
    name: name ?? null,
    command: wordsOf(command),
    timeoutMs,
    env: Object.fromEntries(filled),
    script: scriptFile ?? null,
    owner: source.owner,
  };
}

/** `.worktreeinclude` is followed whatever else there is. */
async function listRules(root: string, { files }: Definition): Promise<readonly ExplainedRule[]> {
  const include = path.join(root, '.worktreeinclude');
  const always =
    (await lstatOf(include)) === undefined ? [] : [{ kind: 'copy' as const, file: include, patterns: [], except: [] }];
  return [
    ...always,
    ...files.map(({ kind, patterns, except = [], source }) => ({ kind, file: source.file, patterns, except })),
  ];
}

function definitionsOf({ used, unused }: Definition): readonly ExplainedDefinition[] {
  const all = [...(used === undefined ? [] : [used]), ...unused];
  return all.map((found) => {
    const { format, file, notes } = found;
    if (found === used) return { format, file, isUsed: true, reason: 'the first that is found', notes };
    return { format, file, isUsed: false, reason: whyUnused(found, used?.format), notes };
  });
}

function whyUnused(found: Definition['unused'][number], used: FormatName | undefined): string {
  if (found.broken !== undefined) return 'it cannot be read';
  if (isEmpty(found)) return 'there is nothing in it that wt could do';
  return used === undefined ? 'the configuration of wt has a set-up of its own' : `${used} comes before it`;
}

function known(env: Readonly<Record<string, string | undefined>>): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const])),
  );
}
