import { isDead, lifeOf } from '../agents/status.ts';
import type { AgentRun } from '../agents/facts.ts';
import { WtError } from '../core/errors.ts';
import { readRun } from './agent.ts';
import { readBook } from './book.ts';
import type { Repo } from './repo.ts';
import { planRun, startRun, type RunOutcome, type RunPlan, type RunRequest } from './run.ts';
import { requireSession } from './select.ts';
import { byText } from '../core/text.ts';

export interface ResumeRequest extends Pick<RunRequest, 'id' | 'prompt' | 'args' | 'output'> {
  /** Undefined: as it ran last. */
  readonly how: RunRequest['how'] | undefined;
}

/** Reads only. Throws as {@link planRun} does. */
export async function planResume(repo: Repo, request: ResumeRequest): Promise<RunPlan> {
  const session = await requireSession(repo, await readBook(repo), request.id);
  const run = await readRun(session);
  const how = request.how ?? (run?.how === 'background' || run?.how === 'tmux' ? run.how : 'foreground');
  return planRun(repo, { ...request, id: session.id, how, agent: undefined, isResumed: true });
}

/** What became of one session whose agent was cut off. */
export type Resumed =
  | { readonly kind: 'planned'; readonly id: string; readonly plan: RunPlan }
  | { readonly kind: 'resumed'; readonly id: string; readonly outcome: RunOutcome }
  /** It ran in somebody's terminal, and needs one again. */
  | { readonly kind: 'by-hand'; readonly id: string; readonly agent: string; readonly argv: readonly string[] }
  | { readonly kind: 'failed'; readonly id: string; readonly error: WtError };

/**
 * Takes up every agent whose last run came to no end that was written down: a reboot, a crash, a kill. In the order of their ids; one
 * that cannot be taken up keeps none of the others. Only what ran without a terminal can be started by itself.
 */
export async function resumeAll(
  repo: Repo,
  request: Pick<ResumeRequest, 'prompt' | 'args'>,
  dryRun: boolean,
): Promise<readonly Resumed[]> {
  const book = await readBook(repo);
  const done: Resumed[] = [];
  for (const session of [...book.sessions.values()].toSorted((a, b) => byText(a.id, b.id))) {
    const run = await readRun(session);
    if (run === null || !isCutOff(run)) continue;
    done.push(await resumeOne(repo, session.id, run, { ...request, dryRun }));
  }
  return done;
}

async function resumeOne(
  repo: Repo,
  id: string,
  { how, agent }: AgentRun,
  { prompt, args, dryRun }: Pick<ResumeRequest, 'prompt' | 'args'> & { dryRun: boolean },
): Promise<Resumed> {
  if (how === 'foreground' || how === 'outside') return { kind: 'by-hand', id, agent, argv: ['wt', 'resume', id] };
  try {
    const plan = await planResume(repo, { id, prompt, args, how: undefined, output: 'terminal' });
    if (dryRun) return { kind: 'planned', id, plan };
    return { kind: 'resumed', id, outcome: await startRun(repo, plan) };
  } catch (error) {
    if (!WtError.any(error) || WtError.is(error, 'interrupted')) throw error;
    return { kind: 'failed', id, error };
  }
}

/** No end of it is known, and it is proven dead; nobody has told it to stop. */
function isCutOff({ end, owner, stoppingAt }: AgentRun): boolean {
  if (end !== null || stoppingAt !== null) return false;
  return isDead(lifeOf(owner));
}
