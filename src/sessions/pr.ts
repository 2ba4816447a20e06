import { WtError } from '../core/errors.ts';
import { findRef, refOfBranch } from '../git/ref.ts';
import { compareUrl, type ForgePlace } from '../git/forge.ts';
import { readBook, type Book, type Session } from './book.ts';
import { browseRequest, createRequest, listRequests, programOf, type ChangeRequest } from './forge-program.ts';
import { findBasePlace, findPlace } from './forge-place.ts';
import { hold } from './hold.ts';
import { readOwnWork, type OwnWork } from './own-work.ts';
import { planPush, pushSession, requirePushable, type Pushed, type PushPlan } from './push.ts';
import { readRemoteSettings, trackingRefOf, type RemoteSettings } from './remote.ts';
import type { Repo } from './repo.ts';
import { requireSession } from './select.ts';

export interface PrRequest {
  readonly id: string | undefined;
  readonly base: string | undefined;
  readonly title: string | undefined;
  readonly body: string | undefined;
  readonly remote: string | undefined;
  /** Not as a draft. */
  readonly ready: boolean;
  readonly web: boolean;
}

export interface PrPlan {
  readonly session: Session;
  readonly push: PushPlan;
  /** Where the request is opened. */
  readonly place: ForgePlace;
  /** Owner of the copy that has the branch, when that is another one than where the request is opened. */
  readonly from: string | undefined;
  readonly base: string;
  /** Lower sessions whose branch the remote has not, so that the request goes past them. */
  readonly passed: readonly string[];
  readonly title: string;
  readonly body: string;
  readonly isDraft: boolean;
  /** The page on which a person can open it. */
  readonly url: string;
}

export interface PrOutcome {
  readonly kind: 'planned' | 'opened' | 'found' | 'page';
  readonly plan: PrPlan;
  readonly pushed: Pushed | undefined;
  readonly url: string;
  /** Null: it is for a person to open. */
  readonly state: ChangeRequest['state'] | null;
  readonly via: 'gh' | 'glab' | 'url';
  /** Why the forge's own program did not do it. */
  readonly why: string | undefined;
}

/** Reads; a forge's program is asked only what a host is whose name does not tell. Throws `session.refused`, `usage.invalid`. */
export async function planRequest(repo: Repo, request: PrRequest): Promise<PrPlan> {
  const book = await readBook(repo);
  const session = await requireSession(repo, book, request.id);
  const [work, settings] = await Promise.all([readOwnWork(repo, session), readRemoteSettings(repo)]);
  const { row } = session;
  if (work.commits.length === 0)
    throw new WtError('session.refused', {
      id: session.id,
      verb: 'pr',
      reasons: [{ code: 'session.empty', base: row.base.branch }],
    });
  const push = await planPush(repo, session, { settings, named: request.remote });
  const { base, passed } = await chooseBase(repo, {
    book,
    session,
    settings,
    remote: push.remote,
    named: request.base,
  });
  const own = await requirePlace(repo, push.remote);
  const place = await findBasePlace(repo, { own, settings, base, remote: push.remote });
  const from = place.repository === own.repository ? undefined : own.owner;
  const words = describeWork(session, work);
  return {
    session,
    push,
    place,
    from,
    base,
    passed,
    title: request.title ?? words.title,
    body: request.body ?? words.body,
    isDraft: !request.ready,
    url: compareUrl(place, { base, head: row.branch, ...(from === undefined ? {} : { from }) }),
  };
}

/**
 * Pushes first when the remote was not seen to have the tip, then shows the request that is there or opens one, through
 * the forge's own program; without that, the page to do it on is the answer.
 */
