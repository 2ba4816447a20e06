import { mapLimit } from '../core/pool.ts';
import type { AgentStatus } from '../agents/status.ts';
import { countChanges } from '../git/status.ts';
import { readAgentStatus } from './agent.ts';
import type { Session } from './book.ts';
import type { Inspection } from './inspect.ts';
import { readLastList, type LastShown } from './last-list.ts';
import type { ListRequest } from './list.ts';
import type { Repo } from './repo.ts';
import { byAttention, type SessionStatus } from './status.ts';
import { cardOf, viewSession, type SessionView } from './view.ts';

/** Is told of sessions while they are read. None of it waits for an answer. */
export interface Sight {
  /** Which there are; git has not been asked. */
  known(sessions: readonly Session[]): void;
  /** Some of what an inspection finds; what is in it is so, what is not in it is not known yet. */
  found(id: string, facts: Facts): void;
  /** All of them, as they are, those that are not listed too. */
  examined(views: readonly SessionView[]): void;
}

export type Facts = Partial<Omit<Inspection, 'session'>>;

/** What may be unknown of a session that is being read. */
export type Open = 'status' | 'changes' | 'distance' | 'conflicts' | 'age' | 'title';

/** A session of which not everything is known yet. */
export interface DraftRow {
  /** What is open has a value in it that says nothing. */
  readonly view: SessionView;
  readonly open: ReadonlySet<Open>;
  /** How it was shown last. */
  readonly last: LastShown | undefined;
}

const AT_ONCE = 16;

/** Gathers what is found while sessions are read, for a picture of it. Its rows are the same ones in the same order from the first look on. */
export class Sighting implements Sight {
  readonly #repo: Repo;
  readonly #request: ListRequest;
  readonly #facts = new Map<string, Facts>();
  /** The rows of sessions of which nothing was found since. */
  readonly #rows = new Map<string, DraftRow>();
  #sessions: readonly Session[] = [];
  #agents = new Map<string, AgentStatus | undefined>();
  #last: ReadonlyMap<string, LastShown> = new Map();
  #order: readonly Session[] | undefined;
  #views: readonly SessionView[] | undefined;
  /** Called when there is more to see. */
  onChange = (): void => {};

  constructor(repo: Repo, request: ListRequest) {
    this.#repo = repo;
    this.#request = request;
  }

  known(sessions: readonly Session[]): void {
    this.#sessions = sessions;
  }

  found(id: string, facts: Facts): void {
    this.#facts.set(id, { ...this.#facts.get(id), ...facts });
    this.#rows.delete(id);
    this.onChange();
  }

  examined(views: readonly SessionView[]): void {
    this.#views = views;
  }

  /** Every session as it is, once all has been read. */
  get views(): readonly SessionView[] | undefined {
    return this.#views;
  }

