import path from 'node:path';
import { WtError } from '../../core/errors.ts';
import { gitIn, type Git } from '../../git/git.ts';
import {
  cloneModule,
  gitOfModule,
  isPlainName,
  listSubmodules,
  updateSubmodule,
  type Submodule,
} from '../../git/submodule.ts';
import type { Env } from '../../platform/deps.ts';
import { discardOwnTree, lstatOf, realPathOf } from '../../platform/files.ts';
import { throwIfInterrupted } from '../../platform/runner.ts';
import type { Place } from '../place.ts';

/** One worktree with submodules: the session, or a submodule of it, and its counterpart in the main worktree. */
interface Level {
  readonly git: Git;
  /** Folders with the repositories of the submodules: of the main worktree's, and of the session's. */
  readonly from: string;
  readonly to: string;
  /** The worktree in the main one. */
  readonly main: string;
  /** Shown before a path, as in `vendor/lib/`. */
  readonly prefix: string;
  readonly depth: number;
}

/** A repository that holds itself would go on for ever. */
const DEEPEST = 10;

/**
 * Gives a session the submodules that the main worktree has initialised, and theirs. Objects come from the main worktree's; what is
 * not there is fetched from where the person had it fetched before, never from an address that a branch brings along.
 */
export async function placeSubmodules({
  git,
  facts,
  commonDir,
  adminDirectory,
  deps,
}: Place): Promise<{ readonly made: readonly string[]; readonly warnings: readonly string[] }> {
  const made: string[] = [];
  const warnings: string[] = [];
  const open: Level[] = [
    {
      git,
      from: path.join(commonDir, 'modules'),
      to: path.join(adminDirectory, 'modules'),
      main: facts.main,
      prefix: '',
      depth: 0,
    },
  ];
  for (let level = open.pop(); level !== undefined; level = open.pop()) {
    for (const module of await listSubmodules(level.git)) {
      throwIfInterrupted(deps.signal);
      const source = await findSource(level, module);
      if (source === undefined) continue;
      const shown = `${level.prefix}${module.path}`;
      try {
        if (await placeOne(level, module, { source, env: deps.env })) made.push(shown);
        if (level.depth < DEEPEST) open.push(inside(level, module, source));
      } catch (error) {
        if (!WtError.is(error, 'git.failed') && !WtError.is(error, 'git.timeout')) throw error;
        warnings.push(
          `submodule ${shown} is missing (${whyOf(error)}): wt exec ${facts.id} -- git submodule update --init --recursive`,
        );
      }
    }
  }
  return { made, warnings };
}

function inside(level: Level, { name, path: where }: Submodule, source: string): Level {
  return {
    git: gitIn(level.git, path.join(level.git.place.dir, where)),
    from: path.join(source, 'modules'),
    to: path.join(level.to, name, 'modules'),
    main: path.join(level.main, where),
    prefix: `${level.prefix}${where}/`,
    depth: level.depth + 1,
  };
}

/** The repository of a submodule that is initialised in the main worktree. A `.gitmodules` can only name one that is there. */
async function findSource({ from, main }: Level, { name, path: where }: Submodule): Promise<string | undefined> {
  // Not through a link: another repository of this person is none of a branch's business.
  const isPlain = (await realPathOf(path.join(main, where))) === path.join(await realPathOf(main), where);
  if (!isPlain || !isPlainName(name) || (await lstatOf(path.join(main, where, '.git'))) === undefined) return undefined;
  for (const folder of [path.join(from, name), path.join(main, where, '.git')]) {
    const stats = await lstatOf(folder);
    if (stats?.isDirectory() === true && (await lstatOf(path.join(folder, 'HEAD'))) !== undefined) return folder;
  }
  return undefined;
}

/** False when it was there already. */
async function placeOne(
  level: Level,
  module: Submodule,
  { source, env }: { source: string; env: Env },
): Promise<boolean> {
  const { git, to } = level;
  if ((await lstatOf(path.join(git.place.dir, module.path, '.git'))) !== undefined) return false;
  const target = path.join(to, module.name);
  // What is there may hold work. A name can lead into the repository of another submodule: git refuses that one below.
  if ((await lstatOf(target)) === undefined) {
    try {
      await cloneModule(git, { from: source, to: target });
    } catch (error) {
      await discardOwnTree(target);
      throw error;
    }
  }
  if (level.depth > 0) await activate(level, module);
  const { exitCode } = await gitOfModule(git, target)(['cat-file', '-e', `${module.commit}^{commit}`], {
    expect: [0, 1, 128],
  });
  await updateSubmodule(git, module.path, { fetch: exitCode === 0 ? undefined : await sshOptions(git, env) });
  return true;
}

/** ssh asks nobody either; one that a person has set up is theirs. */
async function sshOptions(git: Git, env: Env): Promise<Env> {
  const { stdout } = await git(['config', 'core.sshCommand'], { expect: [0, 1] });
  const isOwn = Boolean(env['GIT_SSH'] || env['GIT_SSH_COMMAND'] || stdout.trim());
  return isOwn ? {} : { GIT_SSH_COMMAND: 'ssh -o BatchMode=yes -o ConnectTimeout=30' };
}

/** A submodule's configuration is its own in each worktree: which of its submodules are in use is taken from the main one's. */
async function activate({ git, main }: Level, { name }: Submodule): Promise<void> {
  const key = `submodule.${name}.url`;
  const { stdout } = await gitIn(git, main)(['config', '--local', key], { expect: [0, 1] });
  if (stdout.trim() !== '') await git(['config', '--local', key, stdout.trim()]);
}

function whyOf({ details }: WtError<'git.failed'> | WtError<'git.timeout'>): string {
  if ('seconds' in details) return `git took longer than ${details.seconds} s`;
  const [line = 'git failed'] = details.stderr.split('\n').filter((one) => /^(?:fatal|error):/.test(one));
  return line;
}
