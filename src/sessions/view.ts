import { WAYS } from '../agents/facts.ts';
import { AGENT_STATES } from '../agents/status.ts';
import * as z from 'zod';
import { countChanges, hasChanges } from '../git/status.ts';
import type { Preview } from '../landing/radar/preview.ts';
import type { Verdict } from '../landing/gate/verdict.ts';
import { PROOFS, type Proof } from '../landing/proof/proof.ts';
import type { Session } from './book.ts';
import type { Inspection } from './inspect.ts';
import { deriveStatus, STATUSES, type StatusFacts } from './status.ts';
import { wordOn } from './word.ts';

/** What the agent of a session is at, and who says so. */
export const AgentView = z.object({
  agent: z.string(),
  state: z.enum(AGENT_STATES),
  reason: z.string().nullable(),
  source: z.string(),
  at: z.iso.datetime(),
  isAsserted: z.boolean(),
  isAlive: z.boolean(),
  pid: z.number(),
  how: z.enum(WAYS),
  startedAt: z.iso.datetime(),
  exitCode: z.number().nullable(),
  turnEndedAt: z.iso.datetime().nullable(),
  conversation: z.string().nullable(),
  log: z.string().nullable(),
});

export const TREES = ['ok', 'missing', 'foreign', 'unregistered', 'switched', 'branch-missing', 'unreadable'] as const;

/** What a session is, whatever state it is in: the shape that `create` and `adopt` answer with. */
export const SessionCard = z.object({
  id: z.string(),
  branch: z.string(),
  base: z.object({ branch: z.string().nullable(), commit: z.string() }),
  path: z.string(),
  agent: z.string().nullable(),
  task: z.string().nullable(),
  createdAt: z.iso.datetime(),
  /** Paths it may touch, as gitignore patterns. */
  owns: z.array(z.string()).optional(),
  /** Sessions that land before it. */
  after: z.array(z.string()).optional(),
  /** Ports that are its own, by name. */
  ports: z.record(z.string(), z.number()).optional(),
});
export type SessionCard = z.infer<typeof SessionCard>;

/** A word on one commit. `since`: commits that came after it, null when the branch has left that commit. */
const SpokenWord = z.object({
  commit: z.string(),
  at: z.iso.datetime(),
  by: z.string(),
  isStale: z.boolean(),
  since: z.number().nullable(),
});
export type SpokenWord = z.infer<typeof SpokenWord>;

/** A session as people and scripts see it: the shape of `wt list --json`. Absent: not asked for or does not apply; null: unknown. */
export const SessionView = SessionCard.extend({
  status: z.enum(STATUSES),
  head: z.object({ commit: z.string(), subject: z.string(), committedAt: z.iso.datetime().nullable() }).nullable(),
  changes: z
    .object({ staged: z.number(), modified: z.number(), untracked: z.number(), conflicted: z.number() })
    .nullable(),
  ahead: z.number().nullable(),
  behind: z.number().nullable(),
  /** Why removing it loses nothing. */
  proof: z.enum(PROOFS).optional(),
  /** What it conflicts with; only when asked for. */
  conflicts: z
    .object({
      base: z.array(z.string()).nullable(),
      sessions: z.array(z.object({ id: z.string(), paths: z.array(z.string()) })),
    })
    .optional(),
  /** A git operation in progress: rebase, merge, cherry-pick, revert, bisect. */
  operation: z.string().optional(),
  /** A conflict that was laid out in it, to be resolved there. */
  resolving: z.object({ verb: z.enum(['merge', 'sync']), into: z.string(), at: z.iso.datetime() }).optional(),
  tree: z.enum(TREES),
  /** What the gate said last of its landing; stale when it would land other files by now. */
  gate: z
    .object({ passed: z.boolean(), command: z.string(), at: z.iso.datetime(), isStale: z.boolean(), log: z.string() })
    .optional(),
  /** What makes it ready. `failed` without a step: it was killed or interrupted, and `wt setup` runs it again. */
  setup: z
    .object({
      state: z.enum(['running', 'done', 'failed', 'skipped']),
      at: z.iso.datetime(),
      log: z.string().nullable(),
      step: z.string().optional(),
      reason: z.string().optional(),
    })
    .optional(),
  /** Absent: no agent was ever seen there. */
  agentStatus: AgentView.optional(),
  /** A person's approval of a commit. */
  approved: SpokenWord.optional(),
  /** The agent's own word that its task is done, or that it has failed. */
  done: SpokenWord.extend({ summary: z.string().nullable(), failed: z.boolean() }).optional(),
});
export type SessionView = z.infer<typeof SessionView>;

/** Pure. */
export function cardOf({ id, row, path }: Pick<Session, 'id' | 'row' | 'path'>): SessionCard {
  const { branch, base, agent, task, createdAt, owns, after, ports } = row;
  return {
    id,
    branch,
    base: { branch: base.branch, commit: base.commit },
    path,
    agent,
    task,
    createdAt,
    ...(owns === undefined ? {} : { owns: [...owns] }),
    ...(after === undefined ? {} : { after: [...after] }),
    ...(ports === undefined ? {} : { ports: { ...ports } }),
  };
}

