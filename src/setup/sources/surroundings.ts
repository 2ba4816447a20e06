import path from 'node:path';
import type { Git } from '../../git/git.ts';
import { parseJson } from '../../core/json.ts';
import type { Env } from '../../platform/deps.ts';
import { lstatOf, readSmallFile, readText, realPathOf } from '../../platform/files.ts';
import { findProgram } from '../../platform/program.ts';
import type { FileRule } from '../step.ts';

/** A repository, and a session of it when there is one yet. */
export interface Surroundings {
  readonly main: string;
  readonly commonDir: string;
  /** git in the main worktree. */
  readonly mainGit: Git;
  readonly env: Env;
  /** The folder of the session. */
  readonly session?: string;
}

const LIMIT_BYTES = 256 * 1024;

/** Where hooks are looked for, when a setting says so; relative, it counts from the top of each worktree (git-config(1), core.hooksPath). */
async function findHooksPath({ mainGit, commonDir }: Surroundings): Promise<string | undefined> {
  if (!(await mayHaveHooksPath(commonDir))) return undefined;
  const { exitCode, stdout } = await mainGit(['config', '--type=path', '--get', 'core.hooksPath'], {
    hooks: true, // else our own setting would answer
    expect: [0, 1],
  });
  return exitCode === 0 ? stdout.replace(/\n$/, '') || undefined : undefined;
}

/** Spares a process where the repository has no such setting. A person's own for all repositories is no folder of this one. */
async function mayHaveHooksPath(commonDir: string): Promise<boolean> {
  return /hookspath/i.test((await readText(path.join(commonDir, 'config'))) ?? '');
}

/** The folder of hooks that is in the main worktree and would be missing in others, relative to the top. */
async function findOwnHooks(around: Surroundings): Promise<string | undefined> {
  const setting = await findHooksPath(around);
  if (setting === undefined || path.isAbsolute(setting)) return undefined;
  const folder = path.resolve(around.main, setting);
  const [real, realMain] = await Promise.all([realPathOf(folder), realPathOf(around.main)]);
  const relative = path.relative(realMain, real);
  if (relative === '' || relative.startsWith('..') || path.isAbsolute(relative)) return undefined;
  return (await lstatOf(folder))?.isDirectory() === true ? path.relative(around.main, folder) : undefined;
}

/**
 * What has to be copied for the hooks of the main worktree to run in a session as well: a folder that a tool generated and git
 * ignores, as husky's `.husky/_`. Nothing is run, and no configuration of git is changed.
 */
