import path from 'node:path';
import { WtError } from '../core/errors.ts';
import type { Env } from '../platform/deps.ts';
import type { Runner, RunResult } from '../platform/runner.ts';
import type { TmuxPlace } from './facts.ts';

/** One tmux server. Several commands of a call run one after the other, with nothing between them. */
export interface Tmux {
  (commands: readonly (readonly string[])[], options?: TmuxOptions): Promise<RunResult>;
  /** Hands the terminal over. */
  show(command: readonly string[]): Promise<RunResult>;
}

export interface TmuxOptions {
  readonly input?: string;
  readonly timeoutMs?: number;
}

/** A pane that wt has made, as it is now. */
export interface Pane {
  readonly id: string;
  /** The program it was started with. */
  readonly pid: number;
  /** That program has ended, and what it wrote stays. */
  readonly isDead: boolean;
  readonly exitCode: number | null;
  /** A person scrolls in it, or chooses something: keys would not reach the program. */
  readonly isInMode: boolean;
  /** Keys would go to other panes as well. */
  readonly isSynchronized: boolean;
  /** When something was last written there, in seconds since 1970. */
  readonly activeAt: number;
}

export interface PaneRequest {
  /** Of the session, or of the window. */
  readonly name: string;
  /** Where a person's further panes of it begin. */
  readonly cwd: string;
  /** Where the program stands; undefined: there too. */
  readonly programCwd?: string;
  readonly argv: readonly string[];
  /** Variables that are no secret: they are seen on a command line. */
  readonly env?: Readonly<Record<string, string>>;
  /** What the pane is known by again: a server that was started anew counts its panes from %0 once more. */
  readonly mark: string;
}

const CALL_LIMIT_MS = 10_000;
/** A screen that the programs of today are made for; a person's terminal takes its place once it is attached. */
const SIZE = { columns: '200', rows: '50' };
const MARK = '@wt';
/** A server stays where the call stood that has started it: in no folder that somebody wants to remove. */
const SERVER_CWD = '/';

/** The server of a socket; none named: the person's default one. Throws `program.missing`. */
export function tmuxAt(run: Runner, cwd: string, socket?: string): Tmux {
  const server = socket === undefined ? [] : ['-S', socket];
  const call = (commands: readonly (readonly string[])[], { input, timeoutMs }: TmuxOptions = {}) =>
    run({
      file: 'tmux',
      args: ['-u', ...server, ...joinCommands(commands)],
      cwd,
      ...(input === undefined ? {} : { input }),
      timeoutMs: timeoutMs ?? CALL_LIMIT_MS,
    }).then(orMissing);
  const show = (command: readonly string[]) =>
    run({
      file: 'tmux',
      args: [...server, ...joinCommands([command])],
      cwd,
      stdio: 'inherit',
      env: { TMUX: undefined },
      ownsTerminal: true,
    });
  return Object.assign(call, { show });
}

/** A word that ends in ";" would end the command: tmux(1), "Parsing syntax". Pure. */
export function joinCommands(commands: readonly (readonly string[])[]): readonly string[] {
  return commands.flatMap((command, i) => [
    ...(i === 0 ? [] : [';']),
    ...command.map((word) => (word.endsWith(';') ? `${word.slice(0, -1)}\\;` : word)),
  ]);
}

const INSTALL =
  'install it with the system’s packages (apt install tmux, brew install tmux), or run the agent with --background';

function orMissing(result: RunResult): RunResult {
  if (result.exitCode === 127) throw new WtError('program.missing', { program: 'tmux', why: INSTALL });
  return result;
}

/** Throws `program.missing` when there is none, or one older than 3.0, whose panes have no options. */
export async function requireTmux(run: Runner, cwd: string): Promise<void> {
  const { stdout } = orMissing(await run({ file: 'tmux', args: ['-V'], cwd, timeoutMs: CALL_LIMIT_MS }));
  const major = Number(/^tmux (?:next-)?(\d+)\./.exec(stdout)?.[1] ?? 3); // "openbsd-7.5", "master" are newer
  if (major < 3)
    throw new WtError('program.missing', { program: 'tmux 3.0', why: `this is ${stdout.trim()}; ${INSTALL}` });
}

