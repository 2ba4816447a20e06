import path from 'node:path';
import * as z from 'zod';
import { lstatOf } from '../../platform/files.ts';
import type { FileRule, Phase } from '../step.ts';
import type { Format, FoundStep } from './format.ts';
import { readToml } from './read.ts';
import { shellStep, type Origin } from './steps.ts';
import { translate, type Operation } from './worktrunk-template.ts';

const Table = z.record(z.string(), z.string());
const Hook = z
  .union([z.string(), Table, z.array(Table)], 'a command, a table of commands, or a list of such tables')
  .optional();

/**
 * In the order in which they run; `create` and `start` are names of the same at different times. What cleans up before a worktree
 * goes is the teardown: a clean and a landing take worktrees away too, and run no hook of remove.
 */
const HOOKS = {
  'pre-create': { phase: 'setup', operation: 'create' },
  'pre-start': { phase: 'setup', operation: 'create' },
  'post-create': { phase: 'setup', operation: 'create' },
  'post-start': { phase: 'setup', operation: 'create' },
  'pre-merge': { phase: 'merge.before', operation: 'merge' },
  'post-merge': { phase: 'merge.after', operation: 'merge' },
  'pre-remove': { phase: 'teardown', operation: 'remove' },
  'post-remove': { phase: 'remove.after', operation: 'remove' },
} as const satisfies Record<string, { phase: Phase; operation: Operation }>;
type HookName = keyof typeof HOOKS;
const NAMES = Object.keys(HOOKS) as readonly HookName[];

const UNMAPPED: Readonly<Record<string, string>> = {
  'pre-switch': 'wt has no switch',
  'post-switch': 'wt has no switch',
  'pre-commit': "a landing of wt makes no commit in the session: git's own hook, or the gate, is the place",
  'post-commit': "a landing of wt makes no commit in the session: git's own hook is the place",
};

const Schema = z.object({
  ...(Object.fromEntries(NAMES.map((name) => [name, Hook])) as Record<HookName, typeof Hook>),
  step: z
    .looseObject({ 'copy-ignored': z.looseObject({ exclude: z.array(z.string()).optional() }).optional() })
    .optional(),
});

/** `.config/wt.toml` of worktrunk (worktrunk.dev/hook, worktrunk.dev/step). */
export const worktrunk: Format = {
  name: 'worktrunk',
  async find(root) {
    const read = await readToml(root, '.config/wt.toml', Schema);
    if (read === undefined) return undefined;
    const { file, value, unknown } = read;
    const plan: Plan = { steps: [], ports: new Set(), notes: [], copies: false };
    const origin: Origin = { root, format: 'worktrunk', file, env: {} };
    for (const name of NAMES) await planHook(plan, origin, { name, stages: stagesOf(name, value[name]) });
    const rule = plan.copies ? await copyRule(origin, value.step?.['copy-ignored']?.exclude ?? []) : undefined;
    const others = unknown.map((key) => `${key} is not ${key in UNMAPPED ? `run: ${UNMAPPED[key]}` : 'used'}`);
    return {
      format: 'worktrunk',
      file,
      steps: plan.steps,
      files: rule === undefined ? [] : [rule],
      ports: [...plan.ports],
      notes: [...plan.notes, ...others],
    };
  },
};

interface Plan {
  readonly steps: FoundStep[];
  readonly ports: Set<string>;
  readonly notes: string[];
  copies: boolean;
}

interface Entry {
  readonly at: string;
  readonly name: string | undefined;
  readonly command: string;
}

/**
 * A table runs its commands side by side, a list of tables goes table by table. Those of a `pre-` table go one after the other:
 * they did in older versions, and files rely on it.
 */
function stagesOf(hook: HookName, value: z.infer<typeof Hook>): readonly (readonly Entry[])[] {
  if (value === undefined) return [];
  if (typeof value === 'string') return [[{ at: hook, name: undefined, command: value }]];
  const tables = Array.isArray(value)
    ? value.map((table, i) => ({ at: `${hook}[${i}]`, table }))
    : [{ at: hook, table: value }];
  return tables.flatMap(({ at, table }) => {
    const entries = Object.entries(table).map(([name, command]) => ({ at: `${at}.${name}`, name, command }));
    return hook.startsWith('pre-') && !Array.isArray(value) ? entries.map((entry) => [entry]) : [entries];
  });
}

