import { WtError } from '../../core/errors.ts';
import type { Env } from '../../platform/deps.ts';
import type { Log } from '../../platform/files.ts';
import { startLog } from '../../platform/logs.ts';
import { loadVariables, sessionEnvironment } from '../../sessions/environment.ts';
import { writeTaskFile } from '../../sessions/facts.ts';
import { hold } from '../../sessions/hold.ts';
import type { Commands } from '../../sessions/hooks.ts';
import type { Repo } from '../../sessions/repo.ts';
import { makeGateReady, type Unready } from './gate-setup.ts';
import { checkOut, type GateTree } from './gate-tree.ts';
import type { MergePlan } from '../plan.ts';
import { recordVerdict, type Verdict } from './verdict.ts';

/** Lines of a red gate that the error shows. */
const SHOWN_LINES = 12;

export interface GateRequest {
  /** A shell command: sh -c. */
  readonly command: string;
  readonly plan: MergePlan;
  readonly commit: string;
  /** Gets each line as it is printed. */
  readonly onLine: (line: string) => void;
  readonly timeoutMs: number;
  /** What makes the gate worktree ready; absent: nothing. */
  readonly commands: Commands | undefined;
}

/** How a gate went. `unready`: the gate worktree could not be made ready for it. */
export type GateRun =
  | { readonly kind: 'done'; readonly verdict: Verdict; readonly output: readonly string[]; readonly isLate: boolean }
  | { readonly kind: 'unready'; readonly failure: Unready; readonly isLate: boolean };

/** What a shell's `timeout` exits with. */
const LATE = 124;

/** Makes the gate worktree ready, runs the gate on the merged result and writes the verdict down. Red is an answer, with the last lines it printed. */
export async function runGate(repo: Repo, gate: GateTree, request: GateRequest): Promise<GateRun> {
  const { deps, layout } = repo;
  const { plan, commit, commands } = request;
  await checkOut(gate, commit);
  await writeTaskFile(plan.session);
  const at = deps.clock.now().toISOString();
  const log = await startLog(layout.gateLogs, { at, name: plan.session.id });
  try {
    const failure = await makeGateReady(repo, gate, {
      plan,
      commands,
      log,
      env: await gateEnvironment(repo, plan, gate),
    });
    if (failure !== undefined) return { kind: 'unready', failure, isLate: failure.exitCode === LATE };
    const { exitCode, durationMs, output, isLate } = await runCommand(repo, gate, request, log);
    const verdict: Verdict = {
      at,
      tree: plan.tree,
      command: request.command,
      exitCode,
      durationMs: Math.round(durationMs),
      log: log.file,
      id: plan.session.id,
      into: plan.into,
      tip: plan.tip,
      target: plan.target.commit,
    };
    await hold(repo, (held) => recordVerdict(held.repo, verdict));
    return { kind: 'done', verdict, output, isLate };
  } finally {
    await log.end();
    // It may have left a branch checked out, which nobody else could have then.
    await gate.git(['checkout', '--quiet', '--detach'], { expect: [0, 1, 128], shielded: true });
  }
}

async function runCommand(
  repo: Repo,
  gate: GateTree,
  { command, plan, onLine, timeoutMs }: GateRequest,
  log: Log,
): Promise<{ exitCode: number; durationMs: number; output: readonly string[]; isLate: boolean }> {
  const output: string[] = [];
  const take = (line: string): void => {
    log.write(`${line}\n`);
    output.push(line);
    if (output.length > SHOWN_LINES) output.shift();
    onLine(line);
  };
  log.write(`$ ${command}\n`);
  try {
    const { exitCode, durationMs } = await repo.deps.run({
      file: 'sh',
      args: ['-c', command],
      cwd: gate.folder,
      env: await gateEnvironment(repo, plan, gate),
      ends: 'group',
      timeoutMs,
      ...(gate.fd === undefined ? {} : { holdFd: gate.fd }),
      stdio: { onLine: take },
    });
    return { exitCode, durationMs, output, isLate: false };
  } catch (error) {
    if (!WtError.is(error, 'git.timeout')) throw error;
    take(`ended: it took longer than ${error.details.seconds} s (merge.gateTimeout)`);
    return { exitCode: LATE, durationMs: timeoutMs, output, isLate: true };
  }
}

async function gateEnvironment(repo: Repo, { session, into }: MergePlan, { folder }: GateTree): Promise<Env> {
  const own = sessionEnvironment(repo, session, await loadVariables(repo));
  return { ...own, PWD: folder, WT_PATH: folder, WT_BASE: into, WT_GATE: '1' };
}
