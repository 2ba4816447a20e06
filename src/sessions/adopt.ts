import path from 'node:path';
import { WtError } from '../core/errors.ts';
import { proposeId, whyInvalidId, type AgentName, type SessionId } from '../core/names.ts';
import { findMergeBase } from '../git/commit.ts';
import { excludeOnce } from '../git/ignore.ts';
import { branchOf } from '../git/ref.ts';
import { listWorktrees } from '../git/worktree.ts';
import { realPathOf } from '../platform/files.ts';
import type { SessionRow } from '../registry/session.ts';
import { loadDefinition, type Definition } from '../setup/definition.ts';
import { requirePorts } from '../setup/ports.ts';
import { applyAdopt } from './adopt-steps.ts';
import { requireBase } from './base.ts';
import { readBook, type Book, type Session } from './book.ts';
import { hold, type Held } from './hold.ts';
import { EXCLUDE_LINE, isFolderName } from './layout.ts';
import { idInBranch, type Naming } from './naming.ts';
import { findPorts, whileChoosing, withPorts } from './ports.ts';
import type { Repo } from './repo.ts';
import { findSession } from './select.ts';
import { findGitDir } from './worktree.ts';

export interface AdoptRequest {
  readonly path: string;
  /** Undefined: the branch's name, else the folder's. */
  readonly id: string | undefined;
  readonly base: string | undefined;
  readonly agent: AgentName | null;
  readonly task: string | null;
  readonly dryRun: boolean;
}

export interface AdoptOutcome {
  readonly kind: 'planned' | 'adopted' | 'known';
  readonly session: Session;
}

/** Makes an existing linked worktree a session where it stands: a note in its administrative folder and a row, nothing moves. */
export async function adoptWorktree(repo: Repo, request: AdoptRequest): Promise<AdoptOutcome> {
  const { ports: wanted, settings: naming } = await loadDefinition(repo.root, repo.deps.env);
  const full = { ...request, wanted, naming };
  if (request.dryRun) return plan(repo, await readBook(repo), full);
  return hold(repo, (held) => whileChoosing(repo, wanted.names.length > 0, () => adoptHeld(held, full)));
}

type Request = AdoptRequest & { readonly wanted: Definition['ports']; readonly naming: Naming };

async function adoptHeld(held: Held, request: Request): Promise<AdoptOutcome> {
  const { repo } = held;
  const outcome = await plan(repo, held.book, request);
  const { session } = outcome;
  if (outcome.kind === 'known' || session.admin === undefined) return outcome;
  const { row, admin } = session;
  await excludeOnce(repo.commonDir, EXCLUDE_LINE);
  await applyAdopt(held, row, admin.directory);
  await held.log('session.adopt.after', session.id, { path: session.path, branch: session.row.branch });
  return { ...outcome, kind: 'adopted' };
}

async function plan(repo: Repo, book: Book, request: Request): Promise<AdoptOutcome> {
  const place = await realPathOf(path.resolve(repo.deps.cwd, request.path));
  const known = [...book.sessions.values()].find((session) => session.path === place && session.admin !== undefined);
  if (known !== undefined) return { kind: 'known', session: known };
  const admin = book.unmanaged.find((entry) => entry.path === place);
  const tree = (await listWorktrees(repo.git)).find((one) => one.path === place);
  if (place === repo.root) throw new WtError('path.unsafe', { path: place, reason: 'it is the main worktree' });
  if (admin === undefined || tree === undefined)
    throw new WtError('path.unsafe', { path: place, reason: 'it is no worktree of this repository' });
  if ((await findGitDir(place)) !== (await realPathOf(admin.directory)))
    throw new WtError('path.unsafe', { path: place, reason: 'it and git do not name each other' });
  if (tree.ref === undefined)
    throw new WtError('branch.invalid', {
      branch: 'HEAD',
      reason: `${place} is on no branch; git -C ${place} switch -c <branch> first`,
    });
  const id = requireFreeId(book, request, { ref: tree.ref, place });
  const base = await requireBase(repo, request.base ?? (await defaultBase(repo)));
  const cutAt = tree.head === undefined ? undefined : await findMergeBase(repo.git, base.commit, tree.head);
  const row: SessionRow = {
    id,
    branch: branchOf(tree.ref),
    base: { branch: base.branch, commit: cutAt ?? base.commit },
    path: place,
    agent: request.agent,
    task: request.task,
    createdAt: repo.deps.clock.now().toISOString(),
    state: 'ready',
    ownsBranch: false,
    // One that lies where wt's own lie keeps its folder, whatever it is called.
    ...(path.dirname(place) === repo.layout.worktrees &&
    path.basename(place) !== id &&
    isFolderName(path.basename(place))
      ? { folder: path.basename(place) }
      : {}),
  };
  const { wanted } = request;
  const ports = requirePorts(await findPorts(repo, book, { id, wanted }), wanted);
  return { kind: 'planned', session: { id, row: withPorts(row, ports), path: place, admin } };
}

/** The branch of the main worktree, not of the one that is adopted. */
async function defaultBase(repo: Repo): Promise<string> {
  const main = (await listWorktrees(repo.git)).find((tree) => tree.path === repo.root);
  if (main?.ref !== undefined) return branchOf(main.ref);
  const { stdout } = await repo.git(['symbolic-ref', '--short', 'HEAD'], { expect: [0, 1, 128] });
  return stdout.trim() === '' ? (main?.head ?? 'HEAD') : stdout.trim();
}

function requireFreeId(book: Book, request: Request, { ref, place }: { ref: string; place: string }): SessionId {
  const branch = branchOf(ref);
  const plain = idInBranch(request.naming, branch) ?? branch.replace(/^wt\//, '');
  const wanted = request.id ?? proposeId(plain) ?? path.basename(place);
  const reason = whyInvalidId(wanted);
  if (reason !== undefined)
    throw new WtError('id.invalid', { id: wanted, reason, proposal: proposeId(path.basename(place)) });
  const twin = findSession(book, wanted);
  if (twin !== undefined)
    throw new WtError('session.exists', { id: twin.id, path: twin.path, branch: twin.row.branch });
  return wanted as SessionId;
}
