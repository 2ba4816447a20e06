import { createHash } from 'node:crypto';
import path from 'node:path';
import * as z from 'zod';
import { parseJson } from '../core/json.ts';
import { projectConfigFile } from '../config/load.ts';
import { WtError } from '../core/errors.ts';
import type { Env } from '../platform/deps.ts';
import {
  listDirectory,
  lstatOf,
  makePrivateDirectory,
  readSmallFile,
  removeFile,
  replaceFile,
} from '../platform/files.ts';
import type { Definition } from './definition.ts';
import { wordsOf, type Step } from './step.ts';

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
export function trustFolder(env: Env): string {
  return path.join(stateFolder(env), 'trust');
}

/** What wt remembers for a person on this machine, apart from every repository. */
export function stateFolder(env: Env): string {
  return path.join(env['XDG_STATE_HOME'] || path.join(env['HOME'] ?? '/', '.local', 'state'), 'wt');
}

/** A file for each repository: two people's words never meet, and a damaged one is no other's trouble. */
function fileOf(env: Env, repository: string): string {
  return path.join(trustFolder(env), `${createHash('sha256').update(repository).digest('hex').slice(0, 32)}.json`);
}

/** All approvals, by repository. */
export async function listApprovals(env: Env): Promise<readonly Approval[]> {
  const names = (await listDirectory(trustFolder(env)))
    .map(({ name }) => name)
    .filter((name) => name.endsWith('.json'));
  const all = await Promise.all(names.map((name) => readApproval(path.join(trustFolder(env), name))));
  return all.flatMap((one) => one ?? []).toSorted((a, b) => (a.repository < b.repository ? -1 : 1));
}

/** The approval of a repository, named by its common directory. One that cannot be read, or that others may write, is none. */
export async function findApproval(env: Env, repository: string): Promise<Approval | undefined> {
  const found = await readApproval(fileOf(env, repository));
  return found?.repository === repository ? found : undefined;
}

async function readApproval(file: string): Promise<Approval | undefined> {
  const stats = await lstatOf(file);
  if (stats === undefined || (stats.mode & 0o022) !== 0) return undefined;
  const content = await readSmallFile(file, LIMIT_BYTES);
  if (content === undefined || 'refused' in content) return undefined;
  return Approval.safeParse(parseJson(content.text)).data;
}

/** Whether a person has approved every one of these, word by word and in its place. Fewer than were approved are fine: a person's own setting may stand above one. */
export async function isTrusted(env: Env, repository: string, brought: Brought): Promise<boolean> {
  return brought.commands.length === 0 || covers(await findApproval(env, repository), brought);
}

/** Pure. */
export function covers(approval: Pick<Approval, 'commands'> | undefined, { commands }: Brought): boolean {
  return approval !== undefined && commands.every((one) => approval.commands.includes(one));
}

/** Writes an approval down in place of an older one of the same repository. 0600, atomic. */
export async function approve(env: Env, approval: Approval): Promise<void> {
  await makePrivateDirectory(trustFolder(env));
  await replaceFile(fileOf(env, approval.repository), `${JSON.stringify(approval, null, 2)}\n`);
}

/** Takes the approval of a repository back; false when there was none. */
export async function revoke(env: Env, repository: string): Promise<boolean> {
  const found = await findApproval(env, repository);
  await removeFile(fileOf(env, repository));
  return found !== undefined;
}

/** What is new and what is gone since the approval; nothing without one. Pure. */
export function changesSince(
  approval: Pick<Approval, 'commands'> | undefined,
  { commands }: Pick<Brought, 'commands'>,
): { readonly added: readonly string[]; readonly removed: readonly string[] } {
  if (approval === undefined) return { added: [], removed: [] };
  return {
    added: commands.filter((one) => !approval.commands.includes(one)),
    removed: approval.commands.filter((one) => !commands.includes(one)),
  };
}
