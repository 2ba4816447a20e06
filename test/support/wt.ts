import { randomUUID } from 'node:crypto';
import { main } from '#src/cli/main.ts';
import { systemClock } from '#src/platform/clock.ts';
import type { Deps } from '#src/platform/deps.ts';
import { createIdentity } from '#src/platform/identity.ts';
import { createDetach, createRunner, type RunRequest } from '#src/platform/runner.ts';
import { makeRoom, type Env, type Files, type Room } from './room.ts';

export interface Result {
  readonly code: number;
  /** Sealed: paths, object ids and operations replaced. */
  readonly stdout: string;
  readonly stderr: string;
  /** As printed. */
  readonly raw: string;
  /** git processes of this call, by their arguments. */
  readonly git: readonly (readonly string[])[];
}

export interface Stage {
  readonly cwd?: string;
  readonly env?: Env;
  /** Columns of a terminal; absent: piped. */
  readonly columns?: number;
  readonly color?: 0 | 1 | 2 | 3;
  /** What a person answers; absent: nobody can answer. */
  readonly answer?: boolean;
  readonly stdin?: string;
  /** What a person types line by line. */
  readonly lines?: (signal: AbortSignal) => AsyncIterable<string>;
  readonly now?: string;
  readonly signal?: AbortSignal;
  /** The file this program was started from; the built one, when it is to start itself again. */
  readonly program?: string;
  /** Sees each piece of stdout as it comes. */
  readonly onOut?: (text: string) => void;
  /** Wraps the door to other processes: to count, to delay, to fail the n-th call. */
  readonly wrap?: (run: Deps['run']) => Deps['run'];
}

export async function* noLines(): AsyncGenerator<string> {
  // nobody types anything
}

/** wt in this very process, on real git, in the room. */
export async function callWt(room: Room, argv: readonly string[], stage: Stage & { cwd: string }): Promise<Result> {
  let stdout = '';
  let stderr = '';
  const calls: RunRequest[] = [];
  const env = { ...room.env, ...stage.env };
  const signal = stage.signal ?? new AbortController().signal;
  const real = createRunner(env, signal);
  const counted: Deps['run'] = (request) => {
    calls.push(request);
    return real(request);
  };
  const identity = createIdentity(`wt ${argv[0] ?? ''}`, randomUUID());
  let seed = 7;
  const deps: Deps = {
    run: stage.wrap?.(counted) ?? counted,
    detach: createDetach(env),
    clock: stage.now === undefined ? systemClock : { ...systemClock, now: () => new Date(stage.now ?? 0) },
    random: () => (seed = (seed * 16_807) % 2_147_483_647) / 2_147_483_647,
    env,
    program: stage.program ?? `${room.dir}/wt.js`,
    cwd: stage.cwd,
    io: {
      out: (text) => {
        stdout += text;
        stage.onOut?.(text);
      },
      err: (text) => void (stderr += text),
      readStdin: () => Promise.resolve(stage.stdin ?? ''),
      readLines: (until) => stage.lines?.(until) ?? noLines(),
      stdinIsTTY: stage.columns !== undefined,
      stdinIsPiped: stage.stdin !== undefined,
      stdoutIsTTY: stage.columns !== undefined,
      stderrIsTTY: false,
      columns: stage.columns ?? 80,
      color: stage.color ?? 0,
      errColor: stage.color ?? 0,
    },
    confirm: () => Promise.resolve(stage.answer),
    signal,
    identity,
  };
  const code = await main(argv, deps, '0.0.0-test');
  identity.dispose();
  const git = calls.filter(({ file }) => file === 'git').map(({ shownArgs, args }) => shownArgs ?? args);
  return { code, stdout: room.seal(stdout), stderr: room.seal(stderr), raw: stdout, git };
}

export interface Bench {
  readonly room: Room;
  readonly root: string;
  /** wt in the main worktree; a last argument that is no text sets the stage. */
  wt: (...argv: (string | Stage)[]) => Promise<Result>;
  /** `data` of a `--json` answer; throws when it is a failure. */
  data: <T = Record<string, unknown>>(...argv: (string | Stage)[]) => Promise<T>;
  /** git in the main worktree. */
  git: (...args: string[]) => Promise<string>;
  /** Folder of a session. */
  at: (id: string) => string;
  /** Writes files in a session and commits them there. */
  work: (id: string, files: Files, message?: string) => Promise<string>;
  write: (files: Files) => Promise<void>;
}

/** A repository with one commit, and wt on it. */
export async function makeBench(files?: Files): Promise<Bench> {
  const room = await makeRoom();
  const root = await room.repo('app', files);
  return benchAt(room, root);
}

export function benchAt(room: Room, root: string): Bench {
  const wt = (...argv: (string | Stage)[]): Promise<Result> => {
    const words = argv.filter((word) => typeof word === 'string');
    const stage = argv.find((word) => typeof word !== 'string') ?? {};
    return callWt(room, words, { cwd: root, ...stage });
  };
  const at = (id: string): string => `${root}/.worktrees/${id}`;
  return {
    room,
    root,
    wt,
    at,
    git: (...args) => room.git(root, ...args),
    write: (written) => room.write(root, written),
    async data(...argv) {
      const { raw } = await wt('--json', ...argv);
      const answer = JSON.parse(raw) as { ok: boolean; data: never };
      if (!answer.ok) throw new Error(`wt failed: ${raw}`);
      return answer.data;
    },
    async work(id, written, message = 'work') {
      await room.write(at(id), written);
      await room.git(at(id), 'add', '-A');
      await room.git(at(id), 'commit', '-qm', message);
      return room.git(at(id), 'rev-parse', 'HEAD');
    },
  };
}
