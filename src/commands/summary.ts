import * as z from 'zod';
import { defineCommand } from '../cli/define.ts';
import { AGENT_STATES } from '../agents/status.ts';
import { openRepo } from '../sessions/open.ts';
import { STATUSES } from '../sessions/status.ts';
import { boundSummary, summarize, type Summary, type SummaryEntry } from '../sessions/summary.ts';
import { renderSummary } from '../ui/summary.ts';
import { safeJson } from '../ui/text.ts';

const NEWS = 4;
const LONGEST = 200;

const Item = z.object({
  id: z.string(),
  status: z.enum(STATUSES),
  task: z.string().nullable(),
  base: z.string().nullable(),
  /** Null: none was ever seen there. */
  agent: z
    .object({
      name: z.string(),
      state: z.enum(AGENT_STATES),
      reason: z.string().nullable(),
      source: z.string(),
      at: z.string(),
      isAsserted: z.boolean(),
    })
    .nullable(),
  ahead: z.number().nullable(),
  behind: z.number().nullable(),
  /** Files that are not committed. */
  uncommitted: z.number().nullable(),
  done: z.object({ failed: z.boolean(), isStale: z.boolean(), summary: z.string().nullable() }).nullable(),
  isApproved: z.boolean(),
  /** What a person would do; null: nothing is to be done. */
  next: z.array(z.string()).nullable(),
  /** Names of the last events; absent without --since. */
  events: z.array(z.string()).optional(),
});
type Item = z.infer<typeof Item>;

export default defineCommand({
  description:
    'All sessions in at most 8 kB, for an agent that leads others: those that need a person first when there is no room for all, each where its id puts it, times instead of ages, and what seldom changes at the beginning, so that the same state gives the same text. With --since only what has changed since that event, and how. It ends with the number to ask for next time.',
  args: {},
  options: {
    since: {
      flags: '--since <seq>',
      help: 'Only sessions that have changed after the event of that number',
      schema: z.coerce.number('a number').int().min(0, 'a number').optional(),
    },
  },
  examples: ['wt summary', 'wt summary --since 40', 'wt summary --since 40 --json'],
  mutates: false,
  data: z.object({
    since: z.number().nullable(),
    sessions: z.array(Item),
    /** All the others, by status: unchanged, landed, or more than there is room for. */
    others: z.record(z.string(), z.number()),
    /** How many of the others were to be told of, had there been room. */
    left: z.number(),
    /** Sessions that were taken away since. */
    gone: z.array(z.object({ id: z.string(), event: z.string() })),
    /** To ask for next time. */
    seq: z.number(),
  }),

  async run({ deps, busy }, { since }): Promise<Summary> {
    const repo = await openRepo(deps);
    return busy('reading sessions', () => summarize(repo, since));
  },

  human: (summary) => renderSummary(boundSummary(summary, renderSummary)),
  json: (summary) => dataOf(boundSummary(summary, (bounded) => safeJson(dataOf(bounded)))),
});

function dataOf({ since, seq, entries, others, left, gone }: Summary): {
  since: number | null;
  sessions: Item[];
  others: Record<string, number>;
  left: number;
  gone: { id: string; event: string }[];
  seq: number;
} {
  return {
    since: since ?? null,
    sessions: entries.map((entry) => itemOf(entry, since !== undefined)),
    others: Object.fromEntries(others),
    left,
    gone: gone.slice(-25).map(({ id, event }) => ({ id, event })),
    seq,
  };
}

function itemOf({ view, news, next }: SummaryEntry, withEvents: boolean): Item {
  const { id, status, task, base, agentStatus, ahead, behind, changes, done, approved } = view;
  return {
    id,
    status,
    task: short(task),
    base: base.branch,
    agent: agentStatus === undefined ? null : agentOf(agentStatus),
    ahead,
    behind,
    uncommitted: changes === null ? null : changes.staged + changes.modified + changes.untracked + changes.conflicted,
    done: done === undefined ? null : { failed: done.failed, isStale: done.isStale, summary: short(done.summary) },
    isApproved: approved?.isStale === false,
    next: next === undefined ? null : [...next],
    ...(withEvents ? { events: news.slice(-NEWS).map(({ event }) => event) } : {}),
  };
}

function agentOf(status: NonNullable<SummaryEntry['view']['agentStatus']>): Item['agent'] {
  const { agent: name, state, reason, source, at, isAsserted } = status;
  return { name, state, reason, source, at, isAsserted };
}

function short(text: string | null): string | null {
  return text === null || text.length <= LONGEST ? text : `${text.slice(0, LONGEST - 1)}…`;
}
