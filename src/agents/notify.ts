import path from 'node:path';
import { personalFolder } from '../platform/dirs.ts';
import type { Deps } from '../platform/deps.ts';
import { readText } from '../platform/files.ts';
import { NOTIFY_FLAG, nodeFile } from '../platform/node.ts';
import type { AgentFacts } from './facts.ts';
import type { AgentPlace } from './record.ts';
import { deriveStatus, type AgentState, type AgentStatus } from './status.ts';

/** What a person is told of. */
export type NoticeKind = 'waiting' | 'done' | 'failed';

/** A session has begun to wait, is done, or has failed. */
export interface Notice {
  readonly session: string;
  readonly status: NoticeKind;
  /** What it waits for or why it failed: `permission`, `turn ended`, `exit 3`, the summary of its own word. */
  readonly reason: string | null;
  /** The agent's name; null for a word that no agent spoke. */
  readonly agent: string | null;
  readonly at: string;
  /** It was said by who works there, and not seen. */
  readonly isWord?: boolean;
}

/** What is known of a session at one moment, as far as a person may have to be told. */
export interface Known {
  readonly agentStatus?:
    | Pick<AgentStatus, 'agent' | 'state' | 'reason' | 'how' | 'startedAt' | 'turnEndedAt' | 'at'>
    | undefined;
  /** The agent's own word. */
  readonly done?: SpokenWord | undefined;
  /** The agent that the session was made for. */
  readonly agent?: string | null;
}

interface SpokenWord {
  readonly at: string;
  readonly failed: boolean;
  readonly summary: string | null;
  /** It is not about what is there now. */
  readonly isStale?: boolean;
}

/** Whether one moment after another is news to a person, and what. Pure. */
export function noticeOf(session: string, before: Known, after: Known): Notice | undefined {
  const { done, agentStatus } = after;
  if (done !== undefined && done.at !== before.done?.at) {
    const status = done.failed ? 'failed' : 'done';
    return {
      session,
      status,
      reason: done.summary,
      agent: agentStatus?.agent ?? after.agent ?? null,
      at: done.at,
      isWord: true,
    };
  }
  const status = kindOf(after);
  if (agentStatus === undefined || status === undefined) return undefined;
  const isSameRun = before.agentStatus?.startedAt === agentStatus.startedAt;
  if (isSameRun && kindOf(before) === status) return undefined;
  const reason = agentStatus.state === 'idle' ? 'turn ended' : agentStatus.reason;
  return { session, status, reason, agent: agentStatus.agent, at: agentStatus.at };
}

/** What of a listing is news after another. Sessions that were not in the one before are none. Pure. */
export function noticesBetween(
  before: readonly (Known & { readonly id: string })[] | undefined,
  after: readonly (Known & { readonly id: string })[],
): readonly Notice[] {
  const old = new Map((before ?? []).map((one) => [one.id, one]));
  return after.flatMap((one) => {
    const was = old.get(one.id);
    const notice = was === undefined ? undefined : noticeOf(one.id, was, one);
    return notice === undefined ? [] : [notice];
  });
}

/** The same of facts before and after a change that was recorded. Pure. */
export function noticeOfFacts(session: string, before: AgentFacts, after: AgentFacts): Notice | undefined {
  return noticeOf(session, knownFrom(before), knownFrom(after));
}

/** Whoever records an end knows of it first: until then the agent counts as alive. */
function knownFrom(facts: AgentFacts): Known {
  const { run } = facts;
  if (run === null) return {};
  const life = run.goneAt === undefined ? 'alive' : 'dead';
  return { agentStatus: deriveStatus(facts, run, { life, nowMs: Number.POSITIVE_INFINITY }) };
}

interface Situation {
  readonly status: NonNullable<Known['agentStatus']>;
  /** A word on what is there now was spoken already. */
  readonly hasWord: boolean;
  /** Somebody sits in front of it. */
  readonly isAttended: boolean;
}

function kindOf({ agentStatus: status, done }: Known): NoticeKind | undefined {
  if (status === undefined) return undefined;
  const hasWord = done !== undefined && done.isStale !== true;
  return KINDS[status.state]({ status, hasWord, isAttended: status.how === 'foreground' || status.how === 'outside' });
}

const nothing = (): undefined => undefined;

/**
 * What the agent's state means to a person who is somewhere else. Where somebody sits in front of it, its end is none, and a machine
 * that was started anew is not the agent's failure.
 */
const KINDS: Readonly<Record<AgentState, (situation: Situation) => NoticeKind | undefined>> = {
  starting: nothing,
  running: nothing,
  working: nothing,
  stopped: nothing,
  waiting: () => 'waiting',
  // One that was just started without a prompt has not ended a turn.
  idle: ({ hasWord, status: { turnEndedAt, startedAt } }) =>
    !hasWord && turnEndedAt !== null && turnEndedAt >= startedAt ? 'waiting' : undefined,
  exited: ({ hasWord, isAttended }) => (hasWord || isAttended ? undefined : 'done'),
  // By its exit code, or by what a hook told.
  failed: ({ isAttended, status: { reason } }) =>
    isAttended && (reason === null || reason.startsWith('exit ')) ? undefined : 'failed',
  died: ({ status: { reason } }) => (reason === 'reboot' ? undefined : 'failed'),
};

const MAX_REASON = 500;

/** Has a person told of what a change of facts means, when it is news. Called once for a change, by whoever recorded it. */
export async function announceChange(
  deps: AnnounceDeps,
  { id, adminDirectory }: Pick<AgentPlace, 'id' | 'adminDirectory'>,
  { before, after }: { readonly before: AgentFacts; readonly after: AgentFacts },
): Promise<void> {
  const notice = noticeOfFacts(id, before, after);
  if (notice === undefined) return;
  const pointer = (await readText(path.join(adminDirectory, 'gitdir')).catch(() => undefined))?.trim();
  await announce(deps, path.dirname(path.resolve(adminDirectory, pointer ?? '.')), notice);
}

export type AnnounceDeps = Pick<Deps, 'env' | 'program'> & {
  readonly detach: (request: { file: string; args: readonly string[]; cwd: string }) => unknown;
};

/**
 * Has the person's own program told of it, by a process that nobody waits for.
 * Costs one read of a file where no such program is configured. Loads no configuration, for it is on the path of a hook.
 */
export async function announce(
  { detach, env, program }: AnnounceDeps,
  cwd: string,
  notice: Notice | undefined,
): Promise<void> {
  if (notice === undefined) return;
  const text = await readText(path.join(personalFolder(env, 'config'), 'config.jsonc')).catch(() => undefined);
  if (text?.includes('notify') !== true) return;
  const reason = notice.reason?.slice(0, MAX_REASON) ?? null;
  await detach({ file: nodeFile, args: [program, NOTIFY_FLAG, JSON.stringify({ ...notice, reason })], cwd });
}
