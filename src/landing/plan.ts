import { WtError, type Reason } from '../core/errors.ts';
import type { Commit } from '../git/commit.ts';
import type { FileChange } from '../git/diff.ts';
import type { Ref } from '../git/ref.ts';
import type { Strategy } from '../config/schema.ts';
import type { Trespass } from './radar/ownership.ts';
import type { Session } from '../sessions/book.ts';

export interface MergeRequest {
  readonly id: string | undefined;
  readonly into: string | undefined;
  readonly strategy: Strategy;
  readonly message: string | undefined;
  /** Template of the message when none is given. */
  readonly template: string | undefined;
  /** Only what a person has approved lands. */
  readonly requireApproval: boolean;
}

/** What will land, built and not yet landed. */
export interface MergePlan {
  readonly session: Session;
  readonly target: Ref;
  /** Short name of the target branch. */
  readonly into: string;
  readonly tip: string;
  readonly strategy: Strategy;
  readonly message: string;
  /** Author of a squashed commit, "Name <address>"; undefined for whoever lands it. */
  readonly author: string | undefined;
  /** Tree of the merged result. */
  readonly tree: string;
  /** Commits of the session that the target has not, oldest first. */
  readonly commits: readonly Commit[];
  /** What changes in the target. */
  readonly files: readonly FileChange[];
  /** Sessions that it was to land after, and that have not landed. */
  readonly waitsFor: readonly string[];
  /** What it changes although it was to keep off it. */
  readonly trespasses: readonly Trespass[];
  /** The worktree that has the target checked out, to be brought along. */
  readonly checkout: string | undefined;
}

/** Why the session itself may not land now. Pure; throws `session.refused`. */
export function requireLandable(
  session: Session,
  facts: { dirt: Reason | undefined; operation: string | undefined; switchedTo: string | null | undefined },
): void {
  const reasons: Reason[] = [];
  if (facts.operation !== undefined) reasons.push({ code: 'session.operation', operation: facts.operation });
  else if (facts.switchedTo !== undefined) {
    const instead = facts.switchedTo === null ? 'a detached HEAD' : facts.switchedTo.replace(/^refs\/heads\//, '');
    reasons.push({ code: 'session.operation', operation: `checkout of ${instead} instead of ${session.row.branch}` });
  }
  if (facts.dirt !== undefined) reasons.push(facts.dirt);
  if (reasons.length > 0) throw new WtError('session.refused', { id: session.id, verb: 'merge', reasons });
}

/** Those of the uncommitted paths that a landing would write to: equal, or one inside the other. Pure. */
export function findOverlap(changed: readonly string[], uncommitted: readonly string[]): readonly string[] {
  const touched = new Set(changed);
  const folders = new Set(changed.flatMap(parentsOf));
  return uncommitted.filter(
    (name) => touched.has(name) || folders.has(name) || parentsOf(name).some((folder) => touched.has(folder)),
  );
}

function parentsOf(name: string): readonly string[] {
  const parts = name.split('/');
  return parts.slice(1).map((_, i) => parts.slice(0, i + 1).join('/'));
}