/** The server and pane that the caller itself sits in, from its environment. Pure. */
export function findOwnPane(env: Env): { readonly socket: string; readonly pane: string } | undefined {
  const socket = (env['TMUX'] ?? '').replace(/,\d+,\d+$/, '');
  const pane = env['TMUX_PANE'] ?? '';
  return socket !== '' && /^%\d+$/.test(pane) ? { socket, pane } : undefined;
}

/**
 * Starts a program in a pane of its own: a new window beside the caller's own pane, else a session of its own that nobody is attached
 * to. What it wrote stays there when it ends. Throws `program.missing`, `io.failed`.
 */
export async function startPane(run: Runner, request: PaneRequest, env: Env): Promise<TmuxPlace> {
  await requireTmux(run, SERVER_CWD);
  const own = findOwnPane(env);
  const tmux = tmuxAt(run, SERVER_CWD, own?.socket);
  const made =
    (own === undefined ? undefined : await addWindow(tmux, request, own.pane)) ?? (await addSession(tmux, request));
  const { pane } = made;
  const variables = Object.entries(request.env ?? {}).flatMap(([name, value]) => ['-e', `${name}=${value}`]);
  const kept = await tmux([
    ['set-option', '-p', '-t', pane, 'remain-on-exit', 'on'],
    ['set-option', '-p', '-t', pane, MARK, request.mark],
    ['set-option', '-w', '-t', pane, 'automatic-rename', 'off'],
    ['set-option', '-w', '-t', pane, 'allow-rename', 'off'],
    ['respawn-pane', '-k', '-t', pane, '-c', request.programCwd ?? request.cwd, ...variables, '--', ...request.argv],
  ]);
  if (kept.exitCode === 0) return made;
  await tmux([['kill-pane', '-t', pane]]);
  throw failed(kept);
}

// The program itself comes only when its pane has been told to stay: one that ends at once would take it along.
const PLACEHOLDER = ['--', 'sleep', '60'];
const MADE = ['-d', '-P', '-F', '#{pane_id} #{socket_path}\t#{session_name}'];

async function addWindow(tmux: Tmux, { name, cwd }: PaneRequest, beside: string): Promise<TmuxPlace | undefined> {
  const session = await tmux([['display-message', '-p', '-t', beside, '#{session_id}']]);
  const target = session.stdout.trim();
  if (session.exitCode !== 0 || target === '') return undefined; // an environment that has outlived its tmux
  return placeOf(await tmux([['new-window', ...MADE, '-t', `${target}:`, '-n', name, '-c', cwd, ...PLACEHOLDER]]));
}

const NAMES_TRIED = 100;

async function addSession(tmux: Tmux, { name, cwd }: PaneRequest): Promise<TmuxPlace> {
  const size = ['-x', SIZE.columns, '-y', SIZE.rows];
  for (let n = 1; ; n++) {
    const unique = n === 1 ? name : `${name}-${n}`;
    const made = await tmux([['new-session', ...MADE, '-s', unique, '-n', name, ...size, '-c', cwd, ...PLACEHOLDER]]);
    if (made.exitCode === 0 || n === NAMES_TRIED || !/^duplicate session/m.test(made.stderr)) return placeOf(made);
  }
}

function placeOf(result: RunResult): TmuxPlace {
  const [, pane, socket, session] = /^(%\d+) (.+)\t(.+)\n$/.exec(result.stdout) ?? [];
  if (result.exitCode !== 0 || pane === undefined || socket === undefined || session === undefined)
    throw failed(result);
  return { socket, pane, session };
}

function failed({ stderr, stdout, exitCode }: RunResult): WtError {
  const message = `tmux: ${(stderr === '' ? stdout : stderr).trim() || `exit code ${exitCode}`}`;
  return new WtError('io.failed', { path: null, syscall: 'tmux', errno: 'EIO', message });
}

/** The name of a session: tmux takes "." and ":" for targets, and others have a meaning to it at the beginning. Pure. */
export function paneName(...parts: readonly string[]): string {
  const clean = parts.map((part) =>
    part
      .normalize('NFC')
      .replaceAll(/[^\p{L}\p{N}_-]+/gu, '-')
      .replaceAll(/^-+|-+$/g, ''),
  );
  return (
    clean
      .filter((part) => part !== '')
      .join('-')
      .slice(0, 80) || 'wt'
  );
}

