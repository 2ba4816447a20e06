import { expect } from 'vitest';
import { runFix } from './listing.ts';
import type { Bench, Stage } from './wt.ts';

export interface Found {
  readonly check: string;
  readonly severity: 'error' | 'warning' | 'info';
  readonly session: string | null;
  readonly message: string;
  readonly why: string;
  readonly fix: readonly string[] | null;
  readonly does: string;
  readonly automatic: boolean;
  readonly trouble?: string;
}

export interface Health {
  readonly code: number;
  readonly findings: readonly Found[];
  readonly fixed: readonly Found[];
  readonly checked: { readonly checks: number; readonly sessions: number };
}

/** `wt doctor --json` with its exit code. */
export async function doctor(bench: Pick<Bench, 'wt'>, ...argv: (string | Stage)[]): Promise<Health> {
  const { code, raw } = await bench.wt('--json', 'doctor', ...argv);
  const answer = JSON.parse(raw) as { ok: boolean; data: Omit<Health, 'code'> };
  if (!answer.ok) throw new Error(`wt doctor failed: ${raw}`);
  return { code, ...answer.data };
}

/** Names of what is wrong, with the session. */
export function names(found: readonly Found[]): readonly string[] {
  return found.map(({ check, session }) => (session === null ? check : `${check} ${session}`));
}

/** The one finding of that name. */
export async function only(bench: Pick<Bench, 'wt'>, check: string, ...argv: (string | Stage)[]): Promise<Found> {
  const { findings } = await doctor(bench, ...argv);
  expect(names(findings.filter((finding) => finding.check === check))).toHaveLength(1);
  return findings.find((finding) => finding.check === check) as Found;
}

/** `--fix` mends just these, nothing stays wrong, and a second one finds nothing to do. */
export async function expectMended(bench: Pick<Bench, 'wt'>, ...mended: readonly string[]): Promise<void> {
  const { code, findings, fixed } = await doctor(bench, '--fix');
  expect({ mended: names(fixed).toSorted(), left: names(findings) }).toEqual({ mended: mended.toSorted(), left: [] });
  expect(code).toBe(0);
  expect(names((await doctor(bench, '--fix')).fixed)).toEqual([]);
}

/** The proposed command works when pasted, and the finding is gone. */
export async function expectFixWorks(bench: Bench, check: string): Promise<void> {
  const { fix, automatic } = await only(bench, check);
  expect({ fix, automatic }).toMatchObject({ automatic: false });
  expect({ fix, exit: await runFix(bench, fix ?? undefined) }).toEqual({ fix, exit: 0 });
  expect(names((await doctor(bench)).findings.filter((finding) => finding.check === check))).toEqual([]);
}