  /** Reads what no git is needed for: how they were shown last, and what their agents are at. */
  async begin(): Promise<void> {
    const [last, agents] = await Promise.all([
      readLastList(this.#repo),
      mapLimit(this.#sessions, AT_ONCE, async (session) => {
        const isSeen = this.#facts.get(session.id)?.tree !== undefined;
        return [session.id, isSeen ? undefined : await readAgentStatus(this.#repo, session)] as const;
      }),
    ]);
    this.#last = last;
    this.#agents = new Map(agents);
    this.#rows.clear();
  }

  /** A row of which nothing else is known by now is the same value as before. */
  rows(): readonly DraftRow[] {
    this.#order ??= orderOf(this.#sessions, (session) => this.#rowOf(session), this.#request);
    return this.#order.map((session) => this.#rowOf(session));
  }

  #rowOf(session: Session): DraftRow {
    const { id } = session;
    const known = { agent: this.#agents.get(id), facts: this.#facts.get(id) ?? {}, last: this.#last.get(id) };
    const row = this.#rows.get(id) ?? draftRow(session, known, this.#request);
    this.#rows.set(id, row);
    return row;
  }
}

function orderOf(
  sessions: readonly Session[],
  rowOf: (session: Session) => DraftRow,
  request: Pick<ListRequest, 'all' | 'status' | 'agent'>,
): readonly Session[] {
  return sessions
    .map((session) => ({ session, row: rowOf(session) }))
    .filter(({ row }) => isLikelyListed(row, request))
    .toSorted((a, b) => byAttention(a.row.view, b.row.view))
    .map(({ session }) => session);
}

/** Whether it will be in the list, as far as can be told. Pure. */
function isLikelyListed(
  { view, open, last }: DraftRow,
  { all, status, agent }: Pick<ListRequest, 'all' | 'status' | 'agent'>,
): boolean {
  const isTold = !open.has('status') || last !== undefined;
  if (agent !== undefined && view.agent !== agent && view.agentStatus?.agent !== agent) return false;
  if (status !== undefined) return isTold && view.status === status;
  return all || !isTold || view.status !== 'landed';
}

/** Pure. */
export function draftRow(
  session: Session,
  known: {
    readonly agent: AgentStatus | undefined;
    readonly facts: Facts;
    readonly last: LastShown | undefined;
  },
  { conflicts }: Pick<ListRequest, 'conflicts'>,
): DraftRow {
  const { facts, last } = known;
  const status = sureStatus(session, facts);
  const agent = facts.tree === undefined ? known.agent : facts.agent;
  const view: SessionView = {
    ...cardOf(session),
    status: status ?? last?.status ?? 'new',
    head: headOf(facts, last),
    changes: facts.status === undefined ? null : countChanges(facts.status),
    ahead: facts.distance?.ahead ?? null,
    behind: facts.distance?.behind ?? null,
    tree: facts.tree ?? 'ok',
    ...(facts.operation === undefined ? {} : { operation: facts.operation }),
    ...(agent === undefined ? {} : { agentStatus: agent }),
  };
  return { view, open: listOpen(session, facts, { isSure: status !== undefined, conflicts }), last };
}

function listOpen(
  { row }: Session,
  facts: Facts,
  { isSure, conflicts }: { isSure: boolean; conflicts: boolean },
): ReadonlySet<Open> {
  const [hasRef, hasDistance] = ['branch' in facts, 'distance' in facts];
  const open = new Set<Open>();
  if (!isSure) open.add('status');
  if (facts.tree === undefined) open.add('changes');
  if (!hasDistance) open.add('distance');
  if (conflicts) open.add('conflicts');
  if (!hasRef) open.add('age');
  if (row.task === null && !(hasRef && hasDistance)) open.add('title');
  return open;
}

/** The last commit; until that is known, the time of the one that was there last, to stand where it stood. */
function headOf({ branch }: Facts, last: LastShown | undefined): SessionView['head'] {
  if (branch !== undefined)
    return { commit: branch.commit, subject: branch.subject, committedAt: branch.committedAt ?? null };
  return last === undefined ? null : { commit: '', subject: '', committedAt: last.at };
}

/** The status, when nothing that is still to be found can make it another one. Pure. */
function sureStatus(session: Session, facts: Facts): SessionStatus | undefined {
  if (session.row.state === 'creating' || session.pending !== undefined) return 'busy';
  if (!('branch' in facts) || facts.tree === undefined) return undefined;
  const inspection: Inspection = {
    session,
    base: undefined,
    branch: facts.branch,
    tree: facts.tree,
    switchedTo: facts.switchedTo,
    status: facts.status,
    operation: facts.operation,
    distance: undefined,
    trouble: facts.trouble,
    ...(facts.isSettingUp === undefined ? {} : { isSettingUp: facts.isSettingUp }),
    ...(facts.agent === undefined ? {} : { agent: facts.agent }),
  };
  // Whether it has landed comes before all that only a merge or a walk tells.
  const { status } = viewSession(inspection, undefined, undefined);
  return status === viewSession(inspection, 'same-commit', undefined).status ? status : undefined;
}
