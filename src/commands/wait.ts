import * as z from 'zod';
import { defineCommand } from '../cli/define.ts';
import { duration, flag, sessionsArg } from '../cli/params.ts';
import type { Notice } from '../agents/notify.ts';
import { WtError } from '../core/errors.ts';
import { loadNotifySettings } from '../sessions/notify.ts';
import { openRepo } from '../sessions/open.ts';
import { STATUSES, type SessionStatus } from '../sessions/status.ts';
import { AgentView } from '../sessions/view.ts';
import { waitForSessions, type Waited } from '../sessions/wait.ts';
import { WAIT_FOR, type WaitFor } from '../sessions/wait-for.ts';
import { agentWords } from '../ui/agent.ts';
import { bellFor } from '../ui/notice.ts';
import { paintStatus } from '../ui/session.ts';
import { few, safeLine } from '../ui/text.ts';
import type { Look, Theme } from '../ui/theme.ts';

const WANTED: readonly WaitFor[] = ['done', 'waiting', 'failed'];

const wanted = z
  .string()
  .default(WANTED.join(','))
  .transform((text) => text.split(',').map((word) => word.trim()))
  .pipe(z.array(z.enum(WAIT_FOR, `some of ${WAIT_FOR.join(', ')}, with commas between them`)).min(1));

export default defineCommand({
  description:
    'Waits until every session, or with --any the first one, has come to one of these: "done" or "failed" by the word of its agent, "failed" also when that has failed, died or could not be made ready, "waiting" for an answer or, its turn ended, for something to do, "idle" with its turn ended, "exited" however it ended, "approved", "landed". What holds already is told at once. It ends with exit code 9 when the time is up, and when what is wanted cannot come any more: the agent has ended without a word, or the session was taken away.',
  args: { ids: sessionsArg },
  options: {
    for: { flags: '--for <what>', help: `What to wait for: ${WAIT_FOR.join(', ')}`, schema: wanted },
    timeout: { flags: '--timeout <duration>', help: 'How long at most, as in 10m', schema: duration.optional() },
    any: flag('--any', 'The first session that has come so far is enough'),
    all: flag('--all', 'Every session that is there now'),
  },
  examples: [
    'wt wait fix-login',
    'wt wait fix-login add-search --any --timeout 10m --json',
    'wt wait fix-login --for landed',
    'wt wait --all --any',
  ],
  mutates: false,
  data: z.object({
    sessions: z.array(
      z.object({
        id: z.string(),
        /** What it has come to; null with --any for those that have not. */
        reached: z.enum(WAIT_FOR).nullable(),
        /** Null: it was taken away. */
        status: z.enum(STATUSES).nullable(),
        /** What its agent waits for, or why it failed. */
        reason: z.string().nullable(),
        /** Absent: no agent was ever seen there. */
        agentStatus: AgentView.optional(),
        /** What was said when it was called done, or failed. */
        summary: z.string().nullable(),
        waitedMs: z.number(),
      }),
    ),
  }),

  async run({ deps, globals, look, busy }, { ids, for: wantedNow, timeout, any, all }) {
    if (all && ids.length > 0)
      throw new WtError('usage.invalid', { option: '--all', reason: 'takes every session; name none beside it' });
    const repo = await openRepo(deps);
    const request = { ids: all ? undefined : ids, wanted: wantedNow, timeoutMs: timeout, any };
    const waiting = `waiting for ${all ? 'all sessions' : few(ids.length === 0 ? ['the session'] : ids)}`;
    const waited = await busy(waiting, () => waitForSessions(repo, request));
    if (deps.io.stdoutIsTTY && !globals.json) {
      const notices = waited.flatMap((one) => noticeOf(one, look.now.toISOString()));
      deps.io.out(bellFor(notices, await loadNotifySettings(repo), deps.env));
    }
    return waited;
  },

  human: (sessions, look) => sessions.map((one) => line(one, look)).join(''),
  json: (sessions) => ({
    sessions: sessions.map(({ id, reached, status, agentStatus, summary, waitedMs }) => ({
      id,
      reached: reached ?? null,
      status: status ?? null,
      reason: agentStatus?.reason ?? null,
      ...(agentStatus === undefined ? {} : { agentStatus }),
      summary: summary ?? null,
      waitedMs,
    })),
  }),
});

/** What holds from the beginning is no news. */
const NEWS_MS = 1000;

const KINDS: Readonly<Partial<Record<WaitFor, Notice['status']>>> = {
  waiting: 'waiting',
  idle: 'waiting',
  done: 'done',
  exited: 'done',
  failed: 'failed',
};

function noticeOf({ id, reached, agentStatus, waitedMs }: Waited, at: string): readonly Notice[] {
  const status = reached === undefined || waitedMs < NEWS_MS ? undefined : KINDS[reached];
  if (status === undefined) return [];
  return [{ session: id, status, reason: agentStatus?.reason ?? null, agent: agentStatus?.agent ?? null, at }];
}

function line({ id, reached, status, agentStatus, summary }: Waited, { theme, now }: Look): string {
  const words = [
    theme.name(id),
    reached === undefined || reached === status ? statusText(status, theme) : theme.good(reached),
    agentStatus === undefined ? '' : theme.dim(agentWords(agentStatus, now)),
    safeLine(summary?.trim().split('\n')[0] ?? ''),
  ];
  return `${words.filter((word) => word !== '').join('  ')}\n`;
}

function statusText(status: SessionStatus | undefined, theme: Theme): string {
  return status === undefined ? theme.dim('removed') : paintStatus(status, status, theme);
}
