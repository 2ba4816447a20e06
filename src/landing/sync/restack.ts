import { WtError } from '../../core/errors.ts';
import { findMergeBase, isAncestor } from '../../git/commit.ts';
import { findRef, refOfBranch, resolveCommit, type Ref } from '../../git/ref.ts';
import { readBook, type Session } from '../../sessions/book.ts';
import { hold, type Held } from '../../sessions/hold.ts';
import type { Repo } from '../../sessions/repo.ts';
import { landSync } from './sync.ts';
import { prepareSync } from './sync-plan.ts';
import { applySync } from './sync-steps.ts';

/** What became of a session that was cut from one that has landed. `left`: it has the new base and is to be synced. */
export type Restacked =
  | { readonly kind: 'synced'; readonly id: string; readonly from: string; readonly to: string }
  | { readonly kind: 'current'; readonly id: string }
  | { readonly kind: 'left'; readonly id: string; readonly error: WtError };

/**
 * After a landing: sessions cut from the landed one's branch get its target as their base, and are brought on it when that
 * goes without asking anybody. All in the caller's own call, so one undo takes it back with the landing. Takes the lock.
 */
export async function restackAfter(
  repo: Repo,
  landed: Pick<Session, 'id' | 'row'>,
  { into, tip }: { into: string; tip: string },
): Promise<readonly Restacked[]> {
  const { sessions } = await readBook(repo);
  const upper = [...sessions.values()].filter(({ row }) => row.base.branch === landed.row.branch);
  const done: Restacked[] = [];
  for (const { id } of upper) {
    const one = await hold(repo, (held) => restack(held, id, { below: landed.row.branch, into, tip }));
    if (one !== undefined) done.push(one);
  }
  return done;
}

async function restack(
  held: Held,
  id: string,
  { below, into, tip }: { below: string; into: string; tip: string },
): Promise<Restacked | undefined> {
  const { repo } = held;
  const session = held.book.sessions.get(id);
  if (session === undefined || session.row.base.branch !== below || session.row.branch === into) return undefined;
  const [branch, target] = [
    await findRef(repo.git, refOfBranch(session.row.branch)),
    await findRef(repo.git, refOfBranch(into)),
  ];
  if (branch === undefined || target === undefined || session.admin === undefined) return undefined;
  const cut = await cutPoint(repo, session, { own: branch.commit, below: tip });
  const moved: Session = {
    ...session,
    row: { ...session.row, base: { ...session.row.base, branch: into, commit: cut } },
  };
  if (session.row.landed?.tip === branch.commit || (await isAncestor(repo.git, branch.commit, target.commit))) {
    await changeBase(held, session, { ref: branch, after: moved.row.base });
    return { kind: 'current', id };
  }
  let outcome: Restacked = { kind: 'current', id };
  let after = moved.row.base;
  try {
    const options = { strategy: 'rebase', includeDirty: false, isNamed: true } as const;
    const prepared = await prepareSync(repo, moved, { branch: into, commit: target.commit }, options);
    if (prepared.kind === 'ready') {
      const base = { before: session.row.base, after: prepared.plan.base.after };
      await landSync(held, { ...prepared.plan, session, base });
      return { kind: 'synced', id, from: prepared.plan.from, to: prepared.plan.to };
    }
    after = prepared.base;
  } catch (thrown) {
    if (!WtError.any(thrown) || thrown.changed || thrown.kind === 'interrupted') throw thrown;
    outcome = { kind: 'left', id, error: thrown };
  }
  await changeBase(held, session, { ref: branch, after });
  return outcome;
}

/** Writes the new base down; the branch and its files stay. */
async function changeBase(
  held: Held,
  session: Session,
  { ref, after }: { ref: Ref; after: Session['row']['base'] },
): Promise<void> {
  const base = { before: session.row.base, after };
  await applySync(held, { session, ref: ref.name, from: ref.commit, to: ref.commit, base, work: null }, '');
}

/** The last commit that the session shares with the landed one, never one before where it was cut. */
async function cutPoint(repo: Repo, { row }: Session, { own, below }: { own: string; below: string }): Promise<string> {
  const [cut, shared] = [await resolveCommit(repo.git, row.base.commit), await findMergeBase(repo.git, own, below)];
  if (shared === undefined) return row.base.commit;
  return cut === undefined || (await isAncestor(repo.git, cut, shared)) ? shared : cut;
}
