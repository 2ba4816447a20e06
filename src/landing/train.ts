import { WtError } from '../core/errors.ts';
import { listRefs, refOfBranch } from '../git/ref.ts';
import { withScratchObjects } from '../git/snapshot.ts';
import { readBook, type Book, type Session } from '../sessions/book.ts';
import { scratchPath } from '../sessions/cache.ts';
import { inspectSessions } from '../sessions/inspect.ts';
import { withGitEnv, type Repo } from '../sessions/repo.ts';
import { requireSession } from '../sessions/select.ts';
import { landSession, type Landing, type LandingChecks } from './merge.ts';
import { dependenciesOf, orderForLanding } from './order.ts';
import type { MergePlan, MergeRequest } from './plan.ts';
import { scanConflicts } from './radar.ts';
import { prepare, writeLanding, type Nothing, type Stack } from './prepare.ts';
import { restackAfter, type Restacked } from './restack.ts';

export interface TrainRequest extends Omit<MergeRequest, 'id'> {
  readonly ids: readonly string[];
  /** Every session whose tip a person has approved, or that its agent has declared done. */
  readonly isAll: boolean;
  /** Skip what fails, and what depends on it, and go on. */
  readonly keepGoing: boolean;
}

/** One session of a train as it is predicted: each on top of those before it, without its gate. */
export type Car =
  | { readonly kind: 'ready'; readonly id: string; readonly plan: MergePlan }
  | { readonly kind: 'nothing'; readonly id: string; readonly nothing: Nothing }
  | { readonly kind: 'stopped'; readonly id: string; readonly failure: Failure };

/** Why a session did not land: its own trouble, or that of one it depends on. */
export type Failure =
  | { readonly id: string; readonly error: WtError }
  | { readonly id: string; readonly error: undefined; readonly because: string };

export interface TrainPlan {
  readonly cars: readonly Car[];
  /** Who has to land before whom. */
  readonly after: ReadonlyMap<string, readonly string[]>;
}

export interface TrainOutcome {
  readonly landed: readonly Landing[];
  readonly nothing: readonly Nothing[];
  readonly failed: readonly Failure[];
  /** Not reached, because the train stopped. */
  readonly untried: readonly string[];
  /** Sessions that were cut from one that has landed. */
  readonly restacked: readonly Restacked[];
}

/** Orders the sessions and builds each on top of the one before, in a throw-away object folder. */
export async function planTrain(repo: Repo, request: TrainRequest): Promise<TrainPlan> {
  const book = await readBook(repo);
  const sessions = request.isAll ? await listDeclared(repo, book, request) : await requireAll(repo, book, request.ids);
  const after = new Map(
    sessions.map((one) => [one.id as string, dependenciesOf(one, book.sessions.values())] as const),
  );
  const { pairs } =
    sessions.length > 1 ? await scanConflicts(repo, await inspectSessions(repo, sessions)) : { pairs: [] };
  const order = orderForLanding(
    sessions.map(({ id }) => ({ id, after: after.get(id) ?? [] })),
    pairs,
  );
  const cars = await withScratchObjects(repo.commonDir, scratchPath(repo, 'objects'), (env) =>
    predict(withGitEnv(repo, env), book, { request, order, after }),
  );
  return { cars, after };
}

async function requireAll(repo: Repo, book: Book, ids: readonly string[]): Promise<readonly Session[]> {
  const sessions = new Map<string, Session>();
  for (const id of ids) {
    const session = await requireSession(repo, book, id);
    sessions.set(session.id, session);
  }
  return [...sessions.values()];
}

/** Their word counts while it is about the very commit that would land. */
async function listDeclared(repo: Repo, book: Book, { requireApproval }: TrainRequest): Promise<readonly Session[]> {
  const all = [...book.sessions.values()];
  const refs = await listRefs(
    repo.git,
    all.map(({ row }) => refOfBranch(row.branch)),
  );
  const tips = new Map(refs.map(({ name, commit }) => [name, commit]));
  return all.filter(({ row }) => {
    const tip = tips.get(refOfBranch(row.branch));
    const isDone = row.done?.commit === tip && row.done?.failed === false;
    return tip !== undefined && (row.approved?.commit === tip || (isDone && !requireApproval));
  });
}

