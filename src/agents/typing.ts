import type { Clock } from '../platform/clock.ts';
import { hasTerminalOf } from '../platform/processes.ts';
import { findTyped, readScreen, withoutText, type Reading, type Screen } from './screen.ts';
import type { AgentStatus } from './status.ts';
import { lookAtPane, pressEnter, typeText, type Look, type Pane, type Tmux } from './tmux.ts';

/** Why nothing may be typed now. */
export interface NotReady {
  readonly state: string;
  readonly reason: string | null;
  /** `claude hook`, `screen`, `tmux`, `process`. */
  readonly source: string;
}

/** What may be typed into: a pane, what its agent's screens look like, and its process. */
export interface Target {
  readonly tmux: Tmux;
  readonly pane: string;
  readonly mark: string;
  readonly pid: number;
  readonly screen: Screen | undefined;
  /** A program that takes lines at any time needs to show no prompt. */
  readonly takesLines: boolean;
}

/**
 * Whether an agent waits for a prompt. What its hooks told has to say so; the screen is asked in every case, for a question may have come up
 * since. Where nothing was told the screen has to show an empty prompt. Pure.
 */
export function findNotReady(
  status: Pick<AgentStatus, 'state' | 'reason' | 'source'>,
  { pane, reading, takesLines }: { pane: Pane; reading: Reading; takesLines: boolean },
): NotReady | undefined {
  const { state, reason, source } = status;
  if (pane.isInMode) return { state, reason: 'somebody scrolls in its pane', source: 'tmux' };
  if (pane.isSynchronized) return { state, reason: 'what is typed there goes to other panes too', source: 'tmux' };
  if (reading.state === 'blocked') return { state: 'waiting', reason: 'question', source: 'screen' };
  if (reading.state === 'working') return { state: 'working', reason: null, source: 'screen' };
  if (reading.state === 'draft') return { state, reason: 'something is typed there already', source: 'screen' };
  return findBusy(status, reading.state === 'ready' || takesLines) ? { state, reason, source } : undefined;
}

/** What is known without a look at it. `isOpen`: it waits for a prompt by what can be seen. Pure. */
export function findBusy({ state, reason }: Pick<AgentStatus, 'state' | 'reason'>, isOpen: boolean): boolean {
  if (state === 'running' || state === 'starting') return !isOpen;
  if (state === 'waiting') return reason !== 'input';
  return state !== 'idle' && state !== 'failed';
}

export type Sent =
  | { readonly kind: 'sent'; readonly seen: Seen }
  | { readonly kind: 'not-ready'; readonly why: NotReady; readonly isTyped: boolean }
  /** Its pane is gone, or another program has it. */
  | { readonly kind: 'gone'; readonly isTyped: boolean };

/** What could be seen of a text: it left the prompt; the screen changed; it did not; Enter was not asked for. */
export type Seen = 'left' | 'changed' | 'unchanged' | 'typed';

export interface Typing {
  readonly text: string;
  readonly enter: boolean;
  /** Of the buffer that carries the text: nobody else's. */
  readonly buffer: string;
  readonly status: () => Promise<Pick<AgentStatus, 'state' | 'reason' | 'source'> | undefined>;
}

/** Looks at the pane; undefined when it is gone, its program has ended, or the agent is not who reads what is typed there. */
export async function lookAtAgent({ tmux, pane, mark, pid }: Target): Promise<Look | undefined> {
  const look = await lookAtPane(tmux, { pane, mark });
  if (look === undefined || look.pane.isDead) return undefined;
  return (await hasTerminalOf(pid, look.pane.pid)) === false ? undefined : look;
}

/** Types a text for an agent that waits for one, and says what was seen of it. */
export async function typeForAgent(target: Target, typing: Typing, clock: Clock): Promise<Sent> {
  const look = await lookAtAgent(target);
  const status = look === undefined ? undefined : await typing.status();
  if (look === undefined || status === undefined) return { kind: 'gone', isTyped: false };
  const why = findNotReady(status, { ...target, pane: look.pane, reading: readScreen(look.screen, target.screen) });
  if (why !== undefined) return { kind: 'not-ready', why, isTyped: false };
  const { text, buffer } = typing;
  await typeText(target.tmux, target.pane, { text, asPaste: /[\n\t]/.test(text), buffer });
  return typing.enter ? submit(target, typing, { clock, before: look }) : { kind: 'sent', seen: 'typed' };
}

const POLL_MS = 100;
/** Enter that follows a text at once is taken for a part of a paste by some: codex looks back 120 ms. */
const SETTLE_MS = 250;
const ARRIVES_MS = 2000;
const LEAVES_MS = 2000;

async function submit(
  target: Target,
  { text }: Typing,
  { clock, before }: { clock: Clock; before: Look },
): Promise<Sent> {
  await clock.sleep(SETTLE_MS);
  let look = await lookAtAgent(target);
  // A long text takes a while until it is there.
  for (let waitedMs = 0; look?.screen === before.screen && waitedMs < ARRIVES_MS; waitedMs += POLL_MS) {
    await clock.sleep(POLL_MS);
    look = await lookAtAgent(target);
  }
  if (look === undefined) return { kind: 'gone', isTyped: true };
  // Enter would answer a question that has come up in this moment.
  const { state } = readScreen(withoutText(look.screen, text), target.screen);
  if (state === 'blocked' || look.pane.isInMode)
    return { kind: 'not-ready', why: { state: 'waiting', reason: 'question', source: 'screen' }, isTyped: true };
  const typed = findTyped(look.screen, target.screen) ?? '';
  await pressEnter(target.tmux, target.pane);
  for (let waitedMs = 0; waitedMs < LEAVES_MS; waitedMs += POLL_MS) {
    await clock.sleep(POLL_MS);
    const after = await lookAtPane(target.tmux, target);
    if (after === undefined) return { kind: 'sent', seen: 'changed' };
    if (typed !== '' && findTyped(after.screen, target.screen) !== typed) return { kind: 'sent', seen: 'left' };
    if (typed === '' && after.screen !== look.screen) return { kind: 'sent', seen: 'changed' };
  }
  return { kind: 'sent', seen: 'unchanged' };
}
