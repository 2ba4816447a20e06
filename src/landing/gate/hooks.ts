import path from 'node:path';
import type { Strategy } from '../../config/schema.ts';
import { WtError } from '../../core/errors.ts';
import { readCommitSettings, runHook } from '../../git/hook.ts';
import type { Git } from '../../git/git.ts';
import { makePrivateDirectory, readText, removeFile, replaceFile } from '../../platform/files.ts';
import { isExecutable } from '../../platform/program.ts';
import { scratchPath } from '../../sessions/cache.ts';
import { gitAtWorktree, type Repo } from '../../sessions/repo.ts';
import { checkOutStaged, type GateTree } from './gate-tree.ts';
import type { MergePlan } from '../plan.ts';

/** The hooks that a landing runs, of those that are there and may be executed. */
export interface LandingHooks {
  readonly folder: string;
  /** Sees the merged files before there is a commit of them. */
  readonly onTree: string | undefined;
  /** Gets the message to change or refuse. */
  readonly onMessage: readonly string[];
  readonly after: string | undefined;
  /** Whether a person wants commits signed. */
  readonly isSigned: boolean;
}

// As `git merge`, and as `git merge --squash` with the commit behind it; a replayed or forwarded commit has passed them before.
const BY_STRATEGY: Readonly<Record<Strategy, { onTree?: string; onMessage: readonly string[] }>> = {
  merge: { onTree: 'pre-merge-commit', onMessage: ['prepare-commit-msg', 'commit-msg'] },
  squash: { onTree: 'pre-commit', onMessage: ['prepare-commit-msg', 'commit-msg'] },
  rebase: { onMessage: [] },
  ff: { onMessage: [] },
};

export async function findLandingHooks(repo: Repo, strategy: Strategy): Promise<LandingHooks> {
  const { hooksFolder: folder, isSigned } = await readCommitSettings(repo.git, repo.commonDir);
  const has = async (name: string): Promise<boolean> => isExecutable(path.join(folder, name));
  const { onTree, onMessage } = BY_STRATEGY[strategy];
  const found = await Promise.all(onMessage.map(async (name) => ((await has(name)) ? [name] : [])));
  return {
    folder,
    isSigned,
    onTree: onTree !== undefined && (await has(onTree)) ? onTree : undefined,
    onMessage: found.flat(),
    after: (await has('post-merge')) ? 'post-merge' : undefined,
  };
}

/** The message as the hooks leave it. Throws `hook.failed`. */
export async function passMessage(repo: Repo, { folder, onMessage }: LandingHooks, plan: MergePlan): Promise<string> {
  if (onMessage.length === 0) return plan.message;
  const file = scratchPath(repo, 'message');
  const git = gitAtWorktree(repo, plan.checkout ?? repo.root);
  await makePrivateDirectory(path.dirname(file));
  await replaceFile(file, `${plan.message}\n`);
  try {
    for (const name of onMessage) {
      const args = name === 'commit-msg' ? [file] : [file, plan.strategy];
      await requirePass(git, { folder, name, args, id: plan.session.id });
    }
    const message = ((await readText(file)) ?? '').trim();
    if (message !== '') return message;
    throw new WtError('hook.failed', {
      hook: onMessage.join(', '),
      output: 'the message is empty now',
      id: plan.session.id,
    });
  } finally {
    await removeFile(file);
  }
}

/** Lets the hook see the merged files: staged in the gate worktree, on top of the target. Throws `hook.failed`. */
export async function passTree(
  gate: GateTree,
  { folder, onTree }: LandingHooks,
  { plan, commit }: { plan: MergePlan; commit: string },
): Promise<void> {
  if (onTree === undefined) return;
  await checkOutStaged(gate, { onto: plan.target.commit, commit });
  await requirePass(gate.git, { folder, name: onTree, id: plan.session.id });
}

/** What the hook that runs afterwards had to say when it failed; the landing stands. */
export async function runAfter(
  repo: Repo,
  { folder, after }: LandingHooks,
  plan: MergePlan,
): Promise<string | undefined> {
  if (after === undefined || plan.checkout === undefined) return undefined;
  const args = [plan.strategy === 'squash' ? '1' : '0'];
  const { exitCode, output } = await runHook(gitAtWorktree(repo, plan.checkout), { folder, name: after, args });
  return exitCode === 0 ? undefined : `${plan.session.id} has landed, and the hook ${after} failed: ${output}`;
}

async function requirePass(
  git: Git,
  { id, ...hook }: { folder: string; name: string; args?: readonly string[]; id: string },
): Promise<void> {
  const { exitCode, output } = await runHook(git, hook);
  if (exitCode !== 0) throw new WtError('hook.failed', { hook: hook.name, output, id });
}
