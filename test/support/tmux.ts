import { execa, execaSync } from 'execa';
import { onTestFinished } from 'vitest';
import { NO_FACTS, type AgentRun, type HookFact } from '#src/agents/facts.ts';
import { recordNews } from '#src/agents/record.ts';
import { startPane } from '#src/agents/tmux.ts';
import { describeProcess } from '#src/platform/identity.ts';
import { createRunner } from '#src/platform/runner.ts';
import { eventLogOf } from '#src/registry/event-log.ts';
import { makeDeps } from './deps.ts';
import type { Room } from './room.ts';
import { until } from './spawn.ts';
import type { Bench } from './wt.ts';

/** Whether there is a real tmux to test with; without it the tests are skipped, and say so. */
export const HAS_TMUX = execaSync('tmux', ['-V'], { reject: false }).exitCode === 0;
export const NEEDS_TMUX = HAS_TMUX ? '' : ' (skipped: tmux is not installed)';

export interface TmuxServer {
  /** Runs tmux on the room's own server; stdout without the last newline. */
  (...args: string[]): Promise<string>;
  /** What a pane shows, without the empty rest. */
  screen(pane: string): Promise<string>;
  /** Waits until a pane shows a text. */
  shows(pane: string, text: string): Promise<void>;
}

/** A tmux server of the room's own, which ends with the test. What runs in the room from here on finds no other. */
export function makeTmux(room: Room): TmuxServer {
  Object.assign(room.env, { TMUX_TMPDIR: room.dir, TMUX: undefined, TMUX_PANE: undefined, SHELL: '/bin/sh' });
  const call = (args: readonly string[], reject = true) =>
    execa('tmux', ['-u', ...args], { env: room.env as Record<string, string>, extendEnv: false, reject });
  onTestFinished(async () => void (await call(['kill-server'], false)));
  const screen = async (pane: string): Promise<string> =>
    (await call(['capture-pane', '-p', '-t', pane])).stdout.trimEnd();
  return Object.assign(async (...args: string[]) => (await call(args)).stdout, {
    screen,
    shows: (pane: string, text: string) => until(async () => (await screen(pane).catch(() => '')).includes(text)),
  });
}

export interface Staged {
  readonly pane: string;
  readonly pid: number;
  /** What its hooks have told. */
  hook(turn: HookFact['turn'], reason?: string): Promise<void>;
}

export function adminOf({ root }: Pick<Bench, 'root'>, id: string): string {
  return `${root}/.git/worktrees/${id}`;
}

/** A program in a pane, known as the agent of a session, as `wt run --tmux` leaves it. */
export async function stageAgent(
  bench: Bench,
  id: string,
  argv: readonly string[],
  { agent = 'claude', run = {} }: { agent?: string; run?: Partial<AgentRun> } = {},
): Promise<Staged> {
  const { room, root } = bench;
  const adminDirectory = adminOf(bench, id);
  const deps = makeDeps(room, root);
  const place = await startPane(
    createRunner(room.env),
    { name: id, cwd: bench.at(id), argv, mark: adminDirectory },
    room.env,
  );
  const list = await createRunner(room.env)({
    file: 'tmux',
    args: ['display-message', '-p', '-t', place.pane, '#{pane_pid}'],
    cwd: root,
  });
  const pid = Number(list.stdout);
  const at = new Date().toISOString();
  const owner = describeProcess(pid, agent);
  if (owner === undefined) throw new Error(`${argv.join(' ')} has ended`);
  const news = { id, adminDirectory, log: eventLogOf(`${root}/.git`) };
  await recordNews(deps, news, () => ({
    facts: {
      ...NO_FACTS,
      run: {
        agent,
        how: 'tmux',
        owner,
        startedAt: at,
        argv,
        hasHooks: false,
        log: null,
        input: null,
        tmux: place,
        stoppingAt: null,
        end: null,
        ...run,
      },
    },
    events: [],
  }));
  return {
    pane: place.pane,
    pid,
    async hook(turn, reason) {
      const told = { at: new Date().toISOString(), agent, event: 'Test', turn, reason: reason ?? null };
      await recordNews(deps, news, (facts) => ({ facts: { ...facts, hook: told }, events: [] }));
    },
  };
}
