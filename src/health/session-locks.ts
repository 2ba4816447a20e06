import { lockSession } from '../sessions/git-lock.ts';
import { checkTree } from '../sessions/worktree.ts';
import type { Finding } from './finding.ts';
import { restingSessions, type Check } from './scene.ts';

/** Each session locked in git's own way. */
export const checkSessionLocks: Check = async (scene) => {
  const found: Finding[] = [];
  for (const session of restingSessions(scene)) {
    const { admin, id } = session;
    if (admin === undefined || admin.locked !== undefined || (await checkTree(session)) !== 'ok') continue;
    found.push({
      check: 'worktree.unlocked',
      severity: 'warning',
      session: id,
      message: 'its worktree is not locked in git',
      why: '"git worktree remove" and the cleaners of other tools may take it away, ignored files and all.',
      fix: {
        kind: 'automatic',
        does: 'locks it, with a reason that says whose lock it is',
        apply: () => lockSession(admin.directory, id),
      },
    });
  }
  return found;
};
