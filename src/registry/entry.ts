import * as z from 'zod';
import { ObjectId, OperationId, SessionId, StoredRef } from '../core/names.ts';
import { OwnerRecord } from '../platform/owner.ts';
import { BaseChange, Carried, Landed, Resolving, SessionRow } from './session.ts';

/** What the entry of every operation has. */
export const Common = z.object({
  op: OperationId,
  owner: OwnerRecord,
  generation: z.number().int(),
  startedAt: z.iso.datetime(),
  id: SessionId,
});

const LandedChange = z.object({ before: Landed.nullable(), after: Landed.nullable() });
/** A base that moves between two known commits, with the worktree that has it checked out. */
const TargetMove = { target: StoredRef, from: ObjectId, to: ObjectId, worktree: z.string().nullable() };
/** A session's worktree and git's record of it. */
const Place = { path: z.string(), adminDirectory: z.string() };
/** A session's branch that moves there between two known commits. */
const BranchMove = { ...Place, ref: StoredRef, from: ObjectId, to: ObjectId };

/** An operation that has begun and not ended. Written before its first effect, deleted after its last. */
export const JournalEntry = z.discriminatedUnion('kind', [
  Common.extend({
    kind: z.literal('create'),
    branch: StoredRef,
    commit: ObjectId,
    /** The branch is made by this operation, so undoing deletes it while it still names `commit`. */
    createsBranch: z.boolean(),
    path: z.string(),
    /** The worktree and commit whose uncommitted work comes along. */
    carried: z.object({ worktree: z.string(), head: ObjectId }).nullable().default(null),
    /** Name of the spare that becomes the session's worktree. */
    spare: z
      .string()
      .regex(/^[0-9a-f]{12}$/, 'not a spare')
      .nullable()
      .default(null),
  }),
  Common.extend({
    kind: z.literal('remove'),
    /** `intent`: nothing has moved. `commit`: backups are written, the move goes through. */
    phase: z.enum(['intent', 'commit']),
    /** When the session was made. */
    createdAt: z.string().optional(),
    path: z.string(),
    adminDirectory: z.string().nullable(),
    branch: StoredRef,
    /** Delete the branch if it still names this commit; null keeps it. */
    deleteBranchAt: ObjectId.nullable(),
  }),
  Common.extend({
    kind: z.literal('merge'),
    ...TargetMove,
    tip: ObjectId,
    landed: LandedChange.default({ before: null, after: null }),
  }),
  /** A landing taken back or done again: the target moves by two known commits, its checkout comes along. */
  Common.extend({ kind: z.literal('move'), ...TargetMove, landed: LandedChange }),
  Common.extend({
    kind: z.literal('restore'),
    /** Operation whose trash entry comes back, and the id it had. */
    trash: OperationId,
    removedId: SessionId,
    path: z.string(),
    adminDirectory: z.string().nullable(),
    /** Commit at its HEAD. */
    commit: z.string().nullable().default(null),
    /** Text of the worktree's HEAD. */
    head: z.string(),
    branch: StoredRef,
    /** Make the branch there; null when it is there already. */
    createBranchAt: ObjectId.nullable(),
    row: SessionRow,
  }),
  Common.extend({ kind: z.literal('adopt'), adminDirectory: z.string(), row: SessionRow }),
  /** An adoption taken back. */
  Common.extend({ kind: z.literal('release'), adminDirectory: z.string(), row: SessionRow }),
  Common.extend({
    kind: z.literal('commit'),
    ...Place,
    ref: StoredRef,
    from: ObjectId.or(z.literal('')),
    /** SHA-256 of the message, by which recovery knows the commit for its own. */
    message: z.string().default(''),
    /** Tree of the index before anything was staged; null while it could not be written as one. */
    index: ObjectId.nullable(),
    /** The commit ends a merge of the base: the base that the session has from then on. */
    resolved: BaseChange.nullable().default(null),
  }),
  /** A commit taken back or done again: the session's branch and index move, its files stay. */
  Common.extend({
    kind: z.literal('reset'),
    ...BranchMove,
    indexFrom: ObjectId.nullable(),
    indexTo: ObjectId.nullable(),
  }),
  /** A session is brought on its base, or that is taken back: its branch, its checkout and its recorded base move. */
  Common.extend({
    kind: z.literal('sync'),
    ...BranchMove,
    base: BaseChange,
    work: Carried.nullable(),
  }),
  /** A merge of the base is laid out in a session: files and index become those of `merged`, with conflicts in them. */
  Common.extend({
    kind: z.literal('resolve'),
    ...Place,
    /** Tree of the files, conflict markers and all. */
    merged: ObjectId,
    resolving: Resolving,
  }),
  /** Such a merge is given up: files and index go back to the session's tip. */
  Common.extend({
    kind: z.literal('abort'),
    ...Place,
    resolving: Resolving,
  }),
  /** The last part of `create --from-changes`: what has been copied leaves the caller's worktree. */
  Common.extend({
    kind: z.literal('sweep'),
    worktree: z.string(),
    gitDir: z.string(),
    /** Folder in the trash that the files are moved to. */
    keep: z.string(),
    /** `move`: files are being moved. `reset`: all have moved, those of HEAD come back. */
    phase: z.enum(['move', 'reset']),
  }),
  /** Work that a session was made with goes back to the clean worktree it came from. */
  Common.extend({
    kind: z.literal('carry'),
    worktree: z.string(),
    head: z.string(),
    /** Tree of the files it becomes. */
    files: z.string(),
  }),
  /** The gate worktree is being made, for the landing of a session. */
  Common.extend({ kind: z.literal('gate') }),
  /** Something in the trash is due: its folder goes aside, then the refs that kept its commits. */
  Common.extend({ kind: z.literal('expire'), trash: z.string() }),
]);
export type JournalEntry = z.infer<typeof JournalEntry>;
export type EntryOf<K extends JournalEntry['kind']> = Extract<JournalEntry, { kind: K }>;
