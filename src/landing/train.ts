import { WtError } from '../core/errors.ts';
import { listRefs, refOfBranch } from '../git/ref.ts';
import { readBook, type Book, type Session } from '../sessions/book.ts';
import { withScratch } from '../sessions/cache.ts';
import { inspectSessions } from '../sessions/inspect.ts';
import { withGitEnv, type Repo } from '../sessions/repo.ts';
import { requireSessions } from '../sessions/select.ts';
import { judgeApproval, judgeDone } from '../sessions/word.ts';
import { landSession, type Landing, type LandingChecks } from './merge.ts';
import { dependenciesOf, orderForLanding } from './radar/order.ts';
import type { MergePlan, MergeRequest } from './plan.ts';
import { scanConflicts } from './radar/radar.ts';
import { prepare, writeLanding, type Nothing, type Stack } from './prepare.ts';
import { restackAfter, type Restacked } from './sync/restack.ts';

export interface TrainRequest extends Omit<MergeRequest, 'id'> {
  readonly ids: readonly string[];
  /** Every session whose tip a person has approved, or that its agent has declared done. */
  readonly isAll: boolean;
  /** Skip what fails, and what depends on it, and go on. */
  readonly keepGoing: boolean;
}

/** One session of a train as it is predicted: each on top of those before it, without its gate. */
export type Car = {
  readonly id: string;
  /** The branch to land on, when it is not simply the session's base. */
  readonly into: string | undefined;
} & (
  | { readonly kind: 'ready'; readonly plan: MergePlan }
  | { readonly kind: 'nothing'; readonly nothing: Nothing }
  | { readonly kind: 'stopped'; readonly failure: Failure }
);

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
  const sessions = request.isAll
    ? await listDeclared(repo, book, request)
    : await requireSessions(repo, book, request.ids);
  const after = new Map(
    sessions.map((one) => [one.id as string, dependenciesOf(one, book.sessions.values())] as const),
  );
  const { pairs } =
    sessions.length > 1 ? await scanConflicts(repo, await inspectSessions(repo, sessions)) : { pairs: [] };
  const order = orderForLanding(
    sessions.map(({ id }) => ({ id, after: after.get(id) ?? [] })),
    pairs,
  );
  const cars = await withScratch(repo, (env) => predict(withGitEnv(repo, env), book, { request, order, after }));
  return { cars, after };
}

/** Their word counts while it is about the very commit that would land. */
async function listDeclared(repo: Repo, book: Book, { requireApproval }: TrainRequest): Promise<readonly Session[]> {
  const all = [...book.sessions.values()];
  const refs = await listRefs(
    repo.git,
    all.map(({ row }) => refOfBranch(row.branch)),
  );
  const tips = new Map(refs.map(({ name, commit }) => [name, commit]));
  return all.filter((session) => {
    const { branch, done } = session.row;
    const tip = tips.get(refOfBranch(branch));
    const isDone = judgeDone(session, tip) === 'fresh' && done?.failed === false;
    return judgeApproval(session, tip) === 'fresh' || (isDone && !requireApproval);
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
  const made: string[] = [];
  const cars: Car[] = [];
  for (const id of spec.order) {
    const base = book.sessions.get(id)?.row.base.branch ?? '';
    // What is cut from a session before it lands where that one does.
    const request = { ...spec.request, id, into: spec.request.into ?? landing.get(base) };
    const because = missing(spec.after, id, failed);
    const car = withoutGuesses(await predictOne(repo, book, { request, id, stack, because }), made);
    if (car.kind === 'stopped') failed.add(id);
    const { kind } = car;
    made.push(...[...stack.values()].map(({ commit }) => commit));
    if (kind === 'ready') landing.set(car.plan.session.row.branch, car.plan.into);
    if (kind === 'nothing') landing.set(car.nothing.session.row.branch, car.nothing.into);
    cars.push(car);
  }
  return cars;
}

async function predictOne(
  repo: Repo,
  book: Book,
  { request, id, stack, because }: { request: MergeRequest; id: string; stack: Stack; because: string | undefined },
): Promise<Car> {
  const { into } = request;
  if (because !== undefined) return { kind: 'stopped', id, into, failure: { id, error: undefined, because } };
  try {
    const prepared = await prepare(repo, book, request, { stack, isPreview: true });
    if (prepared.kind === 'nothing') return { kind: 'nothing', id, into, nothing: prepared };
    const { plan } = prepared;
    stack.set(plan.target.name, { commit: await writeLanding(repo, prepared, { isSigned: false }), tree: plan.tree });
    return { kind: 'ready', id, into, plan };
  } catch (error) {
    return { kind: 'stopped', id, into, failure: failureOf(id, error) };
  }
}

/** A commit that is only predicted has no id that anybody could look up. Pure. */
function withoutGuesses(car: Car, made: readonly string[]): Car {
  if (car.kind !== 'stopped' || !WtError.is(car.failure.error, 'merge.conflict')) return car;
  const { details } = car.failure.error;
  const isGuess = (text: string | null): text is string =>
    text !== null && made.some((commit) => commit.startsWith(text.split(' ')[0] ?? ''));
  const files = details.files.map((file) =>
    isGuess(file.target) ? { ...file, target: `${file.target.replace(/^\S+ /, '')} (earlier in this train)` } : file,
  );
  return { ...car, failure: { id: car.id, error: new WtError('merge.conflict', { ...details, files }) } };
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
  const untried = [...cars];
  while (untried.length > 0 && (failed.length === 0 || request.keepGoing)) {
    const car = untried.shift();
    if (car === undefined) break;
    const because = missing(after, car.id, new Set(failed.map((one) => one.id)));
    const failure = because === undefined ? refusedOf(car, isApproved) : { id: car.id, error: undefined, because };
    if (failure !== undefined) failed.push(failure);
    else
      try {
        const done = await landCar(repo, request, { car, checks, isApproved });
        if (done.kind === 'landed') landed.push(done);
        else nothing.push(done);
      } catch (error) {
        if (WtError.is(error, 'interrupted') && landed.length > 0)
          throw new WtError('interrupted', error.details, { cause: error, changed: true });
        failed.push(failureOf(car.id, error));
      }
  }
  const restacked = await restack(repo, landed);
  return { landed, nothing, failed, untried: untried.map(({ id }) => id), restacked };
}

/** What a person was not asked for does not land on that person's yes. */
function refusedOf(car: Car, isApproved: boolean): Failure | undefined {
  return isApproved && car.kind === 'stopped' ? car.failure : undefined;
}

async function landCar(
  repo: Repo,
  request: TrainRequest,
  { car, checks, isApproved }: { car: Car; checks: LandingChecks; isApproved: boolean },
): Promise<Landing | Nothing> {
  const approved = isApproved && car.kind === 'ready' ? { tip: car.plan.tip, tree: car.plan.tree } : undefined;
  return landSession(repo, { ...request, id: car.id, into: car.into }, { ...checks, approved });
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
  const homes = new Map<string, string>();
  const done: Restacked[] = [];
  for (const { plan } of landed) {
    const { branch, base } = plan.session.row;
    const home = homes.get(base.branch ?? '') ?? base.branch;
    // A backport to another branch is no reason to follow there.
    if (plan.into !== home) continue;
    homes.set(branch, home);
    done.push(...(await restackAfter(repo, plan.session, plan)));
  }
  return done.filter(({ id }) => !ids.has(id));
}
