import path from 'node:path';
import type { HookState } from '../agents/hooks/support.ts';
import { WtError } from '../core/errors.ts';
import { dropExclude, excludeOnce } from '../git/ignore.ts';
import {
  lstatOf,
  makeDirectory,
  makePrivateDirectory,
  realPathOf,
  removeEmptyDirectory,
  removeFile,
  replaceFileFrom,
} from '../platform/files.ts';
import { readBook, type Book } from './book.ts';
import { hold, type Held } from './hold.ts';
import {
  findHookSession,
  gatherHookFacts,
  hashOf,
  hookTarget,
  lineOf,
  readHookFile,
  refuse,
  type HookedAgent,
  type HookFacts,
  type HookTarget,
} from './hook-place.ts';
import { dropHookRecord, isLineNeeded, writeHookRecord, type HookRecord } from './hook-record.ts';
import type { Repo } from './repo.ts';
import { checkTree } from './worktree.ts';

/** `updated`: they called another wt, or lacked some. */
export type HookChange = 'installed' | 'updated' | 'removed' | 'none';

export interface HookOutcome {
  readonly target: HookTarget;
  readonly change: HookChange;
  readonly isPlanned: boolean;
  /** A file of the person's own that git would show, and does not while they are in it. */
  readonly isHidden: boolean;
  /** What keeps the agent from calling them, in words. */
  readonly obstacles: readonly string[];
}

export interface HookRequest {
  readonly id: string | undefined;
  readonly agent: HookedAgent;
  readonly dryRun: boolean;
}

interface HookPlan {
  readonly change: HookChange;
  /** The file as it is to be; null: it goes. Undefined: it stays as it is. */
  readonly bytes: Buffer | null | undefined;
  /** What is to be remembered; null: nothing any more. */
  readonly record: HookRecord | null;
}

/**
 * Makes the agent call `wt hook` in the session, or in the main worktree. Never into a tracked file, through a link, or into
 * what cannot be read. A second time it changes nothing. Throws `hooks.refused`.
 */
export async function installHooks(repo: Repo, request: HookRequest): Promise<HookOutcome> {
  return change(repo, request, planInstall);
}

/** The same for an agent that goes on without them; the reason why they are refused, with the file where it is one. */
export async function tryInstallHooks(
  repo: Repo,
  request: HookRequest,
): Promise<{ readonly outcome: HookOutcome } | { readonly refused: { path: string | null; reason: string } }> {
  try {
    return { outcome: await installHooks(repo, request) };
  } catch (error) {
    if (!WtError.is(error, 'hooks.refused')) throw error;
    return { refused: error.details };
  }
}

/** The file as it was before, to the byte; when the person has changed it since, only wt's hooks go. Throws `hooks.refused`. */
export async function removeHooks(repo: Repo, request: HookRequest): Promise<HookOutcome> {
  return change(repo, request, planRemoval);
}

type Planner = (target: HookTarget, facts: HookFacts) => HookPlan;

async function change(repo: Repo, request: HookRequest, plan: Planner): Promise<HookOutcome> {
  if (!request.dryRun) return hold(repo, (held) => applyHooks(held, request, plan));
  const { target, facts } = await gather(repo, await readBook(repo), request);
  return outcomeOf(target, plan(target, facts), facts, true);
}

async function applyHooks(held: Held, request: HookRequest, planner: Planner): Promise<HookOutcome> {
  const { repo } = held;
  const { target, facts } = await gather(repo, held.book, request);
  const plan = planner(target, facts);
  if (plan.record === null) await takeAway(repo, target, facts, plan);
  else await put(repo, target, facts, { ...plan, record: plan.record });
  if (target.hooks.isOnlyInMain)
    await eachFolder(held, target, plan.record === null ? removeEmptyDirectory : makeDirectory);
  const outcome = outcomeOf(target, plan, facts, false);
  const { name } = request.agent;
  if (plan.change !== 'none')
    await held.log('session.hooks.after', target.session?.id ?? null, {
      agent: name,
      change: plan.change,
      path: target.file,
    });
  return outcome;
}

