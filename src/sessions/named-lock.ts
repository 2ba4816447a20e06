import path from 'node:path';
import { WtError, type LockUser } from '../core/errors.ts';
import { environmentForPrograms } from '../git/git.ts';
import type { Env } from '../platform/deps.ts';
import { listDirectory } from '../platform/files.ts';
import { throwIfInterrupted } from '../platform/runner.ts';
import { drawTicket, readLine, waitForTurn, type Place, type Ticket } from '../platform/tickets.ts';
import { readBook, sessionAround } from './book.ts';
import { loadVariables, sessionEnvironment } from './environment.ts';
import type { Repo } from './repo.ts';

export interface LockRequest {
  readonly name: string;
  /** How many may be inside; undefined: as it is held, else one. */
  readonly max: number | undefined;
  readonly waitMs: number;
  readonly argv: readonly string[];
  readonly output: 'terminal' | 'capture';
  /** Called once when it takes more than a second, with who has it. */
  readonly onWait: (view: LockView) => void;
}

export interface LockRun {
  readonly name: string;
  readonly max: number;
  readonly waitedMs: number;
  readonly exitCode: number;
  readonly durationMs: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A lock that somebody has. */
export interface LockView {
  readonly name: string;
  readonly max: number;
  readonly holders: readonly LockUser[];
  readonly waiting: readonly LockUser[];
}

/** Locks that the caller runs under, as `name:nonce` of the ticket, separated by blanks. */
const HELD = 'WT_LOCKS';

/** Names of locks: each is a folder, on file systems that do not tell case apart too. */
const NAME = /^[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?$/;

function lockFolder({ layout }: Repo, name: string): string {
  return path.join(layout.state, 'locks', name);
}

/** Runs a program under a named lock of the repository. Throws `lock.busy`, `lock.held`, `usage.invalid`. */
export async function runLocked(repo: Repo, request: LockRequest): Promise<LockRun> {
  const { deps } = repo;
  const { name, argv, output } = request;
  requireName(name);
  const directory = lockFolder(repo, name);
  if (await isHeldAbove(deps.env, name, directory)) throw new WtError('lock.held', { name });
  const session = sessionAround(await readBook(repo), repo.top);
  const startMs = deps.clock.elapsedMs();
  const place = await requireTicket(repo, request, session?.id ?? null);
  try {
    await requireTurn(repo, request, place.ticket);
    const waitedMs = Math.round(deps.clock.elapsedMs() - startMs);
    const [file = '', ...args] = argv;
    const environment =
      session === undefined ? environmentForPrograms({}) : sessionEnvironment(repo, session, await loadVariables(repo));
    const held = [deps.env[HELD] ?? '', `${name}:${place.ticket.owner.nonce}`].join(' ').trim();
    const { exitCode, durationMs, stdout, stderr } = await deps.run({
      file,
      args,
      cwd: deps.cwd,
      env: { ...environment, PWD: deps.cwd, [HELD]: held },
      stdio: output === 'terminal' ? 'inherit' : 'capture',
      ...(place.fd === undefined ? {} : { holdFd: place.fd }),
    });
    if (exitCode === 127 && stderr !== '' && output === 'terminal') deps.io.err(stderr);
    return { name, max: place.ticket.max, waitedMs, exitCode, durationMs: Math.round(durationMs), stdout, stderr };
  } finally {
    await place.leave();
  }
}

function requireName(name: string): void {
  if (NAME.test(name)) return;
  const reason = `"${name.slice(0, 80)}" is no name of a lock: lower-case letters, digits, ".", "_" and "-", at most 64`;
  throw new WtError('usage.invalid', { option: '<name>', reason });
}

/** A program that runs under the lock would wait for itself. What only inherited the variable and outlived the lock would not. */
async function isHeldAbove(env: Env, name: string, directory: string): Promise<boolean> {
  const nonces = (env[HELD] ?? '')
    .split(' ')
    .flatMap((entry) => (entry.startsWith(`${name}:`) ? [entry.slice(name.length + 1)] : []));
  if (nonces.length === 0) return false;
  const { holders } = await readLine(directory);
  return holders.some(({ owner }) => nonces.includes(owner.nonce));
}

async function requireTicket(
  { deps, ...repo }: Repo,
  { name, max, argv }: LockRequest,
  session: string | null,
): Promise<Place> {
  const directory = lockFolder({ deps, ...repo }, name);
  const drawn = await drawTicket(deps, { directory, max, command: argv.join(' '), session });
  if ('ticket' in drawn) return drawn;
  const reason = `lock ${name} is in use with --max ${drawn.max}, and all who use it at once have to agree`;
  throw new WtError('usage.invalid', { option: '--max <n>', reason, fix: ['wt', 'lock', '--list'] });
}

async function requireTurn(repo: Repo, { name, waitMs, onWait }: LockRequest, ticket: Ticket): Promise<void> {
  const { deps } = repo;
  const directory = lockFolder(repo, name);
  const startMs = deps.clock.elapsedMs();
  const isIn = await waitForTurn(deps, directory, {
    ticket,
    timeoutMs: waitMs,
    onWait: (line) => onWait(viewOf(name, line)),
  });
  throwIfInterrupted(deps.signal);
  if (isIn) return;
  const { max, holders, waiting } = viewOf(name, await readLine(directory));
  const waitedMs = Math.round(deps.clock.elapsedMs() - startMs);
  throw new WtError('lock.busy', { name, max, holders, waiting: Math.max(0, waiting.length - 1), waitedMs });
}

function viewOf(name: string, { max, holders, waiting }: Awaited<ReturnType<typeof readLine>>): LockView {
  return { name, max, holders: holders.map(userOf), waiting: waiting.map(userOf) };
}

function userOf({ owner, at, command, session }: Ticket): LockUser {
  return { pid: owner.pid, host: owner.host, command, session, since: at };
}

/** Every lock that somebody has, by name. */
export async function listLocks(repo: Repo): Promise<readonly LockView[]> {
  const folders = await listDirectory(path.join(repo.layout.state, 'locks'));
  const names = folders.flatMap(({ name }) => (NAME.test(name) ? [name] : [])).toSorted();
  const views = await Promise.all(names.map(async (name) => viewOf(name, await readLine(lockFolder(repo, name)))));
  return views.filter(({ holders }) => holders.length > 0);
}
