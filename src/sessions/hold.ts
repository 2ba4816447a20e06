import { gitHolding } from '../git/git.ts';
import { acquireLock, type Lease } from '../platform/lock.ts';
import { logEvent } from '../registry/event-log.ts';
import type { Event } from '../registry/events.ts';
import type { SessionRow } from '../registry/session.ts';
import { fencingNumber, setAside, writeRegistry } from '../registry/store.ts';
import { makePrivateDirectory } from '../platform/files.ts';
import { readBook, rowsOf, type Book } from './book.ts';
import { sweepScratch } from './cache.ts';
import { nameCaller } from './caller.ts';
import type { Repo } from './repo.ts';
import { recoverDead } from './recover.ts';
import { saveRows } from './rows.ts';

/** The repository while its lock is held: a book read under the lock, and git whose orphans keep the lock. */
export interface Held {
  readonly repo: Repo;
  readonly lease: Lease;
  readonly book: Book;
  /** Who calls, see {@link callerOf}. */
  readonly by: string;
  /** Writes the registry with these changes to its rows; undefined drops a row. */
  save(changes: ReadonlyMap<string, SessionRow | undefined>): Promise<void>;
  /** Appends an event of a session. One of what is only about to be done need not be waited for: the journal tells of it. */
  log(event: string, session: string | null, data?: Event['data'], options?: { isDurable: boolean }): Promise<void>;
}

const DEFAULT_TIMEOUT_SECONDS = 120;

/** Runs under the repository's lock; recovers dead operations and repairs the registry first. Throws `registry.busy`. */
export async function hold<T>(
  repo: Repo,
  use: (held: Held) => Promise<T>,
  options: { shielded?: boolean } = {},
): Promise<T> {
  const { deps, layout } = repo;
  const seconds = Number(deps.env['WT_LOCK_TIMEOUT'] ?? DEFAULT_TIMEOUT_SECONDS);
  await makePrivateDirectory(layout.state);
  const lease = await acquireLock(deps, {
    directory: layout.lock,
    timeoutMs: (Number.isFinite(seconds) ? seconds : DEFAULT_TIMEOUT_SECONDS) * 1000,
    onWait: (holder) => deps.io.err(`wt: waiting for ${holder}\n`),
    shielded: options.shielded ?? false,
  });
  try {
    const locked: Repo = { ...repo, git: gitHolding(repo.git, lease.fd) };
    for (const line of await recoverDead(locked, lease)) deps.io.err(`wt: ${line}\n`);
    if (lease.generation % 16 === 0) await sweepScratch(repo);
    return await use(await bind(locked, lease));
  } finally {
    await lease.release().catch(() => {}); // it ends with this process anyhow, and must not hide what went wrong
  }
}

async function bind(repo: Repo, lease: Lease): Promise<Held> {
  const { deps, layout } = repo;
  const book = await readBook(repo);
  if (book.repair !== undefined) {
    const aside =
      book.repair.kind === 'damaged' ? `, moved aside to ${await setAside(layout.registry, deps.clock.now())}` : '';
    await writeRegistry(
      layout.registry,
      book.file,
      rowsOf(book.sessions.values()),
      await fencingNumber(lease, book.file),
    );
    deps.io.err(`wt: rebuilt ${layout.registry}: ${book.repair.reason}${aside}\n`);
  }
  const by = await nameCaller(repo, book);
  return {
    repo,
    lease,
    book,
    by,
    save: (changes) => saveRows(repo, lease, changes),
    async log(event, session, data = {}, options) {
      const at = deps.clock.now().toISOString();
      await logEvent(deps, layout, { at, event, session, by, data }, options);
    },
  };
}