async function gather(
  repo: Repo,
  book: Book,
  { id, agent }: HookRequest,
): Promise<{ target: HookTarget; facts: HookFacts }> {
  const target = hookTarget(repo, await findHookSession(repo, book, id), agent);
  return { target, facts: await gatherHookFacts(repo, target) };
}

/** Pure. */
function planInstall(target: HookTarget, facts: HookFacts): HookPlan {
  const { hooks, wiring, place } = target;
  if (facts.isTracked) throw refuse(target, 'git tracks it, so every commit would carry them along');
  const { text, bytes } = facts;
  const before = stateBefore(target, facts);
  const state = text === undefined ? 'absent' : hooks.stateOf(text, wiring, place);
  const after =
    text !== undefined && state === 'current'
      ? Buffer.from(text)
      : Buffer.from(hooks.install(before?.toString(), wiring, place));
  const isSame = bytes?.equals(after) === true;
  return {
    change: isSame ? 'none' : state === 'absent' ? 'installed' : 'updated',
    bytes: isSame ? undefined : after,
    record: recordOf(target, facts, before, after),
  };
}

/** Pure. */
function recordOf({ hooks }: HookTarget, facts: HookFacts, before: Buffer | null, after: Buffer): HookRecord {
  const { record, missing, isIgnored, isLineOwn } = facts;
  return {
    version: 1,
    before: before?.toString('base64') ?? null,
    installed: hashOf(after),
    folders: [...new Set([...(record?.folders ?? []), ...missing])],
    excluded: record?.excluded ?? (isIgnored && !isLineOwn ? null : lineOf(hooks)),
  };
}

/** The file without wt's hooks: as it was remembered, unless the person has changed it since. Null: there was none. Pure. */
function stateBefore({ hooks, wiring, place }: HookTarget, { record, bytes, text }: HookFacts): Buffer | null {
  const remembered =
    record === undefined ? undefined : record.before === null ? null : Buffer.from(record.before, 'base64');
  if (bytes === undefined || text === undefined) return null;
  const isAsLeft = record !== undefined && hashOf(bytes) === record.installed;
  if (isAsLeft && remembered !== undefined) return remembered;
  if (hooks.stateOf(text, wiring, place) === 'absent') return bytes;
  const left = hooks.remove(text);
  if (left !== undefined) return Buffer.from(left);
  return remembered === undefined || remembered === null ? null : Buffer.from('{}\n'); // a file of theirs stays one
}

/** Pure. */
function planRemoval(target: HookTarget, facts: HookFacts): HookPlan {
  const { hooks, wiring, place } = target;
  const { text } = facts;
  if (text === undefined || hooks.stateOf(text, wiring, place) === 'absent')
    return { change: 'none', bytes: undefined, record: null };
  return { change: 'removed', bytes: stateBefore(target, facts), record: null };
}

/**
 * What is remembered is written first: a wt that is killed afterwards leaves a file that is as it was, or one that can be
 * taken back to it.
 */
async function put(
  repo: Repo,
  target: HookTarget,
  { mode }: HookFacts,
  { bytes, record }: HookPlan & { readonly record: HookRecord },
): Promise<void> {
  await writeHookRecord(target.folder, target.hooks.agent, record);
  if (record.excluded !== null) await excludeOnce(repo.commonDir, record.excluded);
  if (bytes === undefined || bytes === null) return;
  await makeDirectory(path.dirname(target.file));
  await requireSamePlace(target);
  await replaceFileFrom(target.folder, target.file, bytes, mode ?? 0o644);
}

