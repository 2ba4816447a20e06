import path from 'node:path';
import { listDirectory, lstatOf, makeDirectory, readSmallFile } from '../platform/files.ts';
import type { Env } from '../platform/deps.ts';
import { gitAt, type Git } from './git.ts';

export interface UnsharedModule {
  readonly name: string;
  /** Commits, stashed ones included, that none of its remotes has. */
  readonly commits: number;
}

/** Repositories of submodules below a worktree's `modules` folder that hold work of their own (gitsubmodules(7)). */
export async function listUnsharedModules(git: Git, folder: string, name = ''): Promise<readonly UnsharedModule[]> {
  const found: UnsharedModule[] = [];
  for (const entry of await listDirectory(folder)) {
    if (!entry.isDirectory()) continue;
    const place = path.join(folder, entry.name);
    const full = name === '' ? entry.name : `${name}/${entry.name}`;
    if ((await lstatOf(path.join(place, 'HEAD'))) === undefined) {
      found.push(...(await listUnsharedModules(git, place, full)));
      continue;
    }
    const { gitDir: _, ...rest } = git.place;
    const inside = gitAt({ ...rest, dir: place, gitDir: place });
    const { exitCode, stdout } = await inside(['rev-list', '--count', 'HEAD', '--all', '--not', '--remotes'], {
      expect: [0, 128],
    });
    // What cannot be counted counts: it may be work.
    const commits = exitCode === 0 ? Number(stdout.trim()) : 1;
    if (commits > 0) found.push({ name: full, commits });
    found.push(...(await listUnsharedModules(git, path.join(place, 'modules'), full)));
  }
  return found;
}

/** A submodule that this commit of a worktree has (gitmodules(5)). */
export interface Submodule {
  readonly name: string;
  /** Relative to the worktree. */
  readonly path: string;
  readonly commit: string;
}

const GITMODULES_LIMIT_BYTES = 4 * 1024 * 1024;

/** Those that are named in `.gitmodules` and in the index. */
export async function listSubmodules(git: Git): Promise<readonly Submodule[]> {
  const file = path.join(git.place.dir, '.gitmodules');
  const content = await readSmallFile(file, GITMODULES_LIMIT_BYTES);
  if (content === undefined || 'refused' in content) return [];
  const args = ['config', '--file', file, '-z', '--get-regexp', String.raw`^submodule\..*\.path$`];
  const { stdout } = await git(args, { expect: [0, 1, 128] });
  const named = new Map<string, string>();
  for (const line of stdout.split('\0').filter(Boolean)) {
    const [key, where] = splitOnce(line, '\n');
    const name = key.slice('submodule.'.length, -'.path'.length);
    if (isPlainName(name)) named.set(where, name);
  }
  if (named.size === 0) return [];
  const specs = [...named.keys()].map((where) => `:(top,literal)${where}`);
  const { stdout: staged } = await git(['ls-files', '--stage', '-z', '--', ...specs]);
  return staged.split('\0').flatMap((line) => {
    const [fields, where] = splitOnce(line, '\t');
    const [mode, commit = ''] = fields.split(' ');
    const name = named.get(where);
    return mode === '160000' && name !== undefined ? [{ name, path: where, commit }] : [];
  });
}

/** A name is a path below `modules`: git refuses ".." in it, and so does this. Pure. */
export function isPlainName(name: string): boolean {
  return name !== '' && !name.startsWith('-') && !path.isAbsolute(name) && !/(?:^|[\\/])\.{0,2}(?:[\\/]|$)/.test(name);
}

function splitOnce(text: string, at: string): readonly [string, string] {
  const found = text.indexOf(at);
  return found < 0 ? [text, ''] : [text.slice(0, found), text.slice(found + at.length)];
}

/** git in a bare repository, or in one whose worktree is not at hand. */
export function gitOfModule(git: Git, gitDir: string): Git {
  const { gitDir: _, ...rest } = git.place;
  return gitAt({ ...rest, dir: gitDir, gitDir });
}

/**
 * Makes a repository of a submodule from another one on this machine, without network: its objects are hard links, so that it needs
 * the other one no more. Its remotes and what is known of them are the same; the other one's own branches are known as those of
 * `wt-main`, so that nothing counts as work that exists only here.
 */
export async function cloneModule(git: Git, { from, to }: { from: string; to: string }): Promise<void> {
  await makeDirectory(path.dirname(to));
  await git(['clone', '--quiet', '--mirror', '--template=', '--', from, to], {
    // Both are folders of this very repository, and nothing else is reached by it.
    config: ['protocol.file.allow=always'],
    timeoutMs: CLONE_MS,
  });
  const [source, made] = [gitOfModule(git, from), gitOfModule(git, to)];
  const remotes = await source(
    ['config', '--local', '-z', '--get-regexp', String.raw`^remote\..*\.(url|fetch|promisor|partialclonefilter)$`],
    {
      expect: [0, 1],
    },
  );
  await made(['config', '--local', '--remove-section', 'remote.origin'], { expect: [0, 1, 128] });
  for (const line of remotes.stdout.split('\0').filter(Boolean)) {
    const [key, value] = splitOnce(line, '\n');
    await made(['config', '--local', '--add', key, value]);
  }
  await made(['config', '--local', 'core.bare', 'false']);
  const { stdout } = await made(['for-each-ref', '--format=%(objectname) %(refname)']);
  const { stdout: head } = await made(['rev-parse', '--verify', '--quiet', 'HEAD^{commit}'], { expect: [0, 1] });
  const own = stdout
    .split('\n')
    .map((line) => splitOnce(line, ' '))
    .filter(([, ref]) => /^refs\/(?!remotes\/|tags\/)/.test(ref));
  const commands = own.flatMap(([commit, ref]) => [
    ...(ref.startsWith('refs/heads/')
      ? [`update ${ref.replace('refs/heads/', 'refs/remotes/wt-main/')} ${commit}`]
      : []),
    `delete ${ref}`,
  ]);
  if (head.trim() !== '') {
    await made(['update-ref', '--no-deref', 'HEAD', head.trim()]);
    commands.push(`update refs/remotes/wt-main/checked-out ${head.trim()}`);
  }
  await made(['update-ref', '--stdin'], { input: `${commands.join('\n')}\n` });
}

const CLONE_MS = 600_000;
/** What may come over the network takes its time, but not for ever. */
const FETCH_MS = 120_000;

/** Nobody is asked for a password (gitcredentials(7)). */
const UNASKED: Env = { GIT_ASKPASS: '', SSH_ASKPASS: '', SSH_ASKPASS_REQUIRE: 'never', GCM_INTERACTIVE: 'never' };

/** Checks a submodule out that is known to the repository. Without `fetch` only this machine is asked; with it, its remote too, under this environment. */
export async function updateSubmodule(git: Git, where: string, { fetch }: { fetch: Env | undefined }): Promise<void> {
  const args = ['submodule', 'update', '--quiet', '--checkout', ...(fetch ? [] : ['--no-fetch']), '--', where];
  await git(args, { timeoutMs: fetch ? FETCH_MS : CLONE_MS, env: { ...UNASKED, ...fetch } });
}
