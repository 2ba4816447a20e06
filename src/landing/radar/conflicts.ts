import type { ConflictFile } from '../../git/conflicts.ts';
import { readBook } from '../../sessions/book.ts';
import { inspectSessions } from '../../sessions/inspect.ts';
import type { Repo } from '../../sessions/repo.ts';
import { requireSessions } from '../../sessions/select.ts';
import { dependenciesOf, findCycles, orderForLanding } from './order.ts';
import { findTrespasses, type Trespass } from './ownership.ts';
import { scanConflicts, type PairConflict, type Reading, type Scan } from './radar.ts';
import { byText } from '../../core/text.ts';

export interface BaseConflict {
  readonly id: string;
  /** The branch it conflicts with. */
  readonly branch: string;
  readonly files: readonly ConflictFile[];
}

/** A place in the landing order, and what speaks for it. */
export interface Place {
  readonly id: string;
  /** Sessions that land before it. */
  readonly after: readonly string[];
  /** The branch of its base, when it conflicts with that. */
  readonly base: string | null;
  /** Whom it conflicts with among those before and behind it. */
  readonly before: readonly string[];
  readonly behind: readonly string[];
}

export interface ConflictsOutcome {
  /** Sessions that were compared: those with work that has not landed. */
  readonly compared: readonly string[];
  /** The sessions that were asked for; undefined: all. */
  readonly asked: readonly string[] | undefined;
  readonly pairs: readonly PairConflict[];
  readonly base: readonly BaseConflict[];
  readonly order: readonly Place[];
  readonly ownership: readonly Trespass[];
  readonly warnings: readonly string[];
}

/** Every conflict of sessions with their bases and each other; with ids only those that one of them takes part in. */
export async function listConflicts(repo: Repo, ids: readonly string[]): Promise<ConflictsOutcome> {
  const book = await readBook(repo);
  const wanted = ids.length === 0 ? undefined : await requireSessions(repo, book, ids);
  const sessions = [...book.sessions.values()].toSorted(
    (a, b) => byText(a.row.createdAt, b.row.createdAt) || byText(a.id, b.id),
  );
  const scan = await scanConflicts(repo, await inspectSessions(repo, sessions));
  return describeScan(
    scan,
    wanted?.map(({ id }) => id),
  );
}

/** Pure. */
export function describeScan(scan: Scan, asked: readonly string[] | undefined): ConflictsOutcome {
  const isWanted = (id: string): boolean => asked === undefined || asked.includes(id);
  const live = scan.readings.filter(({ isLive }) => isLive);
  const sessions = scan.readings.map(({ inspection }) => inspection.session);
  const open = scan.readings.filter(({ evidence }) => evidence === undefined || evidence.proof === 'empty');
  const changed = new Map(open.map((one) => [idOf(one), one.changed] as const));
  const candidates = live.map((one) => ({ id: idOf(one), after: dependenciesOf(one.inspection.session, sessions) }));
  const trespasses = findTrespasses(
    open.map(({ inspection }) => inspection.session),
    changed,
  );
  const bases = live.flatMap(baseOf);
  return {
    compared: live.map(idOf),
    asked,
    pairs: scan.pairs.filter(({ a, b }) => isWanted(a) || isWanted(b)),
    base: bases.filter(({ id }) => isWanted(id)),
    order: placesOf(orderForLanding(candidates, scan.pairs), candidates, { bases, pairs: scan.pairs }),
    ownership: trespasses.filter(({ id, owner }) => isWanted(id) || (owner !== null && isWanted(owner))),
    warnings: warningsOf(scan, findCycles(candidates)),
  };
}

function idOf({ inspection }: Reading): string {
  return inspection.session.id;
}

function baseOf(reading: Reading): readonly BaseConflict[] {
  const { base, inspection } = reading;
  const branch = inspection.session.row.base.branch ?? inspection.session.row.base.commit;
  return base === undefined || base.length === 0 ? [] : [{ id: idOf(reading), branch, files: base }];
}

function placesOf(
  order: readonly string[],
  candidates: readonly { id: string; after: readonly string[] }[],
  { bases, pairs }: { bases: readonly BaseConflict[]; pairs: readonly PairConflict[] },
): readonly Place[] {
  return order.map((id, at) => {
    const rivals = new Set(pairs.flatMap(({ a, b }) => (a === id ? [b] : b === id ? [a] : [])));
    return {
      id,
      after: (candidates.find((one) => one.id === id)?.after ?? []).filter((other) => order.includes(other)),
      base: bases.find((one) => one.id === id)?.branch ?? null,
      before: order.slice(0, at).filter((other) => rivals.has(other)),
      behind: order.slice(at + 1).filter((other) => rivals.has(other)),
    };
  });
}

function warningsOf(scan: Scan, cycles: readonly (readonly string[])[]): readonly string[] {
  return [
    ...scan.readings.flatMap((one) =>
      one.trouble === undefined
        ? []
        : [`${idOf(one)}: its uncommitted work could not be read, so its last commit was compared`],
    ),
    ...scan.readings.flatMap((one) =>
      one.isLive && one.preview !== undefined && one.preview.conflicts === undefined
        ? [`${idOf(one)}: git could not merge it with its base`]
        : [],
    ),
    ...scan.unknown.map(([a, b]) => `git could not merge ${a} with ${b}`),
    ...cycles.map((ids) => `these wait for each other, so one of them has to go first: ${ids.join(', ')}`),
  ];
}
