import path from 'node:path';
import { WtError } from '../core/errors.ts';
import { branchOf, changeRefs, findRef, listRefs, refOfBranch, resolveCommit } from '../git/ref.ts';
import { findOperation } from '../git/repo.ts';
import { readText } from '../platform/files.ts';
import type { Session } from '../sessions/book.ts';
import { checkTree } from '../sessions/worktree.ts';
import type { Finding, Fix } from './finding.ts';
import { holderOf, readHeadRef } from './heads.ts';
import { restingSessions, type Check, type Scene } from './scene.ts';

/** Each session's branch: there, and checked out in its folder. */
export const checkBranches: Check = async (scene) => {
  const sessions = restingSessions(scene).filter(({ admin }) => admin !== undefined);
  const refs = await listRefs(
    scene.repo.git,
    sessions.map(({ row }) => refOfBranch(row.branch)),
  );
  const known = new Set(refs.map(({ name }) => name));
  const found = await Promise.all(
    sessions.map((session) =>
      known.has(refOfBranch(session.row.branch)) ? switched(scene, session) : branchMissing(scene, session),
    ),
  );
  return found.filter((finding) => finding !== undefined);
};

async function branchMissing(scene: Scene, session: Session): Promise<Finding | undefined> {
  const { id, row, admin, path: at } = session;
  if (admin === undefined) return undefined;
  const head = await readHeadRef(admin.directory);
  const last = await lastOfReflog(scene, admin.directory);
  const shared = {
    check: 'branch.missing',
    severity: 'error' as const,
    session: id,
    message: `its branch ${row.branch} is gone`,
    why: 'Nothing holds its commits but the log of this one worktree; once that expires git may delete them.',
  };
  const { root } = scene.repo;
  if (typeof head === 'string' && head !== refOfBranch(row.branch))
    return {
      ...shared,
      message: `its branch ${row.branch} is gone, and ${branchOf(head)} is checked out in ${at}`,
      why: 'It was renamed, or deleted after a switch. wt lands and removes a session by the branch it knows.',
      fix: {
        kind: 'command',
        argv: ['git', '-C', root, 'branch', row.branch, head],
        does: `makes it again where ${branchOf(head)} is; then git switch ${row.branch} in the session`,
      },
    };
  const isAutomatic = head === refOfBranch(row.branch) && last !== undefined;
  const fix: Fix = isAutomatic
    ? {
        kind: 'automatic',
        does: `makes it again at ${last.slice(0, 7)}, the last commit the log of its worktree names`,
        apply: ({ repo }) => makeBranch(repo.git, row.branch, last),
      }
    : {
        kind: 'command',
        argv: ['git', '-C', root, 'branch', row.branch, last ?? row.base.commit],
        does:
          last === undefined
            ? 'makes it again where the session was cut; the log of its worktree names no commit'
            : 'makes it again at the commit that is checked out there',
      };
  return { ...shared, fix };
}

async function makeBranch(git: Scene['repo']['git'], branch: string, commit: string): Promise<void> {
  const ref = refOfBranch(branch);
  if (await changeRefs(git, [{ kind: 'create', ref, to: commit }], { message: 'wt doctor: made again' })) return;
  if ((await findRef(git, ref)) !== undefined) return;
  throw new WtError('git.failed', {
    args: ['git', 'branch', branch, commit],
    exitCode: 128,
    stderr: `git could not make ${branch} again; another branch may be in its way`,
  });
}

async function lastOfReflog({ repo }: Scene, directory: string): Promise<string | undefined> {
  const last = (await readText(path.join(directory, 'logs', 'HEAD')))?.trimEnd().split('\n').at(-1)?.split(' ')[1];
  return last === undefined || /^0+$/.test(last) ? undefined : resolveCommit(repo.git, last);
}

async function switched(scene: Scene, session: Session): Promise<Finding | undefined> {
  const { id, row, admin, path: at } = session;
  if (admin === undefined || (await checkTree(session)) !== 'ok') return undefined;
  if ((await findOperation(admin.directory)) !== undefined) return undefined;
  const wanted = refOfBranch(row.branch);
  const head = await readHeadRef(admin.directory);
  if (head === undefined || head === wanted) return undefined;
  const holder = await holderOf(scene, wanted);
  return {
    check: 'branch.switched',
    severity: 'warning',
    session: id,
    message:
      head === null
        ? `no branch is checked out in it (HEAD is detached), and its branch is ${row.branch}`
        : `${branchOf(head)} is checked out in it, and its branch is ${row.branch}`,
    why: `What is committed there now does not come along when ${row.branch} lands${head === null ? ', and no branch holds it' : ''}.`,
    fix:
      holder === undefined
        ? {
            kind: 'command',
            argv: ['git', '-C', at, 'switch', row.branch],
            does:
              head === null
                ? 'goes back to its branch; look first whether commits were made meanwhile (git log)'
                : 'goes back to its branch',
          }
        : {
            kind: 'command',
            argv: ['git', '-C', holder, 'switch', '--detach'],
            does: `sets ${row.branch} free, which is checked out there; then git switch ${row.branch} in the session`,
          },
  };
}
