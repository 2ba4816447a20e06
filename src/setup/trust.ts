import { createHash } from 'node:crypto';
import path from 'node:path';
import * as z from 'zod';
import { parseJson } from '../core/json.ts';
import { loadProjectMerge, projectConfigFile } from '../config/load.ts';
import type { Env } from '../platform/deps.ts';
import { makeDirectory, readSmallFile, replaceFile } from '../platform/files.ts';

/** Commands that a repository brings along in its own configuration, in the words they are shown and approved in. */
export interface BroughtCommands {
  readonly file: string;
  readonly commands: readonly string[];
  /** SHA-256 of exactly these words. */
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

/** Reads the repository's configuration only; nothing is run. Throws `config.invalid`. */
export async function readBrought(root: string): Promise<BroughtCommands> {
  return broughtBy(root, (await loadProjectMerge(root)).gate);
}

/** The same of a gate that has been read already: what is judged is what runs. Pure. */
export function broughtBy(root: string, gate: string | undefined): BroughtCommands {
  const commands = gate === undefined ? [] : [`merge.gate: ${gate}`];
  const hash = createHash('sha256').update(JSON.stringify(commands)).digest('hex');
  return { file: projectConfigFile(root), commands, hash };
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
export async function isTrusted(env: Env, repository: string, { hash, commands }: BroughtCommands): Promise<boolean> {
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