export async function openRequest(
  repo: Repo,
  plan: PrPlan,
  { web, dryRun }: { web: boolean; dryRun: boolean },
): Promise<PrOutcome> {
  const { push, place, url } = plan;
  const program = programOf(place.forge);
  const page = { plan, url, state: null, why: undefined, via: program ?? ('url' as const) };
  if (dryRun) {
    await requirePushable(repo, push);
    return { ...page, kind: 'planned', pushed: undefined };
  }
  const pushed = push.seen === push.branch.commit ? undefined : await pushSession(repo, push);
  if (program === undefined) return { ...page, kind: 'page', pushed };
  const listed = await listRequests(repo, place, { head: plan.session.row.branch, isMerged: false });
  if (listed.kind === 'unavailable') return { ...page, kind: 'page', via: 'url', pushed, why: listed.why };
  const there = pickRequest(listed.value, plan);
  if (there !== undefined) {
    if (web) await browseRequest(repo, place, there.number);
    return { ...page, kind: 'found', pushed, url: there.url, state: there.state };
  }
  const head = plan.from === undefined ? plan.session.row.branch : `${plan.from}:${plan.session.row.branch}`;
  const made = await createRequest(repo, place, { ...plan, head, isWeb: web });
  if (made.kind === 'unavailable') return { ...page, kind: 'page', via: 'url', pushed, why: made.why };
  if (web) return { ...page, kind: 'page', pushed };
  const opened = made.value ?? url;
  await hold(repo, (held) => held.log('session.pr.after', plan.session.id, { url: opened, base: plan.base }));
  return { ...page, kind: 'opened', pushed, url: opened, state: plan.isDraft ? 'draft' : 'open' };
}

/** The open one of this branch; else the one that has landed with exactly this tip. Pure. */
export function pickRequest(
  requests: readonly ChangeRequest[],
  { from, push }: Pick<PrPlan, 'from' | 'push'>,
): ChangeRequest | undefined {
  const isOwn = ({ owner }: ChangeRequest): boolean =>
    from === undefined || owner === null || owner.toLowerCase() === from.toLowerCase();
  const own = requests.filter(isOwn);
  return (
    own.find(({ state }) => state === 'open' || state === 'draft') ??
    own.find(({ state, head }) => state === 'merged' && head === push.branch.commit)
  );
}

async function requirePlace(repo: Repo, remote: string): Promise<ForgePlace> {
  const found = await findPlace(repo, remote, '--push');
  if (found !== undefined) return found;
  throw new WtError('usage.invalid', {
    option: '--remote <name>',
    reason: `${remote} is on no forge that wt knows, so there is no place for a pull request; wt push and wt merge do without`,
    fix: ['git', 'remote', '--verbose'],
  });
}

/** A session that is cut from another one's branch is opened on that, when the remote has it; else on what lies below. */
async function chooseBase(
  repo: Repo,
  facts: { book: Book; session: Session; settings: RemoteSettings; remote: string; named: string | undefined },
): Promise<{ base: string; passed: readonly string[] }> {
  const { book, session, settings, remote, named } = facts;
  if (named !== undefined) return { base: named, passed: [] };
  const passed: string[] = [];
  let { branch } = session.row.base;
  for (;;) {
    if (branch === null)
      throw new WtError('usage.invalid', {
        option: '--base <branch>',
        reason: `${session.id} was cut from a bare commit, so the branch it is meant for must be named`,
        fix: ['wt', 'pr', session.id, '--base', 'main'],
      });
    const lower = [...book.sessions.values()].find(({ row }) => row.branch === branch);
    const tracking = trackingRefOf(settings, remote, refOfBranch(branch));
    const isThere = tracking !== undefined && (await findRef(repo.git, tracking)) !== undefined;
    if (lower === undefined || isThere || passed.includes(lower.id)) return { base: branch, passed };
    passed.push(lower.id);
    branch = lower.row.base.branch;
  }
}

const LONGEST_TITLE = 240;
const LONGEST_BODY = 30_000;

/** Title and text: the task, else the only commit; the commits when there are several; and whose session it is. Pure. */
export function describeWork(
  { id, row }: Pick<Session, 'id' | 'row'>,
  { commits }: Pick<OwnWork, 'commits'>,
): { title: string; body: string } {
  const [first = '', ...rest] = (row.task ?? '').trim().split('\n');
  const [only] = commits;
  const title = first !== '' ? first : commits.length === 1 && only !== undefined ? only.subject : id;
  const listed =
    commits.length > 1
      ? commits
          .toReversed()
          .map(({ subject }) => `* ${subject}`)
          .join('\n')
      : '';
  const text = [rest.join('\n').trim(), listed].filter((part) => part !== '').join('\n\n');
  const short = text.length > LONGEST_BODY ? `${text.slice(0, LONGEST_BODY)}…` : text;
  return {
    title: title.length > LONGEST_TITLE ? `${title.slice(0, LONGEST_TITLE)}…` : title,
    body: `${short === '' ? '' : `${short}\n\n`}Session-Id: ${id}\n`,
  };
}
