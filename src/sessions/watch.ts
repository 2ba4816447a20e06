import { throwIfInterrupted } from '../platform/runner.ts';
import type { ListOutcome, ListRequest } from './list.ts';
import type { Repo } from './repo.ts';
import { Survey } from './survey.ts';

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
  onChange: (outcome: ListOutcome) => void,
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
