import type { AgentStatus } from '../agents/status.ts';
import { listVerdicts } from '../landing/gate/verdict.ts';
import { watchFiles, type Watch } from '../platform/watch.ts';
import { createAgentWatch, LOOK_MS } from './agent-watch.ts';
import { readBook, type Book, type Session } from './book.ts';
import { recordUnseenDeath } from './death.ts';
import {
  examineSessions,
  listRest,
  selectViews,
  type Examined,
  type ListOutcome,
  type ListRequest,
  withAgent,
} from './list.ts';
import type { Repo } from './repo.ts';
import { findOutsideAgents, isUnknownClaude } from './outside.ts';
import type { SessionView } from './view.ts';
import { filesToWatch, touchedBy, type WatchedFiles } from './watch-files.ts';

/** git is asked of a session again at most that often, however much happens there. */
const REREAD_MS = 2500;
/** A command of wt is at work: how often is looked whether it has ended. */
const PENDING_MS = 500;
/** How often Claude Code is asked of agents that nobody else knows. */
const OUTSIDE_MS = 5000;
/** git fails now and then while others change the repository: that many times in a row it is asked once more. */
const FAILURES = 3;

/** A listing, and the sessions that it leaves out as well. */
export interface WatchOutcome extends ListOutcome {
  readonly all: readonly SessionView[];
}

/** What is known of the sessions, and what of it has to be read again, and when. */
export class Survey {
  readonly #repo: Repo;
  readonly #request: ListRequest;
  readonly #wake: () => void;
  readonly #agents = createAgentWatch();
  readonly #examined = new Map<string, Examined>();
  readonly #changed = new Set<string>();
  /** When git is to be asked of a session again, and when it was last. */
  readonly #due = new Map<string, number>();
  readonly #readAt = new Map<string, number>();
  #book: Book | undefined;
  #rest: Pick<ListOutcome, 'unmanaged' | 'removed'> = { unmanaged: [], removed: undefined };
  #files: WatchedFiles = new Map();
  #watch: Watch | undefined;
  #reading: Promise<void> | undefined;
  #failures: unknown[] = [];
  #told = '';
  /** Agents that only their own program tells of. */
  #outside = new Map<string, AgentStatus>();
  #mayBeOutside = false;
  #outsideDueMs = 0;

  constructor(repo: Repo, request: ListRequest, wake: () => void) {
    this.#repo = repo;
    this.#request = request;
    this.#wake = wake;
  }

