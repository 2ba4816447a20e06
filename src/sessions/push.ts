import { WtError } from '../core/errors.ts';
import { isAncestor, listCommits } from '../git/commit.ts';
import type { Git, GitOptions } from '../git/git.ts';
import { fetchToLook, pushBranch, readRemoteRef, type PushReport } from '../git/push.ts';
import { findRef, resolveCommit, type Ref } from '../git/ref.ts';
import { countChanges, hasChanges } from '../git/status.ts';
import { readBook, type Session } from './book.ts';
import { hold } from './hold.ts';
import { inspectTree } from './inspect.ts';
import { requireBranch } from './own-work.ts';
import {
  networkOptions,
  pickRemote,
  readRemoteSettings,
  settingOf,
  trackingRefOf,
  type RemoteSettings,
} from './remote.ts';
import { gitAtWorktree, type Repo } from './repo.ts';
import { requireSessions } from './select.ts';
import { checkTree } from './worktree.ts';

/** What a push would do, as far as it is known here. */
export interface PushPlan {
  readonly session: Session;
  readonly branch: Ref;
  readonly remote: string;
  /** Name under which the remote's branch is shown here: "origin/wt/a". */
  readonly shown: string;
  /** What the remote had when it was last seen; null: nothing, or never looked. */
  readonly seen: string | null;
  /** What was seen there is a former tip of this very branch that it has left: it is replaced. */
  readonly isRewritten: boolean;
  readonly setsUpstream: boolean;
  /** Uncommitted work, which no push carries. */
  readonly isDirty: boolean;
  readonly settings: RemoteSettings;
}

export interface Pushed {
  readonly plan: PushPlan;
  readonly from: string | null;
  readonly to: string;
  readonly how: Extract<PushReport, { kind: 'pushed' }>['how'];
  readonly url: string | null;
  /** What went wrong after the push itself. */
  readonly trouble: string | undefined;
}

/** Reads only, no network. Throws `target.moved` when the remote was last seen with commits that this branch never had. */
export async function planPushes(
  repo: Repo,
  ids: readonly string[],
  named: string | undefined,
): Promise<readonly PushPlan[]> {
  const sessions = await requireSessions(repo, await readBook(repo), ids);
  const settings = await readRemoteSettings(repo);
  const plans: PushPlan[] = [];
  for (const session of sessions) plans.push(await planPush(repo, session, { settings, named }));
  return plans;
}

export async function planPush(
  repo: Repo,
  session: Session,
  { settings, named }: { settings: RemoteSettings; named: string | undefined },
): Promise<PushPlan> {
  const { row } = session;
  const remote = pickRemote(settings, { named, branch: row.branch, base: row.base.branch });
  const [branch, { status }] = await Promise.all([requireBranch(repo, session), inspectTree(repo, session)]);
  const tracking = trackingRefOf(settings, remote, branch.name);
  const seen = tracking === undefined ? undefined : (await findRef(repo.git, tracking))?.commit;
  const isLeft = seen !== undefined && !(await isAncestor(repo.git, seen, branch.commit));
  const upstream = ['remote', 'merge'].map((key) => settingOf(settings, `branch.${row.branch}.${key}`));
  return {
    session,
    branch,
    remote,
    shown: `${remote}/${row.branch}`,
    seen: seen ?? null,
    isRewritten: isLeft && (await wasTip(repo, branch, seen)),
    setsUpstream: upstream.includes(undefined),
    isDirty: status !== undefined && hasChanges(countChanges(status)),
    settings,
  };
}

/** Throws as the push itself would, by what was last seen of the remote. */
export async function requirePushable(repo: Repo, plan: PushPlan): Promise<void> {
  const { seen, branch, isRewritten } = plan;
  if (seen === null || isRewritten || (await isAncestor(repo.git, seen, branch.commit))) return;
  throw await lossOf(repo, plan, seen);
}

/** The branch itself once was at that commit, by its reflog: whoever put it there had it from here. */
async function wasTip(repo: Repo, branch: Ref, commit: string): Promise<boolean> {
  return (await listTips(repo, branch)).includes(commit);
}

/** Where a branch has been, newest first; none without a reflog. */
async function listTips(repo: Repo, { name }: Ref): Promise<readonly string[]> {
  const args = ['log', '--walk-reflogs', '--format=%H', '--no-show-signature', name, '--'];
  const { stdout } = await repo.git(args, { expect: [0, 128] });
  return stdout.split('\n').filter(Boolean);
}

const ATTEMPTS = 3;

/**
 * Pushes outside of the repository's lock: a network may take its time. What the remote has is only replaced when it was a
 * tip of this branch, and only while it is still there. Throws `target.moved`, `hook.failed`, `git.failed`.
 */
