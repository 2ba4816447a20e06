import path from 'node:path';
import type { Env } from '../../platform/deps.ts';
import type { RunResult } from '../../platform/runner.ts';
import { listDirectory, openLog, removeFile } from '../../platform/files.ts';
import { sessionEnvironment } from '../../sessions/exec.ts';
import { hold } from '../../sessions/hold.ts';
import type { Repo } from '../../sessions/repo.ts';
import { checkOut, type GateTree } from './gate-tree.ts';
import type { MergePlan } from '../plan.ts';
import { recordVerdict, type Verdict } from './verdict.ts';

const KEPT_LOGS = 50;
/** Lines of a red gate that the error shows. */
const SHOWN_LINES = 12;

export interface GateRequest {
  /** A shell command: sh -c. */
  readonly command: string;
  readonly plan: MergePlan;
  readonly commit: string;
  /** Gets each line as it is printed. */
  readonly onLine: (line: string) => void;
}

/** Runs the gate on the merged result and writes the verdict down. Red is an answer, with the last lines it printed. */
export async function runGate(
  repo: Repo,
  gate: GateTree,
  { command, plan, commit, onLine }: GateRequest,
): Promise<{ verdict: Verdict; output: readonly string[] }> {
  const { deps, layout } = repo;
  const { session, into, tip, target, tree } = plan;
  await checkOut(gate, commit);
  const at = deps.clock.now().toISOString();
  const file = path.join(layout.gateLogs, `${at.replaceAll(/[:.]/g, '-')}-${session.id}.log`);
  const log = await openLog(file);
  const last: string[] = [];
  log.write(`$ ${command}\n`);
  let result: RunResult;
  try {
    result = await deps.run({
      file: 'sh',
      args: ['-c', command],
      cwd: gate.folder,
      env: gateEnvironment(repo, plan, gate),
      ends: 'group',
      ...(gate.fd === undefined ? {} : { holdFd: gate.fd }),
      stdio: {
        onLine: (line) => {
          log.write(`${line}\n`);
          last.push(line);
          if (last.length > SHOWN_LINES) last.shift();
          onLine(line);
        },
      },
    });
  } finally {
    await log.end();
    // It may have left a branch checked out, which nobody else could have then.
    await gate.git(['checkout', '--quiet', '--detach'], { expect: [0, 1, 128], shielded: true });
  }
  const { exitCode, durationMs } = result;
  const verdict: Verdict = {
    at,
    tree,
    command,
    exitCode,
    durationMs: Math.round(durationMs),
    log: file,
    id: session.id,
    into,
    tip,
    target: target.commit,
  };
  await hold(repo, (held) => recordVerdict(held.repo, verdict));
  await dropOldLogs(layout.gateLogs);
  return { verdict, output: last };
}

function gateEnvironment(repo: Repo, { session, into }: MergePlan, { folder }: GateTree): Env {
  return { ...sessionEnvironment(repo, session), PWD: folder, WT_PATH: folder, WT_BASE: into, WT_GATE: '1' };
}

/** Their names begin with the time. */
async function dropOldLogs(folder: string): Promise<void> {
  const names = (await listDirectory(folder)).map(({ name }) => name).filter((name) => name.endsWith('.log'));
  for (const name of names.toSorted().slice(0, -KEPT_LOGS)) await removeFile(path.join(folder, name));
}
