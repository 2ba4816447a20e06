import type { Deps } from '../platform/deps.ts';
import type { Key } from '../platform/keys.ts';
import { nodeFile } from '../platform/node.ts';
import type { OpenTerminal, Screen } from '../platform/terminal.ts';
import { paint, type Size } from '../ui/paint.ts';
import { frameOf, msUntilAgeChanges, stepTo, timesIn, type WatchState } from '../ui/watch.ts';
import type { Look } from '../ui/theme.ts';

type Outcome = WatchState['outcome'];

/** What the live view shows, and how it hears of changes. */
export interface Live {
  readonly withConflicts: boolean;
  /** Calls with each listing, and with what the terminal is sent beside the picture: it rings. */
  readonly watch: (onChange: (outcome: Outcome, bell: string) => void) => Source;
}

export interface Source {
  refresh(): void;
  readonly done: Promise<void>;
  close(): void;
}

/** No age of a session that is watched changes later than that: a timer knows no longer time. */
const LONGEST_MS = 2 ** 31 - 1;
/** What ends sooner has left its output on the screen, for somebody to read. */
const QUICK_MS = 1500;

/** Shows the sessions until the person quits. Throws what the watching throws, and `interrupted`; the terminal is given back first. */
export async function showLive(deps: Deps, open: OpenTerminal, live: Live, look: Look): Promise<void> {
  const view = new LiveView(deps, live, look);
  await view.run(open);
}

/** What a key does with the selected session. */
interface Action {
  readonly argv: (id: string, shell: string) => readonly string[];
  /** Whether the person says when it has been read: always, or when it ended at once. */
  readonly asks: 'always' | 'when quick' | 'never';
}

const ACTIONS: Readonly<Record<Key, Action>> = {
  enter: { argv: (id, shell) => ['exec', id, '--', shell], asks: 'never' },
  d: { argv: (id) => ['diff', id], asks: 'when quick' },
  l: { argv: (id) => ['logs', id], asks: 'when quick' },
  m: { argv: (id) => ['merge', id, '--dry-run'], asks: 'always' },
};

const QUITS = new Set<Key>(['q', 'ctrl-c', 'ctrl-d', 'ctrl-\\']);

class LiveView {
  readonly #deps: Deps;
  readonly #live: Live;
  readonly #look: Look;
  #state: WatchState | undefined;
  #shown: readonly string[] | undefined;
  #screen: Screen | undefined;
  #source: Source | undefined;
  #timesMs: readonly number[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(deps: Deps, live: Live, look: Look) {
    this.#deps = deps;
    this.#live = live;
    this.#look = look;
  }

  async run(open: OpenTerminal): Promise<void> {
    const source = this.#live.watch((outcome, bell) => {
      if (bell !== '') this.#deps.io.out(bell);
      this.#show(outcome);
    });
    this.#source = source;
    const screen = open({
      onKey: (key) => this.#press(key),
      onRedraw: () => this.#redraw(),
      onGone: () => source.close(),
    });
    this.#screen = screen;
    this.#redraw();
    try {
      await source.done;
    } finally {
      clearTimeout(this.#timer);
      screen.close();
    }
  }

  #show(outcome: Outcome): void {
    const before = this.#state;
    const first = outcome.sessions[0]?.id;
    const rest = before ?? { selected: first, top: 0, isHelpShown: false, withConflicts: this.#live.withConflicts };
    const at = before === undefined ? undefined : stepTo(before, 0);
    const isThere = outcome.sessions.some(({ id }) => id === at);
    // The one below takes the place of one that has gone.
    const place = before === undefined ? 0 : before.outcome.sessions.findIndex(({ id }) => id === at);
    const near = outcome.sessions[Math.min(Math.max(place, 0), outcome.sessions.length - 1)]?.id;
    this.#state = { ...rest, outcome, selected: isThere ? at : near };
    this.#timesMs = timesIn(outcome.sessions);
    this.#draw();
  }

  #redraw(): void {
    this.#shown = undefined;
    this.#draw();
  }

  #draw(): void {
    const screen = this.#screen;
    if (screen === undefined) return;
    const size = screen.size();
    const lines = this.#linesFor(size);
    screen.write(paint(this.#shown, lines, size));
    this.#shown = lines;
    this.#awaitAges();
  }

  /** Draws again when the first of the ages that are shown is another one. */
  #awaitAges(): void {
    clearTimeout(this.#timer);
    const waitMs = msUntilAgeChanges(this.#timesMs, this.#deps.clock.now().getTime());
    if (waitMs < LONGEST_MS) this.#timer = setTimeout(() => this.#draw(), waitMs);
  }

  #linesFor(size: Size): readonly string[] {
    if (this.#state === undefined) return [this.#look.theme.dim('reading sessions')];
    const { lines, top } = frameOf(this.#state, size, { ...this.#look, now: this.#deps.clock.now() });
    this.#state = { ...this.#state, top };
    return lines;
  }

  #press(key: Key): void {
    const isHelpShown = this.#state?.isHelpShown === true;
    if (QUITS.has(key) && !(isHelpShown && key === 'q')) return this.#source?.close();
    if (this.#state === undefined) return;
    if (isHelpShown || key === '?') {
      this.#state = { ...this.#state, isHelpShown: !isHelpShown };
      return this.#draw();
    }
    const step = this.#stepOf(key);
    if (step !== undefined) {
      this.#state = { ...this.#state, selected: stepTo(this.#state, step) };
      return this.#draw();
    }
    if (key === 'r') this.#source?.refresh();
    if (key === 'ctrl-l') this.#redraw();
    const id = stepTo(this.#state, 0);
    const action = ACTIONS[key];
    if (action !== undefined && id !== undefined) void this.#perform(action, id);
  }

  #stepOf(key: Key): number | undefined {
    const page = Math.max(1, (this.#screen?.size().rows ?? 1) - 4);
    const all = this.#state?.outcome.sessions.length ?? 0;
    const steps: Readonly<Record<Key, number>> = {
      up: -1,
      k: -1,
      down: 1,
      j: 1,
      pageup: -page,
      pagedown: page,
      home: -all,
      g: -all,
      end: all,
      G: all,
    };
    return Object.hasOwn(steps, key) ? steps[key] : undefined;
  }

  /** Runs wt itself on the terminal as it was, and comes back. */
  async #perform({ argv, asks }: Action, id: string): Promise<void> {
    const { run, program, env, cwd, clock, io } = this.#deps;
    const { theme } = this.#look;
    const words = argv(id, env['SHELL'] || 'sh');
    await this.#screen?.lend(async () => {
      const startMs = clock.elapsedMs();
      if (asks === 'never') io.out(`${theme.dim(`${id}: exit leads back to the list`)}\n`);
      const request = { file: nodeFile, args: [program, ...words], cwd, stdio: 'inherit', ownsTerminal: true } as const;
      const isFine = await run(request).then(
        ({ exitCode }) => exitCode === 0,
        () => false,
      );
      const isToBeRead = asks === 'always' || !isFine || clock.elapsedMs() - startMs < QUICK_MS;
      return asks !== 'never' && isToBeRead ? theme.dim('any key leads back to the list') : undefined;
    });
    this.#source?.refresh();
  }
}
