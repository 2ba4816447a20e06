import path from 'node:path';
import { readText, replaceFile } from '../platform/files.ts';
import type { LockDeps } from '../platform/lock.ts';
import { PATIENT, whileLogging, type EventLog, type LogOptions, type NewEvent } from '../registry/event-log.ts';
import { parseFacts, type AgentFacts } from './facts.ts';

/** The session an agent works in, as far as its facts and events need it. */
export interface AgentPlace {
  readonly id: string;
  /** Of its worktree: `<common>/worktrees/<name>`. */
  readonly adminDirectory: string;
  readonly log: EventLog;
}

const FACTS = 'wt-agent.json';

/** Where the facts of the session with that administrative folder lie. */
export function factsFile(adminDirectory: string): string {
  return path.join(adminDirectory, FACTS);
}

export async function readFacts(adminDirectory: string): Promise<AgentFacts> {
  return parseFacts(await readText(factsFile(adminDirectory)));
}

/** What a change of facts says in the stream of events. */
export interface News {
  readonly facts: AgentFacts;
  readonly events: readonly Omit<NewEvent, 'session'>[];
}

/**
 * Changes the facts and tells of it, both while nobody else does. Undefined: nothing is to be changed after all. Returns the
 * facts before and after.
 */
export async function recordNews(
  deps: Omit<LockDeps, 'identity'>,
  { id, adminDirectory, log }: AgentPlace,
  change: (facts: AgentFacts) => News | undefined,
  options: LogOptions = PATIENT,
): Promise<{ readonly before: AgentFacts; readonly after: AgentFacts }> {
  return whileLogging(deps, log, options, async (append) => {
    const before = await readFacts(adminDirectory);
    const news = change(before);
    if (news === undefined) return { before, after: before };
    const { isDurable } = options;
    if (news.facts !== before)
      await replaceFile(factsFile(adminDirectory), `${JSON.stringify(news.facts)}\n`, 0o600, { isDurable });
    for (const event of news.events) await append({ session: id, ...event });
    return { before, after: news.facts };
  });
}