async function takeAway(
  repo: Repo,
  target: HookTarget,
  { record, mode, text }: HookFacts,
  { bytes }: HookPlan,
): Promise<void> {
  const { folder, worktree, file, hooks } = target;
  if (bytes === null) {
    await requireSamePlace(target);
    await removeFile(file);
  } else if (bytes !== undefined) {
    await requireSamePlace(target);
    await makePrivateDirectory(folder);
    await replaceFileFrom(folder, file, bytes, mode ?? 0o644);
  }
  if (bytes === null || text === undefined)
    for (const name of [...(record?.folders ?? [])].toReversed()) await removeEmptyDirectory(path.join(worktree, name));
  await dropHookRecord(folder, hooks.agent);
  await removeEmptyDirectory(folder);
  const line = record?.excluded ?? null;
  if (line !== null && !(await isLineNeeded(repo, hooks.agent, line))) await dropExclude(repo.commonDir, line);
}

/** Without the folder in its own worktree the agent reads no hooks at all. An empty one is nobody's work, and git sees none. */
async function eachFolder(
  { book }: Held,
  { hooks, session }: HookTarget,
  effect: (folder: string) => Promise<void>,
): Promise<void> {
  for (const one of session === null ? book.sessions.values() : [session])
    if ((await checkTree(one)) === 'ok') {
      const folder = path.join(one.path, path.dirname(hooks.file));
      if ((await lstatOf(folder))?.isSymbolicLink() !== true) await effect(folder);
    }
}

/** Somebody may have put a link in the way since it was looked at. */
async function requireSamePlace(target: HookTarget): Promise<void> {
  const folder = path.dirname(target.file);
  const [real, top] = await Promise.all([realPathOf(folder), realPathOf(target.worktree)]);
  if (real !== path.join(top, path.dirname(target.hooks.file))) throw refuse(target, `${folder} leads to ${real}`);
}

function outcomeOf(target: HookTarget, plan: HookPlan, { text }: HookFacts, isPlanned: boolean): HookOutcome {
  const { change: kind, bytes, record } = plan;
  const after = bytes === null ? undefined : (bytes?.toString() ?? text);
  return {
    target,
    change: kind,
    isPlanned,
    isHidden: record !== null && record.before !== null && record.excluded !== null,
    obstacles: after === undefined || record === null ? [] : target.hooks.listObstacles(after, target.place),
  };
}

export interface HookView {
  readonly target: HookTarget;
  /** `unfit`: the file is left alone, for that reason. */
  readonly state: HookState | 'unfit';
  readonly reason: string | null;
  readonly obstacles: readonly string[];
}

/** Whether agents call `wt hook` there. Reads only. */
export async function listHooks(
  repo: Repo,
  { id, agents }: { readonly id: string | undefined; readonly agents: readonly HookedAgent[] },
): Promise<readonly HookView[]> {
  const session = await findHookSession(repo, await readBook(repo), id);
  return Promise.all(agents.map((agent) => viewHooks(hookTarget(repo, session, agent))));
}

async function viewHooks(target: HookTarget): Promise<HookView> {
  const { hooks, wiring, place } = target;
  try {
    const { text } = await readHookFile(target);
    const state = text === undefined ? 'absent' : hooks.stateOf(text, wiring, place);
    const obstacles = text === undefined || state === 'absent' ? [] : hooks.listObstacles(text, place);
    const isDeaf = state !== 'absent' && (await isWithoutFolder(target));
    const deaf = isDeaf
      ? [`${target.session?.id} has no folder ${path.dirname(hooks.file)}, so it reads none there`]
      : [];
    return { target, state, reason: null, obstacles: [...obstacles, ...deaf] };
  } catch (error) {
    if (!WtError.is(error, 'hooks.refused')) throw error;
    return { target, state: 'unfit', reason: error.details.reason, obstacles: [] };
  }
}

async function isWithoutFolder({ hooks, session }: HookTarget): Promise<boolean> {
  if (!hooks.isOnlyInMain || session === null) return false;
  return (await lstatOf(path.join(session.path, path.dirname(hooks.file)))) === undefined;
}