async function predict(
  repo: Repo,
  book: Book,
  spec: { request: TrainRequest; order: readonly string[]; after: TrainPlan['after'] },
): Promise<readonly Car[]> {
  const stack: Stack = new Map();
  const landing = new Map<string, string>();
  const failed = new Set<string>();
  const cars: Car[] = [];
  for (const id of spec.order) {
    const base = book.sessions.get(id)?.row.base.branch ?? '';
    // What is cut from a session before it lands where that one does.
    const request = { ...spec.request, id, into: spec.request.into ?? landing.get(base) };
    const car = await predictOne(repo, book, { request, id, stack, because: missing(spec.after, id, failed) });
    if (car.kind === 'stopped') failed.add(id);
    if (car.kind === 'ready') landing.set(car.plan.session.row.branch, car.plan.into);
    cars.push(car);
  }
  return cars;
}

async function predictOne(
  repo: Repo,
  book: Book,
  { request, id, stack, because }: { request: MergeRequest; id: string; stack: Stack; because: string | undefined },
): Promise<Car> {
  if (because !== undefined) return { kind: 'stopped', id, failure: { id, error: undefined, because } };
  try {
    const prepared = await prepare(repo, book, request, { stack, isPreview: true });
    if (prepared.kind === 'nothing') return { kind: 'nothing', id, nothing: prepared };
    const { plan } = prepared;
    stack.set(plan.target.name, { commit: await writeLanding(repo, prepared, { isPreview: true }), tree: plan.tree });
    return { kind: 'ready', id, plan };
  } catch (error) {
    return { kind: 'stopped', id, failure: failureOf(id, error) };
  }
}

/** One that failed and that this session has to come after. */
function missing(after: TrainPlan['after'], id: string, failed: ReadonlySet<string>): string | undefined {
  return after.get(id)?.find((other) => failed.has(other));
}

function failureOf(id: string, error: unknown): Failure {
  if (!WtError.any(error) || WtError.is(error, 'interrupted') || WtError.is(error, 'internal')) throw error;
  return { id, error };
}

/** Lands one after the other, each on top of the one before; stops at the first that fails and keeps what has landed. */
export async function landTrain(
  repo: Repo,
  request: TrainRequest,
  { plan: { cars, after }, checks, isApproved }: { plan: TrainPlan; checks: LandingChecks; isApproved: boolean },
): Promise<TrainOutcome> {
  const landed: Landing[] = [];
  const nothing: Nothing[] = [];
  const failed: Failure[] = [];
  const untried = cars.map(({ id }) => id);
  while (untried.length > 0 && (failed.length === 0 || request.keepGoing)) {
    const id = untried.shift() ?? '';
    const because = missing(after, id, new Set(failed.map((one) => one.id)));
    if (because !== undefined) {
      failed.push({ id, error: undefined, because });
      continue;
    }
    const car = cars.find((one) => one.id === id);
    const approved = isApproved && car?.kind === 'ready' ? { tip: car.plan.tip, tree: car.plan.tree } : undefined;
    try {
      const into = car?.kind === 'ready' ? car.plan.into : request.into;
      const done = await landSession(repo, { ...request, id, into }, { ...checks, approved });
      if (done.kind === 'landed') landed.push(done);
      else nothing.push(done);
    } catch (error) {
      if (WtError.is(error, 'interrupted') && landed.length > 0)
        throw new WtError('interrupted', error.details, { cause: error, changed: true });
      failed.push(failureOf(id, error));
    }
  }
  return { landed, nothing, failed, untried, restacked: await restack(repo, landed) };
}

/** Lands one session. Throws as {@link landSession}. */
export async function landAlone(repo: Repo, request: MergeRequest, checks: LandingChecks): Promise<TrainOutcome> {
  const done = await landSession(repo, request, checks);
  const none = { landed: [], nothing: [], failed: [], untried: [], restacked: [] };
  if (done.kind === 'nothing') return { ...none, nothing: [done] };
  return { ...none, landed: [done], restacked: await restack(repo, [done]) };
}

/** Not before the last has landed: an approval of one of them would not outlive a rebase. */
async function restack(repo: Repo, landed: readonly Landing[]): Promise<readonly Restacked[]> {
  const ids = new Set(landed.map(({ plan }) => plan.session.id as string));
  const done: Restacked[] = [];
  for (const { plan } of landed) done.push(...(await restackAfter(repo, plan.session, plan)));
  return done.filter(({ id }) => !ids.has(id));
}
