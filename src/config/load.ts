import path from 'node:path';
import type { Env } from '../platform/deps.ts';
import { loadConfigFile, type Variable } from './file.ts';
import { PersonalConfig, ProjectConfig, type MergeConfig, type Strategy } from './schema.ts';

const VARIABLES: Readonly<Record<string, Variable>> = {
  WT_TRASH_KEEP: { at: ['trash', 'keep'] },
  WT_TRASH_MAX_SIZE: { at: ['trash', 'maxSize'] },
  WT_MERGE_GATE: { at: ['merge', 'gate'] },
  WT_MERGE_RETRIES: { at: ['merge', 'retries'], read: Number },
  WT_MERGE_STRATEGY: { at: ['merge', 'strategy'] },
  WT_MERGE_MESSAGE: { at: ['merge', 'message'] },
};

export function personalConfigFile(env: Env): string {
  const folder = env['XDG_CONFIG_HOME'] || path.join(env['HOME'] ?? '/', '.config');
  return path.join(folder, 'wt', 'config.jsonc');
}

/** The committed configuration, in the main worktree. */
export function projectConfigFile(root: string): string {
  return path.join(root, 'wt.config.jsonc');
}

/** The person's file below the environment. Throws `config.invalid`. */
export async function loadPersonalConfig(env: Env): Promise<PersonalConfig> {
  return loadConfigFile(personalConfigFile(env), PersonalConfig, env, VARIABLES);
}

/** How sessions land here: the repository's settings, above them the person's, above them the environment. */
export interface MergeSettings {
  /** A gate that the repository brings along has to be trusted before it runs. */
  readonly gate: { readonly command: string; readonly isRepositorys: boolean } | undefined;
  readonly retries: number;
  /** Either may ask for it, and neither can lift it for the other. */
  readonly requireApproval: boolean;
  readonly strategy: Strategy;
  readonly message: string | undefined;
}

const RETRIES = 3;

/** Throws `config.invalid`. */
export async function loadMergeSettings(root: string, env: Env): Promise<MergeSettings> {
  const [project, personal] = await Promise.all([loadProjectMerge(root), loadPersonalConfig(env)]);
  const { merge: own } = personal;
  const gate = own.gate ?? project.gate;
  return {
    gate: gate === undefined ? undefined : { command: gate, isRepositorys: own.gate === undefined },
    retries: own.retries ?? project.retries ?? RETRIES,
    requireApproval: own.requireApproval === true || project.requireApproval === true,
    strategy: own.strategy ?? project.strategy ?? 'merge',
    message: own.message ?? project.message,
  };
}

/** What the repository's own file says of landing. */
export async function loadProjectMerge(root: string): Promise<MergeConfig> {
  return (await loadConfigFile(projectConfigFile(root), ProjectConfig, {}, {})).merge;
}
