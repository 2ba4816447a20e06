import * as z from 'zod';
import { AgentName, ObjectId, SessionId, StoredRef } from '../core/names.ts';

/** A landing that `wt merge` did: the base's new commit, and the session's tip that is in it. */
export const Landed = z.looseObject({ commit: ObjectId, tip: ObjectId, into: z.string(), at: z.iso.datetime() });
export type Landed = z.infer<typeof Landed>;

/** What wt remembers of a session. Unknown fields survive: an older wt must not lose what a newer one wrote. */
export const SessionRow = z.looseObject({
  id: SessionId,
  branch: StoredRef,
  /** Where the session was cut from, and the branch it lands on; null when it was cut from a bare commit. */
  base: z.looseObject({ branch: z.string().nullable(), commit: ObjectId }),
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
});
export type SessionRow = z.infer<typeof SessionRow>;