async function planHook(
  plan: Plan,
  origin: Origin,
  { name, stages }: { readonly name: HookName; readonly stages: readonly (readonly Entry[])[] },
): Promise<void> {
  const { phase, operation } = HOOKS[name];
  const before = plan.steps.filter((step) => step.phase === phase).map(({ stage }) => stage + 1);
  const first = Math.max(0, ...before);
  for (const [i, entries] of stages.entries()) {
    for (const entry of entries) {
      const command = withoutCopy(plan, entry.command);
      if (command === '') continue;
      const reason = whyNotRun(name, command);
      const translated = reason === undefined ? translate(command, operation) : { reason };
      if ('reason' in translated) {
        plan.notes.push(`${entry.at} is not run: ${translated.reason}`);
        continue;
      }
      for (const port of translated.ports) plan.ports.add(port);
      const { script, env } = translated;
      const named = entry.name === undefined ? {} : { name: entry.name };
      plan.steps.push(await shellStep(origin, { phase, at: entry.at, stage: first + i, script, env, ...named }));
    }
  }
}

const COPY = /^\s*wt\s+step\s+copy-ignored((?:\s+--[\w-]+)*)\s*(?:&&\s*|;\s*|$)/;

/** `wt step copy-ignored` is a rule for files here, not a command: `wt` is this very program. */
function withoutCopy(plan: Plan, command: string): string {
  const found = COPY.exec(command);
  if (found === null) return command.trim() === '' ? '' : command;
  // With --require-include it copies what .worktreeinclude names, which wt always does.
  if (!(found[1] ?? '').includes('--require-include')) plan.copies = true;
  return command.slice(found[0].length).trim();
}

function whyNotRun(hook: HookName, command: string): string | undefined {
  if (/(?:^|[\s;&|(])wt\s+(?:step|hook|config|switch|list|merge|remove|select)\b/.test(command))
    return 'it calls worktrunk\'s own program, and "wt" is this one';
  if (hook.startsWith('post-') && HOOKS[hook].phase === 'setup' && neverEnds(command))
    return 'worktrunk leaves it running behind; start it with "wt exec <id> -- …"';
  return undefined;
}

/** Whether a command looks like a server or a watcher, which a set-up would wait for in vain. Pure. */
export function neverEnds(command: string): boolean {
  return [
    /\b(?:npm|pnpm|yarn|bun|deno)\s(?:[^;&|]*\s)?(?:run\s+|task\s+)?(?:dev|start|serve|watch|preview)(?::[\w:-]+)?(?=$|[\s;&|])/,
    /(?:^|\s)--watch(?=$|[\s=])/,
    /\b(?:rails|next|nuxt|astro|vite|hugo|jekyll|flask|uvicorn|gunicorn)\s+(?:s|server|serve|dev|run|start)\b/,
    /\bmanage\.py\s+runserver\b/,
    /\bhttp\.server\b/,
    /\bdocker[\s-]compose\s+(?:[^;&|]*\s)?up\b(?![^;&|]*\s(?:-d|--detach|--wait)\b)/,
  ].some((pattern) => pattern.test(command));
}

/** Never copied by worktrunk either: other tools' state, and other worktrees. */
const NEVER = ['.bzr/', '.hg/', '.jj/', '.pijul/', '.sl/', '.svn/', '.conductor/', '.entire/', '.pi/', '.worktrees/'];

/** All that git ignores, unless `.worktreeinclude` says what: that is always followed. */
async function copyRule({ root, file, format }: Origin, exclude: readonly string[]): Promise<FileRule | undefined> {
  if ((await lstatOf(path.join(root, '.worktreeinclude'))) !== undefined) return undefined;
  const source = { owner: 'repository', file, format } as const;
  return { kind: 'copy', patterns: ['*'], except: [...NEVER, ...exclude], source };
}