export async function findHookRules(around: Surroundings): Promise<readonly FileRule[]> {
  const folder = await findOwnHooks(around);
  if (folder === undefined || /[\\*?[\]!#\s]/.test(folder)) return [];
  const { exitCode } = await around.mainGit(['check-ignore', '-q', '--', path.join(around.main, folder, 'x')], {
    expect: [0, 1],
  });
  if (exitCode !== 0) return [];
  const source = { owner: 'person', file: path.join(around.commonDir, 'config'), format: 'wt' } as const;
  return [{ kind: 'copy', patterns: [`/${folder}/`], source }];
}

/** What will not work in a session as it does in the main worktree, each with what mends it. */
export async function listWarnings(around: Surroundings): Promise<readonly string[]> {
  const { session } = around;
  if (session === undefined) return [];
  const [hooks, direnv] = await Promise.all([findOwnHooks(around), asksDirenv(around)]);
  const isMissing = hooks !== undefined && (await lstatOf(path.join(session, hooks))) === undefined;
  return [
    ...(isMissing
      ? [
          `git hooks do not run in this session: core.hooksPath is ${hooks}, which is not there; run the tool that makes it, or "wt doctor"`,
        ]
      : []),
    ...(direnv ? [`direnv does not load .envrc here until you allow it: direnv allow ${session}`] : []),
  ];
}

/** Whether the person has direnv and the repository asks for it: it wants a word for each folder (direnv.net, allow). */
export async function asksDirenv({ main, session = main, env }: Surroundings): Promise<boolean> {
  return (
    (await lstatOf(path.join(session, '.envrc'))) !== undefined && (await findProgram(env, 'direnv')) !== undefined
  );
}

/** Tools that install hooks: what shows that a project uses one, and what installs them. */
const INSTALLERS = [
  {
    name: 'lefthook',
    files: ['lefthook.yml', '.lefthook.yml', 'lefthook.yaml', 'lefthook.toml', 'lefthook.json'],
    command: 'lefthook install',
  },
  { name: 'pre-commit', files: ['.pre-commit-config.yaml'], command: 'pre-commit install' },
] as const;

/** What is found at the top of the repository and deserves a word when the set-up is explained. Runs only git. */
export async function listNotes(around: Surroundings): Promise<readonly string[]> {
  const [setting, rules] = await Promise.all([findHooksPath(around), findHookRules(around)]);
  return [
    ...rules.map(({ patterns }) => `git hooks: ${patterns.join(', ')} is copied, so that they run in a session too`),
    ...(await hookNotes(around, setting, rules.length > 0)),
    ...(await toolNotes(around)),
  ];
}

async function hookNotes(
  { main, commonDir, session }: Surroundings,
  setting: string | undefined,
  isCopied: boolean,
): Promise<readonly string[]> {
  const notes: string[] = [];
  const place = session ?? main;
  const folder = setting === undefined ? path.join(commonDir, 'hooks') : path.resolve(place, setting);
  const isThere = (await lstatOf(folder)) !== undefined;
  if (setting !== undefined && !isThere && !isCopied)
    notes.push(`git hooks: core.hooksPath is ${setting}, which is not there: no hook runs, and git says nothing`);
  for (const { name, files, command } of INSTALLERS) {
    const found = await firstOf(main, files);
    if (found === undefined || (await runsTool(folder, name))) continue;
    notes.push(`git hooks: ${found} is there, but ${name} is not installed: ${command}, once for all worktrees`);
  }
  const manifest = parseJson(await readOf(main, 'package.json')) as { 'simple-git-hooks'?: unknown } | undefined;
  if (manifest?.['simple-git-hooks'] !== undefined && !(await hasAnyHook(folder)))
    notes.push('git hooks: those of simple-git-hooks are not installed: npx simple-git-hooks, once for all worktrees');
  return notes;
}

const HOOKS = ['pre-commit', 'commit-msg', 'pre-push', 'prepare-commit-msg', 'post-checkout', 'post-merge'];

async function runsTool(folder: string, tool: string): Promise<boolean> {
  const texts = await Promise.all(HOOKS.map((hook) => readOf(folder, hook)));
  return texts.some((text) => text?.includes(tool) === true);
}

async function hasAnyHook(folder: string): Promise<boolean> {
  return (await firstOf(folder, HOOKS)) !== undefined;
}

async function toolNotes({ main, session }: Surroundings): Promise<readonly string[]> {
  const [mise, envrc] = await Promise.all([
    firstOf(main, ['mise.toml', '.mise.toml', 'mise/config.toml', '.config/mise.toml']),
    firstOf(main, ['.envrc']),
  ]);
  const place = session ?? '<path of the session>';
  return [
    ...(mise === undefined
      ? []
      : [
          `${mise}: from mise 2026.7 on a worktree is trusted with the main one; an older mise asks: mise trust ${place}`,
        ]),
    ...(envrc === undefined
      ? []
      : [`.envrc: direnv loads it once you have allowed it for this folder: direnv allow ${place}`]),
  ];
}

async function firstOf(folder: string, names: readonly string[]): Promise<string | undefined> {
  for (const name of names) if ((await lstatOf(path.join(folder, name))) !== undefined) return name;
  return undefined;
}

async function readOf(folder: string, name: string): Promise<string | undefined> {
  const content = await readSmallFile(path.join(folder, name), LIMIT_BYTES);
  return content !== undefined && 'text' in content ? content.text : undefined;
}
