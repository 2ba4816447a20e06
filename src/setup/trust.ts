import { createHash } from 'node:crypto';
import path from 'node:path';
import * as z from 'zod';
import { parseJson } from '../core/json.ts';
import { projectConfigFile } from '../config/load.ts';
import { WtError } from '../core/errors.ts';
import { shellQuote } from '../core/shell.ts';
import type { Env } from '../platform/deps.ts';
import { personalFolder } from '../platform/dirs.ts';
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
  /** As people read them: where each is written, and the command. */
  readonly commands: readonly string[];
  /** Beside each, all that decides what it does: what is approved. SHA-256 of it. */
  readonly hashes: readonly string[];
}

/** One approval: which repository, which content, when. */
const Approval = z.object({
  repository: z.string(),
  hashes: z.array(z.string()),
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
    ...steps.map((step) => ({ source: step.source, at: step.at, text: textOf(step), exact: exactOf(step) })),
    ...env.map(({ name, template, source }) => ({ source, at: `env.${name}`, text: template, exact: template })),
    ...(gate === undefined ? [] : [{ source: gate.source, at: 'merge.gate', text: gate.command, exact: gate.command }]),
  ].filter(({ source }) => source.owner === 'repository');
  const files = [...new Set(parts.map(({ source }) => source.file))];
  const places = parts.map(({ source, at }) =>
    source.format === 'wt' ? at : `${path.relative(root, source.file)} ${at}`,
  );
  const commands = parts.map(({ text }, i) => `${places[i] ?? ''}: ${text}`);
  const hashes = parts.map(({ exact }, i) => hashOf(JSON.stringify([places[i], exact])));
  return { files: files.length === 0 ? [projectConfigFile(root)] : files, commands, hashes };
}

/** A step as a person reads it: variables on lines of their own, so that no value can pass for a part of the command. */
function textOf({ command, env, script }: Step): string {
  const variables = Object.entries(env).map(([name, value]) => `\nwith ${name}=${shellQuote(value)}`);
  const words = command.kind === 'argv' ? `${wordsOf(command)} (no shell)` : wordsOf(command);
  return `${words}${variables.join('')}${script === undefined ? '' : `\n${script}`}`;
}

/** Everything that decides what the step does. */
function exactOf({ command, env, script, isLiteral }: Step): unknown {
  return { command, env: Object.entries(env), script: script ?? null, isLiteral };
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
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
  return path.join(personalFolder(env, 'state'), 'trust');
}

/** A file for each repository: two people's words never meet, and a damaged one is no other's trouble. */
function fileOf(env: Env, repository: string): string {
  return path.join(trustFolder(env), `${hashOf(repository).slice(0, 32)}.json`);
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
export function covers(approval: Pick<Approval, 'hashes'> | undefined, { hashes }: Brought): boolean {
  return approval !== undefined && hashes.every((one) => approval.hashes.includes(one));
}

/** Writes an approval of all of it down, in place of an older one of the same repository. 0600, atomic. */
export async function approve(
  env: Env,
  repository: string,
  { hashes, commands }: Pick<Brought, 'hashes' | 'commands'>,
  at: Date,
): Promise<void> {
  const approval: Approval = { repository, hashes: [...hashes], commands: [...commands], at: at.toISOString() };
  await makePrivateDirectory(trustFolder(env));
  await replaceFile(fileOf(env, repository), `${JSON.stringify(approval, null, 2)}\n`);
}

/** Takes the approval of a repository back; false when there was none. */
export async function revoke(env: Env, repository: string): Promise<boolean> {
  const found = await findApproval(env, repository);
  await removeFile(fileOf(env, repository));
  return found !== undefined;
}

/** What is new and what is gone since the approval. Pure. */
function changesSince(
  approval: Approval,
  { commands, hashes }: Brought,
): { readonly added: readonly string[]; readonly removed: readonly string[] } {
  return {
    added: commands.filter((_, i) => !approval.hashes.includes(hashes[i] ?? '')),
    removed: approval.commands.filter((_, i) => !hashes.includes(approval.hashes[i] ?? '')),
  };
}

/** An earlier approval of a repository, and what is new and gone since. */
export type Earlier = ReturnType<typeof changesSince> & { readonly approval: Approval };

/** Undefined when nothing was ever approved. */
export async function findEarlier(env: Env, repository: string, brought: Brought): Promise<Earlier | undefined> {
  const approval = await findApproval(env, repository);
  return approval === undefined ? undefined : { approval, ...changesSince(approval, brought) };
}
