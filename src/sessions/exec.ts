import { WtError } from '../core/errors.ts';
import { mapLimit } from '../core/pool.ts';
import { loadVariables, sessionEnvironment, type Variables } from './environment.ts';
import { writeTaskFile } from './facts.ts';
import type { Runner, RunRequest, RunResult } from '../platform/runner.ts';
import { liveRecord } from '../registry/live-record.ts';
import { readBook, type Session } from './book.ts';
import type { Repo } from './repo.ts';
import { requireSession } from './select.ts';
import { checkTree } from './worktree.ts';

export interface ExecResult {
  readonly id: string;
  readonly exitCode: number;
  readonly durationMs: number;
  /** What the command printed; only when it was captured. */
  readonly stdout?: string;
  readonly stderr?: string;
}

export type ExecOutput =
  | 'terminal'
  | 'capture'
  | { readonly onLine: (id: string, line: string, stream: 'stdout' | 'stderr') => void };

/** Runs a program in one session, without a shell. Its exit code is the answer; 127 when there is no such program. */
export async function execInSession(
  repo: Repo,
  argument: string,
  argv: readonly string[],
  output: ExecOutput,
): Promise<ExecResult> {
  const session = await requireSession(repo, await readBook(repo), argument);
  return execIn(repo, session, { argv, output, variables: await loadVariables(repo) });
}

/** Runs a program in every session that has its folder, at most `limit` at once; results in order of creation. */
export async function execInAll(
  repo: Repo,
  argv: readonly string[],
  limit: number,
  output: ExecOutput,
): Promise<readonly ExecResult[]> {
  const book = await readBook(repo);
  const states = await Promise.all(
    [...book.sessions.values()].map(async (session) => ({ session, tree: await checkTree(session) })),
  );
  const sessions = states
    .filter(({ session, tree }) => tree === 'ok' && session.row.state === 'ready')
    .map(({ session }) => session);
  const variables = await loadVariables(repo);
  return mapLimit(sessions, limit, (session) => execIn(repo, session, { argv, output, variables }));
}

async function execIn(
  repo: Repo,
  session: Session,
  { argv, output, variables }: { argv: readonly string[]; output: ExecOutput; variables: Variables },
): Promise<ExecResult> {
  const [file, ...args] = argv;
  if (file === undefined)
    throw new WtError('usage.invalid', {
      option: '<command…>',
      reason: 'no command was given',
      fix: ['wt', 'exec', session.id, '--', 'git', 'status'],
    });
  if ((await checkTree(session)) !== 'ok')
    throw new WtError('path.unsafe', {
      path: session.path,
      reason: 'the session has no working folder there',
      fix: ['wt', 'doctor', '--fix'],
    });
  await writeTaskFile(session);
  const stdio =
    output === 'terminal'
      ? 'inherit'
      : output === 'capture'
        ? 'capture'
        : { onLine: (line: string, stream: 'stdout' | 'stderr') => output.onLine(session.id, line, stream) };
  const { exitCode, durationMs, stdout, stderr } = await runRecorded(session, {
    run: repo.deps.run,
    request: { file, args, cwd: session.path, env: sessionEnvironment(repo, session, variables), stdio },
  });
  if (exitCode === 127 && stderr !== '' && output !== 'capture') repo.deps.io.err(stderr);
  return { id: session.id, exitCode, durationMs, ...(output === 'capture' ? { stdout, stderr } : {}) };
}

/** While it runs its record lies with the session, so that nobody takes the session away under it. */
async function runRecorded(
  { admin }: Session,
  { run, request }: { run: Runner; request: RunRequest },
): Promise<RunResult> {
  if (admin === undefined) return run(request);
  const live = liveRecord(admin.directory, [request.file, ...request.args].join(' '));
  try {
    return await run({ ...request, onStart: live.begin });
  } finally {
    await live.end();
  }
}