/** Pure. */
export function viewSession(
  inspection: Inspection,
  proof: Proof | undefined,
  preview: Preview | undefined,
  verdicts: readonly Verdict[] = [],
): SessionView {
  const { session, branch, status, distance, operation } = inspection;
  const changes = status === undefined ? null : countChanges(status);
  return {
    ...cardOf(session),
    status: deriveStatus(statusFactsOf(inspection, proof, preview)),
    head:
      branch === undefined
        ? null
        : { commit: branch.commit, subject: branch.subject, committedAt: branch.committedAt ?? null },
    changes,
    ahead: distance?.ahead ?? null,
    behind: distance?.behind ?? null,
    ...(proof === undefined ? {} : { proof }),
    ...(operation === undefined ? {} : { operation }),
    ...(isResolving(inspection) ? { resolving: resolvingOf(session) } : {}),
    tree: deriveTree(inspection),
    ...viewSetup(inspection),
    ...(inspection.agent === undefined ? {} : { agentStatus: inspection.agent }),
    ...viewWords(inspection),
    ...(proof === undefined ? viewGate(inspection, preview, verdicts) : {}),
  };
}

function viewGate(
  { session, branch, base }: Inspection,
  preview: Preview | undefined,
  verdicts: readonly Verdict[],
): Pick<SessionView, 'gate'> {
  const verdict = verdicts.findLast(({ id, at }) => id === session.id && at > session.row.createdAt);
  if (verdict === undefined) return {};
  const { command, at, log, exitCode } = verdict;
  const isSameMerge = verdict.tip === branch?.commit && verdict.target === base?.commit;
  const isStale = preview?.tree === undefined ? !isSameMerge : verdict.tree !== preview.tree;
  return { gate: { passed: exitCode === 0, command, at, isStale, log } };
}

function viewWords({ session, branch, since }: Inspection): Pick<SessionView, 'approved' | 'done'> {
  const { approved, done } = session.row;
  const spoken = ({ commit, at, by }: Omit<SpokenWord, 'isStale' | 'since'>): SpokenWord => {
    const isStale = commit !== branch?.commit;
    return { commit, at, by, isStale, since: isStale ? (since?.get(commit) ?? null) : 0 };
  };
  return {
    ...(approved === undefined ? {} : { approved: spoken(approved) }),
    ...(done === undefined ? {} : { done: { ...spoken(done), summary: done.summary, failed: done.failed } }),
  };
}

/** Begun, and nobody is at work on it: it came to no end. */
function viewSetup({ session, isSettingUp = false }: Inspection): Pick<SessionView, 'setup'> {
  const { setup } = session.row;
  if (setup === undefined) return {};
  const { state, at, log, step, reason } = setup;
  if (state === 'running' && !isSettingUp) return { setup: { state: 'failed', at, log, reason: 'it was cut off' } };
  return {
    setup: { state, at, log, ...(step === undefined ? {} : { step }), ...(reason === undefined ? {} : { reason }) },
  };
}

/** The merge that was laid out there is still open. */
function isResolving({ session, operation }: Inspection): boolean {
  return session.row.resolving !== undefined && operation === 'merge';
}

function resolvingOf({ row }: Session): SessionView['resolving'] {
  if (row.resolving === undefined) return undefined;
  const { verb, into, at } = row.resolving;
  return { verb, into, at };
}

function deriveTree({ tree, branch, switchedTo, trouble, session }: Inspection): SessionView['tree'] {
  if (session.row.state === 'creating') return tree === 'ok' ? 'ok' : 'missing';
  if (tree !== 'ok') return tree;
  if (branch === undefined) return 'branch-missing';
  if (trouble !== undefined) return 'unreadable';
  return switchedTo === undefined ? 'ok' : 'switched';
}

function statusFactsOf(inspection: Inspection, proof: Proof | undefined, preview: Preview | undefined): StatusFacts {
  const { session, operation, distance, agent, isSettingUp = false } = inspection;
  const changes = inspection.status === undefined ? undefined : countChanges(inspection.status);
  return {
    isBeingMade: session.row.state === 'creating' || session.pending !== undefined || isSettingUp,
    isTreeWhole: deriveTree(inspection) === 'ok',
    agent,
    isInConflict: isResolving(inspection) || (changes !== undefined && changes.conflicted > 0),
    hasLanded: proof !== undefined && proof !== 'empty',
    hasFailedSetup: viewSetup(inspection).setup?.state === 'failed',
    wouldConflict: preview?.conflicts !== undefined && preview.conflicts.length > 0,
    hasOperation: operation !== undefined,
    word: wordOn(session, inspection.branch?.commit),
    isDirty: changes !== undefined && hasChanges(changes),
    isAhead: proof !== 'empty' && distance !== undefined && distance.ahead > 0,
  };
}