/** What the pane looks like, and how it is. `screen`: with its colours, one line per row. */
export interface Look {
  readonly pane: Pane;
  readonly screen: string;
}

const FIELDS = [
  'pane_id',
  'pane_pid',
  'pane_dead',
  'pane_dead_status',
  'pane_in_mode',
  'pane_synchronized',
  'window_activity',
  MARK,
];
const ABOUT = FIELDS.map((name) => `#{${name}}`).join('|');

/** One process. Undefined: there is no such pane, or it is not the one that was marked. */
export async function lookAtPane(
  tmux: Tmux,
  { pane, mark }: { readonly pane: string; readonly mark: string },
  options: TmuxOptions & { readonly history?: boolean } = {},
): Promise<Look | undefined> {
  const { exitCode, stdout } = await tmux(
    [
      ['display-message', '-p', '-t', pane, ABOUT],
      ['capture-pane', '-p', '-e', ...(options.history === true ? ['-S', '-'] : []), '-t', pane],
    ],
    options,
  );
  const end = stdout.indexOf('\n');
  const found = parsePane(stdout.slice(0, Math.max(0, end)));
  if (exitCode !== 0 || found?.pane.id !== pane || found.mark !== mark) return undefined;
  return { pane: found.pane, screen: stdout.slice(end + 1) };
}

function parsePane(line: string): { readonly pane: Pane; readonly mark: string } | undefined {
  const [id, pid, dead, exitCode, mode, synchronized, activity, ...mark] = line.split('|');
  if (id === undefined || pid === undefined || mark.length === 0) return undefined;
  return {
    pane: {
      id,
      pid: Number(pid),
      isDead: dead === '1',
      exitCode: exitCode === undefined || exitCode === '' ? null : Number(exitCode),
      isInMode: mode !== '0' && mode !== '',
      isSynchronized: synchronized === '1',
      activeAt: Number(activity),
    },
    mark: mark.join('|'),
  };
}

/** Puts text in front of the program, as keys or, bracketed, as a paste. It goes over standard input, so no process list shows it. */
export async function typeText(
  tmux: Tmux,
  pane: string,
  { text, asPaste, buffer }: { readonly text: string; readonly asPaste: boolean; readonly buffer: string },
): Promise<void> {
  const paste = ['paste-buffer', '-d', '-b', buffer, '-t', pane];
  const done = await tmux([['load-buffer', '-b', buffer, '-'], asPaste ? [...paste, '-p'] : [...paste, '-r']], {
    input: text,
  });
  if (done.exitCode !== 0) throw failed(done);
}

export async function pressEnter(tmux: Tmux, pane: string): Promise<void> {
  const done = await tmux([['send-keys', '-t', pane, 'Enter']]);
  if (done.exitCode !== 0) throw failed(done);
}

/** Closes a pane, the last of a window and of a session with it; nothing when it is gone or not the one that was marked. */
export async function closePane(tmux: Tmux, place: { readonly pane: string; readonly mark: string }): Promise<boolean> {
  if ((await lookAtPane(tmux, place)) === undefined) return false;
  return (await tmux([['kill-pane', '-t', place.pane]])).exitCode === 0;
}

/** Shows a pane to the caller until it leaves: in the client it sits in already, else in a new one. */
export async function attachPane(run: Runner, cwd: string, place: TmuxPlace, env: Env): Promise<RunResult> {
  const tmux = tmuxAt(run, cwd, place.socket);
  const own = findOwnPane(env);
  const isInside = own !== undefined && path.resolve(own.socket) === path.resolve(place.socket);
  if (isInside) return tmux([['switch-client', '-t', place.pane]]);
  return orMissing(await tmux.show(['attach-session', '-t', place.pane]));
}

/** What a person types to see it. Pure. */
export function attachCommand({ socket, pane }: TmuxPlace): readonly string[] {
  return ['tmux', '-S', socket, 'attach-session', '-t', pane];
}
