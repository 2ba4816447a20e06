import { throwIfInterrupted } from '../platform/runner.ts';
import type { ListRequest } from './list.ts';
import type { Repo } from './repo.ts';
import { Survey, type WatchOutcome } from './survey.ts';
import type { SessionView } from './view.ts';

export interface SessionWatch {
  /** Reads everything again, now. */
  refresh(): void;
  /** Ends when it is closed; throws what the reading threw, and `interrupted`. */
  readonly done: Promise<void>;
  close(): void;
}

/**
 * The sessions as they are, told again whenever they are otherwise: from changes of files, and a look at the agents' processes.
 * While nothing changes nothing is told, and no process is started. A death that nobody has recorded is recorded here.
 */
export function watchSessions(
  repo: Repo,
  request: ListRequest,
  onChange: (outcome: WatchOutcome) => void,
): SessionWatch {
  const closing = new AbortController();
  const signal = AbortSignal.any([repo.deps.signal, closing.signal]);
  const alarm = createAlarm(signal);
  const survey = new Survey(repo, request, alarm.ring);
  const follow = async (): Promise<void> => {
    try {
      while (!signal.aborted) {
        const outcome = await survey.step();
        if (outcome !== undefined && !signal.aborted) onChange(outcome);
        await alarm.wait(survey.restMs());
      }
    } finally {
      survey.close();
    }
    throwIfInterrupted(repo.deps.signal);
  };
  return {
    refresh() {
      survey.forget();
      alarm.ring();
    },
    done: follow(),
    close: () => closing.abort(),
  };
}

/** `listed`: it was there when the watching began. */
export interface SessionChange {
  readonly change: 'listed' | 'added' | 'changed' | 'removed';
  /** As it is now; as it was, when it has gone. */
  readonly session: SessionView;
}

/** What is otherwise in a list than in the one before; all of it in the first. Pure. */
export function changesBetween(
  before: readonly SessionView[] | undefined,
  after: readonly SessionView[],
): readonly SessionChange[] {
  if (before === undefined) return after.map((session) => ({ change: 'listed', session }));
  const old = new Map(before.map((view) => [view.id, view]));
  const ids = new Set(after.map(({ id }) => id));
  const now = after.flatMap((session): readonly SessionChange[] => {
    const was = old.get(session.id);
    if (was === undefined) return [{ change: 'added', session }];
    return JSON.stringify(was) === JSON.stringify(session) ? [] : [{ change: 'changed', session }];
  });
  const gone = before.filter(({ id }) => !ids.has(id)).map((session) => ({ change: 'removed', session }) as const);
  return [...now, ...gone];
}

/** Wakes who waits; one that rang before is heard too. */
function createAlarm(signal: AbortSignal): { ring: () => void; wait: (ms: number) => Promise<void> } {
  let hasRung = false;
  let wake = (): void => {};
  const ring = (): void => {
    hasRung = true;
    wake();
  };
  signal.addEventListener('abort', ring, { once: true });
  return {
    ring,
    async wait(ms) {
      if (!hasRung)
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, Math.min(ms, 2 ** 31 - 1));
          wake = () => {
            clearTimeout(timer);
            resolve();
          };
        });
      hasRung = false;
    },
  };
}