export async function pushSession(repo: Repo, plan: PushPlan): Promise<Pushed> {
  const { session, remote, branch } = plan;
  const network = networkOptions(repo.deps.env, plan.settings);
  const git = await gitForPush(repo, plan);
  let lease = plan.isRewritten && plan.seen !== null ? plan.seen : undefined;
  for (let attempt = 1; ; attempt++) {
    const report = await pushBranch(git, { remote, ref: branch.name, lease, network });
    if (report.kind === 'hook')
      throw new WtError('hook.failed', { hook: 'pre-push', output: report.output, id: session.id });
    if (report.kind === 'pushed') return finish(repo, plan, report);
    const there = await readRemoteRef(git, remote, branch.name, network);
    const isOurs = there !== undefined && (await wasTip(repo, branch, there));
    const isBelow = there === undefined || (await isBelowTip(git, there, branch));
    if (attempt === ATTEMPTS || (!isOurs && !isBelow)) throw await lossOf(repo, plan, there ?? '', { git, network });
    lease = isBelow ? undefined : there;
  }
}

/** In the session, for the hook's sake. git reads a relative address from where it stands, and people write it for the main worktree. */
async function gitForPush(repo: Repo, { session, remote, settings }: PushPlan): Promise<Git> {
  const address = settingOf(settings, `remote.${remote}.pushurl`) ?? settingOf(settings, `remote.${remote}.url`) ?? '';
  const isRelative = /^\.{1,2}(?:\/|$)/.test(address);
  return !isRelative && (await checkTree(session)) === 'ok' ? gitAtWorktree(repo, session.path) : repo.git;
}

async function isBelowTip(git: Git, commit: string, branch: Ref): Promise<boolean> {
  return (await resolveCommit(git, commit)) !== undefined && isAncestor(git, commit, branch.commit);
}

/** The remote's commits that a push would drop, brought here to be named when they are not known. */
async function lossOf(
  repo: Repo,
  { session, remote, branch, shown }: PushPlan,
  there: string,
  line?: { git: Git; network: GitOptions },
): Promise<WtError> {
  const { id, row } = session;
  if (line !== undefined && (await resolveCommit(repo.git, there)) === undefined)
    await fetchToLook(line.git, remote, branch.name, line.network);
  const isKnown = there !== '' && (await resolveCommit(repo.git, there)) !== undefined;
  const own = (await listTips(repo, branch)).slice(0, 100);
  const commits = isKnown ? await listCommits(repo.git, [there, '--not', branch.commit, ...own]) : [];
  return new WtError('target.moved', {
    target: shown,
    reason: 'remote',
    id,
    commits: commits.map(({ commit, subject, author }) => `${commit.slice(0, 7)} ${subject} (${author})`),
    fix: ['wt', 'exec', id, '--', 'git', 'pull', '--rebase', remote, row.branch],
  });
}

type Taken = Extract<PushReport, { kind: 'pushed' }>;

/** The push stands whatever comes after it. */
async function finish(repo: Repo, plan: PushPlan, { how, from, url }: Taken): Promise<Pushed> {
  const { session, remote, branch, setsUpstream } = plan;
  const to = branch.commit;
  const pushed = { plan, from: how === 'same' ? to : from, to, how, url };
  if (how === 'same' && !setsUpstream) return { ...pushed, trouble: undefined };
  try {
    await hold(repo, async (held) => {
      if (setsUpstream) await setUpstream(held.repo, plan);
      if (how === 'same') return;
      await held.log('session.push.after', session.id, { remote, from: pushed.from, to, forced: how === 'forced' });
    });
    return { ...pushed, trouble: undefined };
  } catch (error) {
    if (!WtError.any(error) || WtError.is(error, 'interrupted')) throw error;
    return {
      ...pushed,
      trouble: `${session.id} was pushed; its upstream or the record of it could not be written (${error.code})`,
    };
  }
}

const CONFIG_ATTEMPTS = 6;

/** Two values in `.git/config`, which anybody may be writing: git takes a lock file and waits for nobody. `merge` alone means nothing yet. */
async function setUpstream({ git, deps }: Repo, { session, branch, remote }: PushPlan): Promise<void> {
  for (const [key, value] of [
    ['merge', branch.name],
    ['remote', remote],
  ] as const)
    for (let attempt = 1; ; attempt++) {
      const { exitCode, stderr } = await git(['config', '--local', `branch.${session.row.branch}.${key}`, value], {
        expect: attempt < CONFIG_ATTEMPTS ? [0, 4, 255] : [0],
      });
      if (exitCode === 0) break;
      if (!stderr.includes('could not lock')) break;
      await deps.clock.sleep(20 * 2 ** attempt);
    }
}
