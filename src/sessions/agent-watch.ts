import type { AgentFacts } from '../agents/facts.ts';
import { readFacts } from '../agents/record.ts';
import { statusOf, type AgentStatus } from '../agents/status.ts';
import { fileMark } from '../platform/files.ts';
import { processMark } from '../platform/identity.ts';
import type { Session } from './book.ts';

/** How often the processes of agents are looked at. */
export const LOOK_MS = 400;
/** A process that ends is seen dead for a moment before its end is recorded: only what lasts longer counts. */
const DEATH_MS = 300;
/** How long whoever started the agent has to record its end before somebody else records a death. */
const RECORD_MS = 2500;

interface Watched {
  readonly facts: AgentFacts;
  /** As it is shown. */
  readonly status: AgentStatus | undefined;
  /** Since when its process is seen to be gone without a recorded end. */
  readonly deadSinceMs: number | undefined;
  /** What its work leaves behind: another one says that it has done something. */
  readonly mark: string;
  readonly isSeenTo: boolean;
}

/** The agents of sessions as they are from one look to the next: facts from files, life from /proc, and no other process. */
export interface AgentWatch {
  /** Reads the facts of these sessions. */
  read(sessions: readonly Session[]): Promise<void>;
  /** Looks whether they live. Ids of those whose status is another now, that have worked since, and whose death nobody has recorded. */
  look(sessions: readonly Session[], nowMs: number): Promise<Look>;
  /** Its death has been seen to, well or not. */
  ignoreDeath(id: string): void;
  statusOf(id: string): AgentStatus | undefined;
  /** Something may change that no file tells of. */
  isAnyAlive(): boolean;
}

export interface Look {
  readonly changed: readonly string[];
  readonly active: readonly string[];
  readonly dead: readonly string[];
}

export function createAgentWatch(): AgentWatch {
  const known = new Map<string, Watched>();
  return {
    async read(sessions) {
      await Promise.all(
        sessions.map(async ({ id, admin }) => {
          if (admin === undefined) return known.delete(id);
          const facts = await readFacts(admin.directory);
          const before = known.get(id);
          const isSameRun = before?.facts.run?.startedAt === facts.run?.startedAt;
          return known.set(id, {
            facts,
            status: before?.status,
            deadSinceMs: isSameRun ? before?.deadSinceMs : undefined,
            mark: before?.mark ?? '',
            isSeenTo: isSameRun && before?.isSeenTo === true,
          });
        }),
      );
    },
    async look(sessions, nowMs) {
      const found = { changed: [] as string[], active: [] as string[], dead: [] as string[] };
      for (const { id } of sessions) {
        const before = known.get(id);
        if (before === undefined) continue;
        const after = lookAt(before, nowMs);
        const mark = isAtWork(after.status) ? await markOf(after.facts) : before.mark;
        known.set(id, { ...after, mark });
        if (JSON.stringify(after.status) !== JSON.stringify(before.status)) found.changed.push(id);
        if (mark !== before.mark && before.mark !== '') found.active.push(id);
        if (isUnrecorded(after, nowMs)) found.dead.push(id);
      }
      return found;
    },
    ignoreDeath(id) {
      const before = known.get(id);
      if (before !== undefined) known.set(id, { ...before, isSeenTo: true });
    },
    statusOf: (id) => known.get(id)?.status,
    isAnyAlive: () => [...known.values()].some((one) => one.status?.isAlive === true || mayBeRecorded(one)),
  };
}

/** A death is believed when it lasts; one that was there from the beginning is. Pure but for the look at the process. */
function lookAt(before: Watched, nowMs: number): Watched {
  const status = statusOf(before.facts, nowMs);
  if (status?.state !== 'died' || before.facts.run?.end !== null) return { ...before, status, deadSinceMs: undefined };
  const deadSinceMs = before.deadSinceMs ?? nowMs;
  const isBelieved = before.status?.isAlive !== true || nowMs - deadSinceMs >= DEATH_MS;
  return { ...before, status: isBelieved ? status : before.status, deadSinceMs };
}

function isUnrecorded(watched: Watched, nowMs: number): boolean {
  const { deadSinceMs } = watched;
  return mayBeRecorded(watched) && deadSinceMs !== undefined && nowMs - deadSinceMs >= RECORD_MS;
}

function mayBeRecorded({ facts: { run }, status, isSeenTo }: Watched): boolean {
  const isDeath = status?.state === 'died' && status.reason !== 'reboot' && run?.end === null;
  return isDeath && run.goneAt === undefined && !isSeenTo;
}

function isAtWork(status: AgentStatus | undefined): boolean {
  return status?.state === 'working' || status?.state === 'running';
}

/** What it prints, or else the time its process has had. */
async function markOf({ run }: AgentFacts): Promise<string> {
  if (run === null) return '';
  return run.log === null ? (processMark(run.owner.pid) ?? '') : ((await fileMark(run.log)) ?? '');
}
