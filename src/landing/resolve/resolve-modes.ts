import * as z from 'zod';
import { WtError } from '../../core/errors.ts';
import type { Resolving } from '../../registry/session.ts';
import type { Repo } from '../../sessions/repo.ts';
import { abortResolve, continueResolve, startResolve, type AbortOutcome, type ContinueOutcome } from './resolve.ts';
import type { ResolveOutcome } from './resolve-plan.ts';

/** What `--resolve`, `--continue` and `--abort` have done, of `wt sync` as of `wt merge`. */
export type Resolved =
  | { readonly mode: 'resolve'; readonly outcome: ResolveOutcome }
  | { readonly mode: 'continue'; readonly outcome: ContinueOutcome }
  | { readonly mode: 'abort'; readonly outcome: AbortOutcome };

const MODES = ['resolve', 'continue', 'abort'] as const;
type Mode = (typeof MODES)[number];

/** The one mode that the flags ask for. `others` are flags that make no sense beside it. Throws `usage.invalid`. */
export function modeOf(
  input: Readonly<Record<Mode, boolean>> & { readonly ids: readonly string[]; readonly all: boolean },
  others: Readonly<Record<string, boolean>>,
): Mode | undefined {
  const [mode, second] = MODES.filter((name) => input[name]);
  if (mode === undefined) return undefined;
  const option = `--${mode}`;
  const other = second === undefined ? Object.keys(others).find((flag) => others[flag]) : `--${second}`;
  if (other !== undefined) throw new WtError('usage.invalid', { option, reason: `not together with ${other}` });
  if (input.all || input.ids.length > 1) throw new WtError('usage.invalid', { option, reason: 'is for one session' });
  return mode;
}

/** Does what the mode says. Throws as the functions of resolve.ts. */
export async function resolveIn(
  repo: Repo,
  mode: Mode,
  spec: { id: string | undefined; verb: Resolving['verb']; into?: string | undefined; dryRun: boolean },
): Promise<Resolved> {
  if (mode === 'resolve') return { mode, outcome: await startResolve(repo, spec) };
  if (spec.dryRun) throw new WtError('usage.invalid', { option: `--${mode}`, reason: 'has no dry run' });
  return mode === 'continue'
    ? { mode, outcome: await continueResolve(repo, spec.id) }
    : { mode, outcome: await abortResolve(repo, spec.id) };
}

/** Shape of `resolving` in the JSON of both verbs. */
export const ResolvingData = z.object({
  id: z.string(),
  into: z.string(),
  state: z.enum(['clean', 'current', 'planned', 'started', 'continued', 'aborted']),
  paths: z.array(z.string()),
  commit: z.string().optional(),
  kept: z.string().nullable().optional(),
});

/** Pure. */
export function resolvingData(resolved: Resolved): z.infer<typeof ResolvingData> {
  const { session, into } = resolved.outcome;
  const card = { id: session.id as string, into };
  switch (resolved.mode) {
    case 'resolve': {
      const { outcome } = resolved;
      const paths = 'files' in outcome ? outcome.files.map(({ path }) => path) : [];
      return { ...card, state: outcome.kind, paths };
    }
    case 'continue': {
      const { commit, left } = resolved.outcome;
      return { ...card, state: 'continued', paths: [...left], commit };
    }
    case 'abort': {
      const { edited, kept = null } = resolved.outcome;
      return { ...card, state: 'aborted', paths: [...edited], kept };
    }
  }
}
