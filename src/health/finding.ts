import type { Held } from '../sessions/hold.ts';

export const SEVERITIES = ['error', 'warning', 'info'] as const;
export type Severity = (typeof SEVERITIES)[number];

/** Event of a try to mend that came to nothing; its data have the finding's message and the reason. */
export const FAILED = 'session.doctor.failed';

/** What puts a finding right. */
export type Fix =
  /** `wt doctor --fix` does it, under the lock; each step may have been done before. */
  | { readonly kind: 'automatic'; readonly does: string; readonly apply: (held: Held) => Promise<void> }
  /** A person pastes it. */
  | { readonly kind: 'command'; readonly argv: readonly string[]; readonly does: string }
  /** A person edits or installs something. */
  | { readonly kind: 'by-hand'; readonly does: string };

/** One disagreement between registry, git and disk, or one thing that will bite. */
export interface Finding {
  /** Stable name, `noun.state`. */
  readonly check: string;
  readonly severity: Severity;
  /** The session it is about. */
  readonly session: string | null;
  /** What is the matter. */
  readonly message: string;
  /** Why it matters. */
  readonly why: string;
  readonly fix: Fix;
  /** Why the last try to mend it came to nothing. */
  readonly trouble?: string;
  /** Tried once more by `wt doctor --fix`, though the fix is a person's since a try came to nothing. */
  readonly again?: (held: Held) => Promise<void>;
}

/** The same disagreement in two looks. Pure. */
export function keyOf({ check, session, message }: Finding): string {
  return JSON.stringify([check, session, message]);
}

/** The command that puts it right when pasted; null when it takes an edit. Pure. */
export function commandOf({ fix }: Finding): readonly string[] | null {
  if (fix.kind === 'automatic') return ['wt', 'doctor', '--fix'];
  return fix.kind === 'command' ? fix.argv : null;
}

/** Whether something is wrong; notes do not count. Pure. */
export function isWrong({ severity }: Finding): boolean {
  return severity !== 'info';
}
