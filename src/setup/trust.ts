import { createHash } from 'node:crypto';
import path from 'node:path';
import * as z from 'zod';
import { parseJson } from '../core/json.ts';
import { projectConfigFile } from '../config/load.ts';
import { WtError } from '../core/errors.ts';
import type { Env } from '../platform/deps.ts';
import { makeDirectory, readSmallFile, replaceFile } from '../platform/files.ts';
import { wordsOf, type Definition } from './definition.ts';
import type { Step } from './step.ts';

/** What a repository brings along that runs on this machine, in the words it is shown and approved in. */
export interface Brought {
  readonly files: readonly string[];
  /** A line each: where it is written, and the command. */
  readonly commands: readonly string[];
  /** SHA-256 of exactly these. */
  readonly hash: string;
}

/** One approval: which repository, which content, when. */
const Approval = z.object({
  repository: z.string(),
  hash: z.string(),
  commands: z.array(z.string()),
  at: z.iso.datetime(),
});
export type Approval = z.infer<typeof Approval>;

const LIMIT_BYTES = 4 * 1024 * 1024;

/**
 * All of it: commands of every phase, variables of a session, the gate. What was shown is the plan that runs; a definition that
 * was read anew has to be judged anew. Pure.
 */
export function broughtBy(root: string, { steps, env, gate }: Pick<Definition, 'steps' | 'env' | 'gate'>): Brought {
  const parts = [
    ...steps.map((step) => ({ source: step.source, at: step.at, text: textOf(step) })),
    ...env.map(({ name, template, source }) => ({ source, at: `env.${name}`, text: template })),
    ...(gate === undefined ? [] : [{ source: gate.source, at: 'merge.gate', text: gate.command }]),
  ].filter(({ source }) => source.owner === 'repository');
  const files = [...new Set(parts.map(({ source }) => source.file))];
  const commands = parts.map(({ source, at, text }) => {
    const place = source.format === 'wt' ? at : `${path.relative(root, source.file)} ${at}`;
    return `${place}: ${text}`;
  });
  const hash = createHash('sha256').update(JSON.stringify(commands)).digest('hex');
  return { files: files.length === 0 ? [projectConfigFile(root)] : files, commands, hash };
}

/** Everything that decides what the step does. */
function textOf({ command, env, script }: Step): string {
  const variables = Object.entries(env).map(([name, value]) => `${name}=${value} `);
  return `${variables.join('')}${wordsOf(command)}${script === undefined ? '' : `\n${script}`}`;
}

/** Throws `config.untrusted` unless a person has approved all that this definition brings along. */
export async function requireTrust(
  { root, commonDir, env }: { root: string; commonDir: string; env: Env },
  definition: Pick<Definition, 'steps' | 'env' | 'gate'>,
): Promise<void> {
  const brought = broughtBy(root, definition);
  if (await isTrusted(env, commonDir, brought)) return;
  throw new WtError('config.untrusted', { path: brought.files.join(', '), commands: brought.commands });
}

/** Where approvals are kept: outside of every repository, so that no clone and no agent's commit can bring one along. */
export function trustFile(env: Env): string {
  return path.join(env['XDG_STATE_HOME'] || path.join(env['HOME'] ?? '/', '.local', 'state'), 'wt', 'trust.json');
}

/** All approvals; a file that cannot be read holds none. */
export async function listApprovals(env: Env): Promise<readonly Approval[]> {
  const content = await readSmallFile(trustFile(env), LIMIT_BYTES);
  if (content === undefined || 'refused' in content) return [];
  const parsed = z.array(Approval).safeParse(parseJson(content.text));
  return parsed.success ? parsed.data : [];
}

/** Whether a person has approved exactly these commands for this repository, named by its common directory. */
export async function isTrusted(env: Env, repository: string, { hash, commands }: Brought): Promise<boolean> {
  if (commands.length === 0) return true;
  return (await listApprovals(env)).some((one) => one.repository === repository && one.hash === hash);
}

/** Writes an approval down; one for the same repository is replaced. 0600, atomic. */
export async function approve(env: Env, approval: Approval): Promise<void> {
  const others = (await listApprovals(env)).filter(({ repository }) => repository !== approval.repository);
  await save(env, [...others, approval]);
}

/** Takes the approval of a repository back; false when there was none. */
export async function revoke(env: Env, repository: string): Promise<boolean> {
  const all = await listApprovals(env);
  const rest = all.filter((one) => one.repository !== repository);
  if (rest.length === all.length) return false;
  await save(env, rest);
  return true;
}

async function save(env: Env, approvals: readonly Approval[]): Promise<void> {
  await makeDirectory(path.dirname(trustFile(env)));
  await replaceFile(trustFile(env), `${JSON.stringify(approvals, null, 2)}\n`);
}