  /** Reads what has to be read by now. Undefined: it is all as it was told last. The first one waits for git. */
  async step(): Promise<WatchOutcome | undefined> {
    const isFirst = this.#book === undefined;
    const touched = touchedBy(
      this.#changed,
      this.#files,
      this.#sessions().map(({ id }) => id),
    );
    this.#changed.clear();
    if (isFirst || touched.book || this.#isPending()) await this.#readBook();
    await this.#lookAtAgents(touched.facts);
    for (const id of touched.git) this.#mark(id);
    for (const id of touched.facts) this.#mark(id);
    this.#startReading();
    this.#askOutside();
    if (isFirst) await this.#reading;
    if (this.#failures.length > FAILURES) throw this.#failures.at(-1);
    return this.#tell();
  }

  /** How long until something has to be looked at that no file tells of. */
  restMs(): number {
    const next = Math.min(...this.#due.values()) - this.#nowMs();
    return Math.max(
      0,
      Math.min(
        this.#reading === undefined ? next : Number.POSITIVE_INFINITY,
        this.#agents.isAnyAlive() ? LOOK_MS : Number.POSITIVE_INFINITY,
        this.#isPending() ? PENDING_MS : Number.POSITIVE_INFINITY,
        this.#mayBeOutside ? this.#outsideDueMs - this.#nowMs() : Number.POSITIVE_INFINITY,
      ),
    );
  }

  /** All of it has to be read again. */
  forget(): void {
    for (const file of this.#files.keys()) this.#changed.add(file);
    this.#readAt.clear();
  }

  close(): void {
    this.#watch?.close();
  }

  #sessions(): readonly Session[] {
    return [...(this.#book?.sessions.values() ?? [])];
  }

  #isPending(): boolean {
    return this.#sessions().some(({ pending }) => pending !== undefined);
  }

  #nowMs(): number {
    return this.#repo.deps.clock.elapsedMs();
  }

  /** git is to be asked of it; at once when it was not for a while. */
  #mark(id: string): void {
    if (this.#due.has(id)) return;
    this.#due.set(id, Math.max(this.#nowMs(), (this.#readAt.get(id) ?? Number.NEGATIVE_INFINITY) + REREAD_MS));
  }

  async #readBook(): Promise<void> {
    const before = this.#book?.sessions;
    // Watch first and read then, so that nothing is missed between; what is new is read once more when it is watched.
    if (before === undefined) this.#watchFor(await readBook(this.#repo));
    const book = await readBook(this.#repo);
    const files = filesToWatch(this.#repo, book);
    if ([...files.keys()].join('\0') !== [...this.#files.keys()].join('\0')) this.#watchFor(book);
    this.#book = book;
    this.#rest = await listRest(this.#repo, book, this.#request);
    const others = [...book.sessions.values()].filter(
      (session) => JSON.stringify(before?.get(session.id)) !== JSON.stringify(session),
    );
    await this.#agents.read(others);
    for (const { id } of others) this.#due.set(id, this.#nowMs());
    for (const id of this.#examined.keys()) if (!book.sessions.has(id)) this.#examined.delete(id);
  }

  #watchFor(book: Book): void {
    this.#watch?.close();
    this.#files = filesToWatch(this.#repo, book);
    this.#watch = watchFiles([...this.#files.keys()], (changed) => {
      for (const file of changed) this.#changed.add(file);
      this.#wake();
    });
  }

  async #lookAtAgents(touched: ReadonlySet<string>): Promise<void> {
    const sessions = this.#sessions();
    await this.#agents.read(sessions.filter(({ id }) => touched.has(id)));
    const { active, dead } = await this.#agents.look(sessions, this.#repo.deps.clock.now().getTime());
    for (const id of active) this.#mark(id);
    for (const session of sessions)
      if (dead.includes(session.id)) {
        this.#agents.ignoreDeath(session.id);
        await recordUnseenDeath(this.#repo, session);
      }
  }

  /** Asks git of those that are due, one time after the other, while all else goes on. */
  #startReading(): void {
    const due = [...this.#due].filter(([, atMs]) => atMs <= this.#nowMs()).map(([id]) => id);
    if (this.#reading !== undefined || due.length === 0) return;
    // Which sessions conflict with each other is known of all of them or of none.
    const sessions = this.#sessions().filter(({ id }) => this.#request.conflicts || due.includes(id));
    for (const id of due) this.#due.delete(id);
    this.#reading = this.#read(sessions).finally(() => {
      this.#reading = undefined;
      this.#wake();
    });
  }

  async #read(sessions: readonly Session[]): Promise<void> {
    try {
      const found = await examineSessions(this.#repo, sessions, this.#request);
      for (const one of found) if (this.#book?.sessions.has(one.view.id)) this.#examined.set(one.view.id, one);
      this.#failures = [];
    } catch (error) {
      this.#failures.push(error);
      for (const { id } of sessions) this.#due.set(id, this.#nowMs() + REREAD_MS);
    }
    for (const { id } of sessions) this.#readAt.set(id, this.#nowMs());
  }

  #agentOf(id: string): AgentStatus | undefined {
    return this.#outside.get(id) ?? this.#agents.statusOf(id);
  }

  /** Asks Claude Code of agents that nobody else knows, now and then while one may be there; it goes on meanwhile. */
  #askOutside(): void {
    const now = this.#nowMs();
    const wanted = [...this.#examined.values()].map(({ inspection: { session, tree } }) => {
      const agent = this.#agents.statusOf(session.id);
      return { session, tree, ...(agent === undefined ? {} : { agent }) };
    });
    this.#mayBeOutside = wanted.some(isUnknownClaude);
    if (!this.#mayBeOutside) this.#outside.clear();
    if (!this.#mayBeOutside || now < this.#outsideDueMs) return;
    this.#outsideDueMs = Number.POSITIVE_INFINITY;
    void findOutsideAgents(this.#repo, wanted)
      .then((found) => (this.#outside = new Map(found)))
      .catch(() => {})
      .finally(() => {
        this.#outsideDueMs = this.#nowMs() + OUTSIDE_MS;
        this.#wake();
      });
  }

  /** What there is to tell; undefined when it was told already. */
  async #tell(): Promise<WatchOutcome | undefined> {
    const verdicts = await listVerdicts(this.#repo);
    const all = [...this.#examined.values()];
    const views = all.map((one) => withAgent(one, this.#agentOf(one.view.id), verdicts).view);
    const proven = all.flatMap(({ view, evidence }) => (evidence === undefined ? [] : [[view.id, evidence] as const]));
    const shown = selectViews(views, this.#request);
    const outcome = { ...shown, ...this.#rest, proven: new Map(proven), all: views };
    const told = JSON.stringify([outcome, proven]); // a map has no form of its own in JSON
    if (told === this.#told) return undefined;
    this.#told = told;
    return outcome;
  }
}
