import { isoFromMs } from '../core/time.ts';
import type { Runner } from '../platform/runner.ts';
import type { TmuxPlace } from './facts.ts';
import { readScreen, type ScreenState } from './screen.ts';
import { findScreen } from './screens.ts';
import type { AgentState, AgentStatus } from './status.ts';
import { lookAtPane, tmuxAt, type Look } from './tmux.ts';

export interface Shown {
  readonly run: Runner;
  readonly cwd: string;
  readonly place: TmuxPlace;
  /** Of the pane, see {@link lookAtPane}. */
  readonly mark: string;
  /** The known agent whose screens it has. */
  readonly like: string | undefined;
}

/** A list waits no longer than that for a screen. */
const LOOK_LIMIT_MS = 500;

/**
 * What its screen says of an agent that has told nothing itself: concluded, not asserted, and since the screen last changed. A screen
 * that says nothing known, or that cannot be had in time, leaves the status as it is.
 */
export async function refineByScreen(status: AgentStatus, shown: Shown): Promise<AgentStatus> {
  const look = await lookInTime(shown);
  if (look === undefined || look.pane.isDead) return status;
  const seen = STATES[readScreen(look.screen, findScreen(status.agent, shown.like)).state];
  if (seen === undefined) return status;
  const { activeAt } = look.pane;
  const at = Number.isFinite(activeAt) && activeAt > 0 ? isoFromMs(activeAt * 1000) : status.at;
  return { ...status, ...seen, source: 'screen', at: at > status.startedAt ? at : status.startedAt, isAsserted: false };
}

const STATES: Readonly<Record<ScreenState, { state: AgentState; reason: string | null } | undefined>> = {
  blocked: { state: 'waiting', reason: 'question' },
  working: { state: 'working', reason: null },
  ready: { state: 'idle', reason: null },
  draft: { state: 'idle', reason: null },
  unknown: undefined,
};

async function lookInTime({ run, cwd, place, mark }: Shown): Promise<Look | undefined> {
  const tmux = tmuxAt(run, cwd, place.socket);
  const look = lookAtPane(tmux, { pane: place.pane, mark }, { timeoutMs: LOOK_LIMIT_MS });
  return look.catch(() => undefined);
}
