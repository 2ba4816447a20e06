import { copyFile, mkdir, readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { WtError } from '../core/errors.ts';
import { writeCommit, KEEPER } from '../git/commit.ts';
import type { Git } from '../git/git.ts';
import { changeRefs, keepCommit, listRefs, refOfBranch, type Ref, type RefChange } from '../git/ref.ts';
import { copyIndex, snapshotIndex } from '../git/snapshot.ts';
import type { Env } from '../platform/deps.ts';
import { lstatOf, makePrivateDirectory, readText, removeFile } from '../platform/files.ts';
import { scratchIndexOf } from './cache.ts';
import type { Repo } from './repo.ts';
import { trashFolder } from './trash.ts';

/** Refs that keep what a session in the trash needs of the object store. */
function pinPrefix(id: string, op: string): string {
  return `refs/wt/trash/${id}/${op}`;
}

/** A gc that prunes at once may take what was just written before a ref keeps it, or hold the refs: it is tried again, later and later. */
const PIN_ATTEMPTS = 8;
const PIN_PAUSE_MS = 20;

/**
 * Pins HEAD, the branch tip and the index under `refs/wt/trash/<id>/<op>/`, so that no gc can eat them. A gc that runs at
 * this moment may eat the index's fresh commit before it is pinned: then it is made again.
 */
export async function pinSession(
  repo: Repo,
  op: string,
  spec: {
    id: string;
    gitDir: string | null;
    branch: string;
    head: string | null;
    tip: string | null;
    known: readonly string[];
  },
): Promise<void> {
  const prefix = pinPrefix(spec.id, op);
  const strays = await listStrays(repo, spec);
  for (let attempt = 1; attempt <= PIN_ATTEMPTS; attempt++) {
    const index =
      spec.gitDir === null
        ? undefined
        : await commitIndex(repo, op, { gitDir: spec.gitDir, parent: spec.head ?? spec.tip });
    const past =
      strays.length === 0
        ? null
        : await writeCommit(repo.git, {
            tree: await emptyTree(repo.git),
            parents: strays,
            message: `wt: reflogs of ${op}`,
            env: KEEPER,
          });
    const pins = { head: spec.head, branch: spec.tip, index: index ?? null, past };
    const changes: RefChange[] = Object.entries(pins).flatMap(([name, to]) =>
      to === null ? [] : [{ kind: 'create', ref: `${prefix}/${name}`, to }],
    );
    if (changes.length === 0 || (await changeRefs(repo.git, changes))) return;
    await repo.deps.clock.sleep(PIN_PAUSE_MS * attempt);
  }
  throw new WtError('git.failed', {
    args: ['git', 'update-ref', prefix],
    exitCode: 128,
    stderr: 'the backups could not be written',
  });
}

/** Drops the pins of an operation that never came to move anything. */
export async function unpin(repo: Repo, id: string, op: string): Promise<void> {
  await dropRefs(repo, await listRefs(repo.git, [`${pinPrefix(id, op)}/`]));
}

/** Drops all that kept something of these operations, whatever their ids were: pins of the trash, and what was taken back. */
export async function unpinEntries(repo: Repo, ops: ReadonlySet<string>): Promise<void> {
  if (ops.size === 0) return;
  const refs = await listRefs(repo.git, ['refs/wt/trash/', 'refs/wt/rewound/']);
  await dropRefs(
    repo,
    refs.filter(({ name }) => ops.has(name.split('/')[4] ?? '')),
  );
}

async function dropRefs(repo: Repo, refs: readonly Ref[]): Promise<void> {
  if (refs.length === 0) return;
  const changes = refs.map(({ name, commit }): RefChange => ({ kind: 'delete', ref: name, from: commit }));
  if (await changeRefs(repo.git, changes, { shielded: true })) return;
  // One that somebody holds or has moved must not keep all the others.
  for (const change of changes) await changeRefs(repo.git, [change], { shielded: true });
}

/** The index as a commit: staged-only contents stay alive. Of an unmerged index every stage is kept, named by its number. */
export async function commitIndex(
  repo: Repo,
  op: string,
  spec: { gitDir: string; parent: string | null },
): Promise<string | undefined> {
  const real = path.join(spec.gitDir, 'index');
  await makePrivateDirectory(repo.layout.cache);
  const copy = scratchIndexOf(repo, op);
  try {
    if (!(await copyIndex(real, copy))) return undefined;
    // A split index keeps its other half beside the real one (git-update-index(1) --split-index).
    const env = { GIT_INDEX_FILE: copy, GIT_DIR: spec.gitDir };
    const tree = (await snapshotIndex(repo.git, env)) ?? (await treeOfStages(repo.git, env, '--stage'));
    const parents = [spec.parent, await commitResolved(repo, op, env)].filter((commit) => commit != null);
    return await writeCommit(repo.git, {
      tree,
      parents,
      message: `wt: index of ${op}`,
      env: KEEPER,
    });
  } finally {
    await removeFile(copy);
  }
}

/** The sides of conflicts that are resolved and not committed: the index keeps them in an extension (gitformat-index(5), REUC). */
async function commitResolved(repo: Repo, op: string, env: IndexEnv): Promise<string | undefined> {
  if (!(await readFile(env.GIT_INDEX_FILE)).includes('REUC')) return undefined;
  const tree = await treeOfStages(repo.git, env, '--resolve-undo');
  return writeCommit(repo.git, { tree, parents: [], message: `wt: resolved conflicts of ${op}`, env: KEEPER });
}

interface IndexEnv extends Env {
  readonly GIT_INDEX_FILE: string;
  readonly GIT_DIR: string;
}

async function treeOfStages(git: Git, env: IndexEnv, which: '--stage' | '--resolve-undo'): Promise<string> {
  const { stdout } = await git(['ls-files', which, '-z'], { env });
  const entries = stdout.split('\0').filter((line) => line !== '' && !line.startsWith('160000'));
  const input = entries.map((line, i) => {
    const [mode = '', object = '', stage = ''] = line.slice(0, line.indexOf('\t')).split(' ');
    return `${mode} blob ${object}\t${String(i).padStart(7, '0')}.${stage}\0`;
  });
  return (await git(['mktree', '-z'], { input: input.join('') })).stdout.trim();
}

async function emptyTree(git: Git): Promise<string> {
  return (await git(['mktree', '-z'], { input: '' })).stdout.trim();
}

/**
 * Commits that hang on the session's reflogs and private refs alone: amended, reset, rebased away, bisected. They would
 * go with the next gc once those files are no longer where git looks. `known` are spared the question.
 */
async function listStrays(
  repo: Repo,
  spec: { gitDir: string | null; branch: string; head: string | null; tip: string | null; known: readonly string[] },
): Promise<readonly string[]> {
  const texts = await Promise.all([
    readText(path.join(repo.commonDir, 'logs', refOfBranch(spec.branch))),
    ...(spec.gitDir === null ? [] : (await listPrivateRefs(spec.gitDir)).map((file) => readText(file))),
  ]);
  const tips = [spec.head, spec.tip].filter((commit) => commit !== null);
  const seen = new Set([...tips, ...spec.known]);
  const named = new Set(texts.flatMap((text) => text?.match(/\b[0-9a-f]{40}(?:[0-9a-f]{24})?\b/g) ?? []));
  const asked = [...named].filter((commit) => !seen.has(commit) && !/^0+$/.test(commit));
  if (asked.length === 0) return [];
  const { stdout } = await repo.git(['cat-file', '--batch-check=%(objecttype) %(objectname)'], {
    input: asked.map((commit) => `${commit}\n`).join(''),
  });
  const commits = stdout.split('\n').flatMap((line) => (line.startsWith('commit ') ? [line.slice(7)] : []));
  if (commits.length === 0) return [];
  const input = [...commits, '--not', ...tips].map((line) => `${line}\n`).join('');
  const loose = await repo.git(['rev-list', '--stdin'], { input, expect: [0, 128] });
  if (loose.exitCode !== 0) return commits; // history with holes in it: keep them all
  const unreachable = new Set(loose.stdout.split('\n'));
  return commits.filter((commit) => unreachable.has(commit));
}

/** Files of an administrative folder that name commits: its reflog, its private refs, MERGE_HEAD and the like. */
async function listPrivateRefs(gitDir: string): Promise<readonly string[]> {
  const top = (await readdir(gitDir)).filter((name) => /^[A-Z_]*HEAD$/.test(name));
  const below = ['logs', 'refs', 'rebase-merge', 'rebase-apply', 'sequencer'].map(async (folder) => {
    const entries = await readdir(path.join(gitDir, folder), { recursive: true, withFileTypes: true }).catch(() => []);
    return entries.filter((entry) => entry.isFile()).map((entry) => path.join(entry.parentPath, entry.name));
  });
  return [...top.map((name) => path.join(gitDir, name)), ...(await Promise.all(below)).flat()];
}

/** File of a trash entry that keeps its branch's reflog. */
export const BRANCH_LOG = 'branch-log';

/** Keeps the reflog of a branch that is about to be deleted; git deletes it along. */
export async function keepBranchLog(repo: Repo, op: string, branch: string): Promise<void> {
  const log = path.join(repo.commonDir, 'logs', refOfBranch(branch));
  if ((await lstatOf(log))?.isFile()) await copyFile(log, path.join(trashFolder(repo, op), BRANCH_LOG));
}

/** Puts it back before the branch is made again, so that git goes on writing in it. */
export async function putBranchLog(repo: Repo, op: string, branch: string): Promise<void> {
  const log = path.join(repo.commonDir, 'logs', refOfBranch(branch));
  const kept = path.join(trashFolder(repo, op), BRANCH_LOG);
  if ((await lstatOf(kept)) === undefined || (await lstatOf(log)) !== undefined) return;
  await mkdir(path.dirname(log), { recursive: true });
  await copyFile(kept, log);
}

/** Keeps the commit that a branch is taken back from, in the same transaction as that move, or an index that a commit passed over. */
export function pinRewound(id: string, op: string, commit: string): RefChange {
  return { kind: 'create', ref: rewoundRef(id, op), to: commit };
}

/** git moves the refs of a transaction one after the other: killed between them, it has moved the branch and pinned nothing. */
export async function pinRewoundAfterAll(
  repo: Repo,
  { id, op, from }: { id: string; op: string; from: string },
): Promise<void> {
  await keepCommit(repo.git, { ref: rewoundRef(id, op), to: from });
}

export function rewoundRef(id: string, op: string): string {
  return `refs/wt/rewound/${id}/${op}`;
}
