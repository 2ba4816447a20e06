import { createHash } from 'node:crypto';
import path from 'node:path';
import { WtError } from '../../core/errors.ts';
import type { Env } from '../../platform/deps.ts';
import { lstatOf, readText, removeFile, replaceFile, type Log } from '../../platform/files.ts';
import type { Commands } from '../../sessions/hooks.ts';
import { placeOf } from '../../sessions/facts.ts';
import { howEnded, reasonOf } from '../../sessions/ready.ts';
import type { Repo } from '../../sessions/repo.ts';
import { findGitDir } from '../../sessions/worktree.ts';
import type { Definition } from '../../setup/definition.ts';
import { placeFiles } from '../../setup/files/files.ts';
import { describeStep, stepsOf } from '../../setup/fill.ts';
import type { Place } from '../../setup/place.ts';
import { prepareSources } from '../../setup/sources/sources.ts';
import { runPhase } from '../../setup/steps.ts';
import type { MergePlan } from '../plan.ts';
import type { GateTree } from './gate-tree.ts';

/** Why the gate worktree is not ready for a gate. */
export interface Unready {
  readonly command: string;
  readonly exitCode: number;
  readonly log: string;
  readonly output: readonly string[];
}

/** Files that say which packages a build is made of: what was installed for others is out of date. */
const LOCKFILES = [
  'package-lock.json',
  'npm-shrinkwrap.json',
  'yarn.lock',
  'pnpm-lock.yaml',
  'bun.lock',
  'bun.lockb',
  'deno.lock',
  'Cargo.lock',
  'uv.lock',
  'poetry.lock',
  'pdm.lock',
  'Pipfile.lock',
  'requirements*.txt',
  'Gemfile.lock',
  'composer.lock',
  'go.sum',
  'mix.lock',
  'pubspec.lock',
  'gradle.lockfile',
  'packages.lock.json',
];

/**
 * Gives the gate worktree what a session gets: sources, files, and the commands of the set-up. Once, and again when the definition or
 * a lockfile is another than last time. Its output goes into the gate's log.
 */
export async function makeGateReady(
  repo: Repo,
  gate: GateTree,
  {
    plan,
    commands,
    log,
    env,
  }: { plan: MergePlan; commands: Commands | undefined; log: Log & { file: string }; env: Env },
): Promise<Unready | undefined> {
  if (commands === undefined || !(await hasGateSetup(repo, commands.definition))) return undefined;
  const { definition } = commands;
  const stamp = await stampOf(repo, gate, definition);
  const { gateStamp } = repo.layout;
  if ((await readText(gateStamp)) === stamp) return undefined;
  await removeFile(gateStamp);
  const place = await gatePlace(repo, gate, plan);
  try {
    await prepareSources(place, definition.settings.setup);
    await placeFiles(place, definition.files);
  } catch (error) {
    if (WtError.is(error, 'interrupted')) throw error;
    log.write(`the files of the set-up: ${reasonOf(error)}\n`);
    return { command: 'the files of the set-up', exitCode: 1, log: log.file, output: [reasonOf(error)] };
  }
  const { deps, commonDir, root } = repo;
  const where = { deps, commonDir, main: root, cwd: gate.folder, facts: place.facts };
  const holdFd = gate.fd;
  const options = { ...commands.narrator, log, env, holdFd, takesScripts: true };
  const { failed } = await runPhase(where, definition, 'setup', options);
  if (failed === undefined) {
    await replaceFile(gateStamp, stamp);
    return undefined;
  }
  const command = `${describeStep(failed.step)} (${howEnded(failed)})`;
  return { command, exitCode: failed.exitCode ?? 124, log: log.file, output: failed.output };
}

/** Whether a gate needs more than git's checkout: files or commands. */
export async function hasGateSetup({ root }: Repo, definition: Definition): Promise<boolean> {
  if (stepsOf(definition, ['setup']).length > 0 || definition.files.length > 0) return true;
  return (await lstatOf(path.join(root, '.worktreeinclude'))) !== undefined;
}

/** What the set-up is made of, as one hash; with the worktree it was made for. */
async function stampOf(
  { root }: Repo,
  { git, folder }: GateTree,
  { steps, files, env, settings }: Definition,
): Promise<string> {
  const globs = LOCKFILES.map((name) => `:(glob)**/${name}`);
  const { stdout } = await git(['ls-files', '-s', '-z', '--', ...globs]);
  const setup = steps.filter(({ phase }) => phase === 'setup');
  const { submodules, lfs } = settings.setup;
  const included = (await readText(path.join(root, '.worktreeinclude'))) ?? null;
  const parts = [await findGitDir(folder), stdout, included, setup, files, env, { submodules, lfs }];
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}

/** The gate worktree in the place of the session's own. */
async function gatePlace(repo: Repo, { folder, git }: GateTree, { session }: MergePlan): Promise<Place> {
  const place = placeOf(repo, session, (await findGitDir(folder)) ?? folder);
  return { ...place, git, facts: { ...place.facts, path: folder } };
}
