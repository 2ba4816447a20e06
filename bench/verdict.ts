/** What a case may take: a ratio to its floor, or an amount. */
export interface Bar {
  readonly limit: number;
  /** Why it cannot be met, as measured; and the bar that holds instead, so that it does not get worse. */
  readonly reason?: { readonly text: string; readonly limit: number };
}

export type Verdict =
  | { readonly kind: 'met' | 'missed' }
  | { readonly kind: 'excused'; readonly reason: string; readonly limit: number }
  /** Above what its reason allows. */
  | { readonly kind: 'worse'; readonly limit: number }
  | { readonly kind: 'unbarred' };

/** Pure. */
export function verdictOf(value: number, bar: Bar | undefined): Verdict {
  if (bar === undefined) return { kind: 'unbarred' };
  if (value <= bar.limit) return { kind: 'met' };
  if (bar.reason === undefined || Number.isNaN(value)) return { kind: 'missed' };
  if (value > bar.reason.limit) return { kind: 'worse', limit: bar.reason.limit };
  return { kind: 'excused', reason: bar.reason.text, limit: bar.reason.limit };
}

/** Whether a bench with this verdict ends with exit code 1. Pure. */
export function isFailure({ kind }: Verdict): boolean {
  return kind === 'missed' || kind === 'worse';
}

/** Pure. */
export function verdictWords(verdict: Verdict): string {
  switch (verdict.kind) {
    case 'met':
      return 'met';
    case 'missed':
      return '**missed**';
    case 'excused':
      return `above, because ${verdict.reason} (held to ${verdict.limit})`;
    case 'worse':
      return `**worse than the ${verdict.limit} that its reason allows**`;
    case 'unbarred':
      return 'no bar';
  }
}
