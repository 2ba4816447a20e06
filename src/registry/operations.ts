import * as z from 'zod';
import path from 'node:path';
import { ObjectId, OperationId, SessionId, StoredRef } from '../core/names.ts';
import { makePrivateDirectory } from '../platform/files.ts';
import type { JournalEntry } from './journal.ts';
import { appendLine, readLastLines } from './lines.ts';
import { BaseChange, Carried, Landed, Resolving, SessionRow } from './session.ts';

/** What one step of a command has changed, with all that taking it back needs. */
export const Effect = z.discriminatedUnion('kind', [
  /** A session came to be. `hadBranch`: its branch was there before it. `carried`: with the uncommitted work of that worktree. */
  z.object({
    kind: z.literal('made'),
    id: SessionId,
    isRestored: z.boolean(),
    hadBranch: z.boolean().default(false),
    /** When that session was made: another one may have its id by now. */
    createdAt: z.string().optional(),
    /** Commit at HEAD when it was restored. */
    head: z.string().nullable().optional(),
    carried: z.object({ worktree: z.string(), head: ObjectId }).nullable(),
  }),
  /** It went into the trash. */
  z.object({ kind: z.literal('trashed'), id: SessionId, trash: OperationId, createdAt: z.string().optional() }),
  /** The branch sessions land on moved. */
  z.object({
    kind: z.literal('moved'),
    id: SessionId,
    target: StoredRef,
    from: ObjectId,
    to: ObjectId,
    landed: z.object({ before: Landed.nullable(), after: Landed.nullable() }),
  }),
  /** The branch of a session moved below files that stayed: a commit, or one taken back. Trees of its index. */
  z.object({
    kind: z.literal('committed'),
    id: SessionId,
    ref: StoredRef,
    from: ObjectId.or(z.literal('')),
    to: ObjectId,
    indexFrom: ObjectId.nullable(),
    indexTo: ObjectId.nullable(),
  }),
  /** A session was brought on its base, or only given another one: then `from` is `to`. */
  z.object({
    kind: z.literal('synced'),
    id: SessionId,
    ref: StoredRef,
    from: ObjectId,
    to: ObjectId,
    base: BaseChange,
    work: Carried.nullable(),
  }),
  /** A merge of the base was started in a session, to be resolved there; or given up again. */
  z.object({ kind: z.literal('resolving'), id: SessionId, resolving: Resolving, isGivenUp: z.boolean() }),
  /** A worktree became a session where it stands, or stopped being one. */
  z.object({ kind: z.literal('adopted'), row: SessionRow }),
  z.object({ kind: z.literal('released'), row: SessionRow }),
]);
export type Effect = z.infer<typeof Effect>;

/** A finished step. Those of one call of wt share `call`. */
export const Operation = z.object({
  op: OperationId,
  call: z.string(),
  /** "wt remove", for people. */
  command: z.string(),
  at: z.iso.datetime(),
  effect: Effect,
});
export type Operation = z.infer<typeof Operation>;

export function idOfEffect(effect: Effect): SessionId {
  return 'row' in effect ? effect.row.id : effect.id;
}

/** Writes down that an operation is finished; a second time for the same one is nothing. The caller holds the lock. */
export async function recordOperation(
  file: string,
  entry: Pick<JournalEntry, 'op' | 'owner' | 'startedAt'>,
  effect: Effect,
): Promise<void> {
  await makePrivateDirectory(path.dirname(file));
  const known = await readLastLines(file, Operation);
  if (known.some(({ op }) => op === entry.op)) return;
  const { op, owner, startedAt: at } = entry;
  await appendLine(file, { op, call: owner.nonce, command: owner.command, at, effect } satisfies Operation);
}

/** A call of wt with its steps, in the order they were done. */
export interface Call {
  readonly call: string;
  readonly command: string;
  readonly at: string;
  readonly operations: readonly Operation[];
}

/** The calls that changed something, oldest first. */
export async function listCalls(file: string): Promise<readonly Call[]> {
  return groupCalls(await readLastLines(file, Operation));
}

/** Pure half of {@link listCalls}. A call stands where its last step was done. */
export function groupCalls(operations: readonly Operation[]): readonly Call[] {
  const calls = new Map<string, Operation[]>();
  for (const operation of operations) {
    const steps = calls.get(operation.call) ?? [];
    calls.delete(operation.call);
    calls.set(operation.call, [...steps, operation]);
  }
  return [...calls].map(([call, steps]) => ({
    call,
    command: steps[0]?.command ?? '',
    at: steps.at(-1)?.at ?? '',
    operations: steps,
  }));
}
