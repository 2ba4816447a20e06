import type { AgentStatus } from '../agents/status.ts';
import { readText } from '../platform/files.ts';
import path from 'node:path';
import { previewMerges, type Preview } from '../landing/radar/preview.ts';
import { findEvidence, type Evidence } from '../landing/proof/proof.ts';
import { scanConflicts, type Scan } from '../landing/radar/radar.ts';
import { listVerdicts, type Verdict } from '../landing/gate/verdict.ts';
import type { AdminEntry } from '../registry/notes.ts';
import { readBook, type Book, type Session } from './book.ts';
import { inspectSessions, type Inspection, type Looking } from './inspect.ts';
import { findOutsideAgents } from './outside.ts';
import type { Repo } from './repo.ts';
import type { Sight } from './sight.ts';
import { listTrash, type TrashMeta } from './trash.ts';
import { byAttention, type SessionStatus } from './status.ts';
import { viewSession, type SessionView } from './view.ts';

export interface ListRequest {
  /** Also landed sessions, and those in the trash. */
  readonly all: boolean;
  readonly conflicts: boolean;
  readonly status: SessionStatus | undefined;
  readonly agent: string | undefined;
}

/** A linked worktree that is no session of wt. */
export interface UnmanagedWorktree {
  readonly path: string;
  readonly branch: string | null;
  readonly locked: string | null;
}

export interface ListOutcome {
  readonly sessions: readonly SessionView[];
  readonly unmanaged: readonly UnmanagedWorktree[];
  readonly removed: readonly TrashMeta[] | undefined;
  /** Landed sessions that were left out. */
  readonly hidden: number;
  /** What shows of each session that it has landed. */
  readonly proven: ReadonlyMap<string, Evidence>;
}

/** A session with what was found out about it. */
export interface Examined {
  readonly inspection: Inspection;
  readonly preview: Preview | undefined;
  readonly evidence: Evidence | undefined;
  readonly view: SessionView;
}

export async function listSessions(repo: Repo, request: ListRequest, sight?: Sight): Promise<ListOutcome> {
  const book = await readBook(repo);
  const sessions = [...book.sessions.values()];
  sight?.known(sessions);
  const inside = await examineSessions(repo, sessions, { conflicts: request.conflicts, sight });
  const examined = await withOutsideAgents(repo, inside);
  sight?.examined(examined.map(({ view }) => view));
  return {
    ...selectViews(
      examined.map(({ view }) => view),
      request,
    ),
    proven: new Map(
      examined.flatMap(({ view, evidence }) => (evidence === undefined ? [] : [[view.id, evidence] as const])),
    ),
    ...(await listRest(repo, book, request)),
  };
}

/** Agents that only their own program knows of, put in where nothing else is known. */
export async function withOutsideAgents(repo: Repo, examined: readonly Examined[]): Promise<readonly Examined[]> {
  const agents = await findOutsideAgents(
    repo,
    examined.map(({ inspection }) => inspection),
  );
  if (agents.size === 0) return examined;
  const verdicts = await listVerdicts(repo);
  return examined.map((one) => {
    const agent = agents.get(one.view.id);
    return agent === undefined ? one : withAgent(one, agent, verdicts);
  });
}

/** The same with another agent there, or with none. Pure. */
export function withAgent(one: Examined, agent: AgentStatus | undefined, verdicts: readonly Verdict[]): Examined {
  const { agent: _, ...rest } = one.inspection;
  const inspection: Inspection = agent === undefined ? rest : { ...rest, agent };
  const view = viewSession(inspection, one.evidence?.proof, one.preview, verdicts);
  const conflicts = one.view.conflicts === undefined ? {} : { conflicts: one.view.conflicts };
  return { ...one, inspection, view: { ...view, ...conflicts } };
}

/** What is listed beside the sessions. */
export async function listRest(
  repo: Repo,
  book: Book,
  { all }: Pick<ListRequest, 'all'>,
): Promise<Pick<ListOutcome, 'unmanaged' | 'removed'>> {
  const [unmanaged, removed] = await Promise.all([
    Promise.all(book.unmanaged.map(viewUnmanaged)),
    all ? listTrash(repo) : undefined,
  ]);
  return { unmanaged, removed };
}

/** Pure: filters, hides what has landed unless asked for, orders by what needs a person. */
export function selectViews(
  views: readonly SessionView[],
  { all, status, agent }: Pick<ListRequest, 'all' | 'status' | 'agent'>,
): Pick<ListOutcome, 'sessions' | 'hidden'> {
  const wanted = views.filter(
    (view) =>
      (status === undefined || view.status === status) &&
      (agent === undefined || view.agent === agent || view.agentStatus?.agent === agent),
  );
  const shown = wanted.filter((view) => all || status !== undefined || view.status !== 'landed');
  return { sessions: shown.toSorted(byAttention), hidden: wanted.length - shown.length };
}

/** Git's facts, a merge preview and what proves it landed, for each session; `about`: of conflicts only those of one of them. */
export async function examineSessions(
  repo: Repo,
  sessions: readonly Session[],
  { conflicts, about, ...looking }: { conflicts: boolean; about?: string } & Looking,
): Promise<readonly Examined[]> {
  const inspections = await inspectSessions(repo, sessions, looking);
  const verdicts = await listVerdicts(repo);
  if (conflicts) return viewScan(await scanConflicts(repo, inspections, about), verdicts);
  const previews = await previewMerges(repo, inspections);
  const suspects = inspections.map((inspection, i) => ({ inspection, preview: previews[i] }));
  const found = await findEvidence(repo, suspects);
  return suspects.map((one, i) => ({
    ...one,
    evidence: found[i],
    view: viewSession(one.inspection, found[i]?.proof, one.preview, verdicts),
  }));
}

/** Each session with whom it conflicts, and where. Pure. */
function viewScan({ readings, pairs }: Scan, verdicts: readonly Verdict[]): readonly Examined[] {
  return readings.map(({ inspection, preview, evidence }) => {
    const { id } = inspection.session;
    const sessions = pairs.flatMap(({ a, b, files }) =>
      a === id || b === id ? [{ id: a === id ? b : a, paths: files.map((file) => file.path) }] : [],
    );
    const base = preview === undefined ? [] : preview.conflicts === undefined ? null : [...preview.conflicts];
    return {
      inspection,
      preview,
      evidence,
      view: { ...viewSession(inspection, evidence?.proof, preview, verdicts), conflicts: { base, sessions } },
    };
  });
}

async function viewUnmanaged(entry: AdminEntry): Promise<UnmanagedWorktree> {
  const head = await readText(path.join(entry.directory, 'HEAD'));
  const branch = /^ref: refs\/heads\/(.+)$/m.exec(head ?? '')?.[1];
  return {
    path: entry.path ?? entry.directory,
    branch: branch === undefined || branch === '.invalid' ? null : branch,
    locked: entry.locked ?? null,
  };
}

export async function examineSession(
  repo: Repo,
  book: Book,
  session: Session,
  options: { conflicts: boolean } & Looking,
): Promise<Examined> {
  const sessions = options.conflicts ? [...book.sessions.values()] : [session];
  const all = await examineSessions(repo, sessions, { ...options, about: session.id });
  const found = all.find(({ inspection }) => inspection.session === session);
  if (found === undefined) throw new Error(`session ${session.id} was not examined`);
  return found;
}
