import * as z from 'zod';
import { AgentName, ObjectId, SessionId, StoredRef } from '../core/names.ts';

/** A landing that `wt merge` did: the base's new commit, and the session's tip that is in it. */
export const Landed = z.looseObject({ commit: ObjectId, tip: ObjectId, into: z.string(), at: z.iso.datetime() });
export type Landed = z.infer<typeof Landed>;

/** A word on one exact commit: later commits make it stale. */
const Word = z.looseObject({ commit: ObjectId, at: z.iso.datetime(), by: z.string() });

/** The agent's own word that its task is done, or that it has failed. Never an approval. */
export const Done = Word.extend({ summary: z.string().nullable(), failed: z.boolean() });
export type Done = z.infer<typeof Done>;

/** A person's approval. */
export const Approved = Word;
export type Approved = z.infer<typeof Approved>;

/** A merge of the base that was started inside the session, to be finished or given up. `tip` is where it goes back to. */
export const Resolving = z.looseObject({
  verb: z.enum(['merge', 'sync']),
  into: z.string(),
  tip: ObjectId,
  target: ObjectId,
  /** Tree of its files when it was started, conflict markers and all. */
  merged: ObjectId.optional(),
  at: z.iso.datetime(),
});
export type Resolving = z.infer<typeof Resolving>;

/** Where a session was cut from, and the branch it lands on; null when it was cut from a bare commit. */
const Base = z.looseObject({ branch: z.string().nullable(), commit: ObjectId });
export type Base = z.infer<typeof Base>;

/** A change of a session's base: what the row said, and says. */
export const BaseChange = z.object({ before: Base, after: Base });
export type BaseChange = z.infer<typeof BaseChange>;

/** Uncommitted work that goes along when its branch moves: trees of the index and of all files, before and after. */
export const Carried = z.object({ indexFrom: ObjectId, indexTo: ObjectId, filesFrom: ObjectId, filesTo: ObjectId });
export type Carried = z.infer<typeof Carried>;

/** How the set-up of a session went. `running`: it was begun, and no end of it is known. */
export const SetupState = z.looseObject({
  state: z.enum(['running', 'done', 'failed', 'skipped']),
  at: z.iso.datetime(),
  log: z.string().nullable(),
  /** The command that failed, as it is written, and how. */
  step: z.string().optional(),
  reason: z.string().optional(),
  /** An earlier one came to its end. */
  wasReady: z.boolean().optional(),
});
export type SetupState = z.infer<typeof SetupState>;

/** What wt remembers of a session. Unknown fields survive: an older wt must not lose what a newer one wrote. */
export const SessionRow = z.looseObject({
  id: SessionId,
  branch: StoredRef,
  base: Base,
  /** For readers of the file; wt computes the path and never follows this one. */
  path: z.string(),
  agent: AgentName.nullable().catch(null),
  task: z.string().nullable().catch(null),
  createdAt: z.iso.datetime(),
  state: z.enum(['creating', 'ready']),
  /** False for a branch that was there before the session: it stays when the session goes. */
  ownsBranch: z.boolean(),
  /** Last landing, when `wt merge` did it. */
  landed: Landed.optional(),
  /** Paths it may touch, as gitignore patterns. */
  owns: z.array(z.string()).optional(),
  /** Sessions that land before it. */
  after: z.array(SessionId).optional(),
  done: Done.optional(),
  approved: Approved.optional(),
  resolving: Resolving.optional(),
  /** Name of its folder below `.worktrees`, where it is not the id. */
  folder: z.string().optional(),
  /** Absent: made before there was any, or adopted. */
  setup: SetupState.optional(),
  /** Ports that are its own, by name. */
  ports: z.record(z.string(), z.number().int().min(1).max(65_535)).optional(),
});
export type SessionRow = z.infer<typeof SessionRow>;
