import * as z from 'zod';
import { defineCommand } from '../cli/define.ts';
import { flag, sessionArg } from '../cli/params.ts';
import { FileChange } from '../git/diff.ts';
import { Event } from '../registry/events.ts';
import { openRepo } from '../sessions/open.ts';
import { showSession, type ShowOutcome } from '../sessions/show.ts';
import { SessionView } from '../sessions/view.ts';
import {
  approvalWords,
  changesText,
  conflictsText,
  distanceWords,
  doneWords,
  paintStatus,
  portsText,
  proofWords,
  setupWords,
  TREE_WORDS,
} from '../ui/session.ts';
import { agentWords, paintAgent, processWords, turnWords } from '../ui/agent.ts';
import { age, bytes, few, plural, safe, shellLine, truncate, wrap } from '../ui/text.ts';
import { renderBrief } from '../ui/brief.ts';
import type { Look, Theme } from '../ui/theme.ts';
import { fileLine } from '../ui/work.ts';

const SHOWN = 10;

export default defineCommand({
  description:
    'Task, state, commits, files, conflicts with the base and with other sessions, events, size on disk, and the next step.',
  args: { id: sessionArg },
  options: {
    conflictBrief: flag('--conflict-brief', 'Print a prompt for its agent to resolve the conflict with the base'),
  },
  examples: ['wt show fix-login', 'wt show fix-login --json', 'wt show fix-login --conflict-brief'],
  mutates: false,
  paged: true,
  data: z.object({
    session: SessionView,
    commits: z.array(
      z.object({ commit: z.string(), subject: z.string(), author: z.string(), committedAt: z.string() }),
    ),
    files: z.array(FileChange),
    uncommitted: z.array(z.string()),
    events: z.array(Event),
    sizeBytes: z.number().nullable(),
    next: z.array(z.string()),
    /** The prompt, when asked for; null when there is no conflict. */
    conflictBrief: z.string().nullable().optional(),
  }),

  async run({ deps, busy }, { id, conflictBrief }) {
    const repo = await openRepo(deps);
    return busy('reading the session', () => showSession(repo, id, { conflictBrief }));
  },

  human(outcome, look) {
    const { brief, session } = outcome;
    if (brief === undefined) return describe(outcome, look);
    return brief === null
      ? `${session.id} does not conflict with ${session.base.branch ?? 'anything'}.\n`
      : renderBrief(brief);
  },
  json: ({ session, commits, files, uncommitted, events, sizeBytes, next, brief }) => ({
    session,
    commits: commits.map(({ commit, subject, author, committedAt }) => ({ commit, subject, author, committedAt })),
    files: [...files],
    uncommitted: [...uncommitted],
    events: [...events],
    sizeBytes,
    next: [...next],
    ...(brief === undefined ? {} : { conflictBrief: brief === null ? null : renderBrief(brief) }),
  }),
});

function describe(outcome: ShowOutcome, look: Look): string {
  const { theme } = look;
  const { session, evidence, sizeBytes, next } = outcome;
  const width = look.isTerminal ? look.width : Number.MAX_SAFE_INTEGER;
  const facts: readonly (readonly [string, string])[] = [
    [
      'status',
      `${paintStatus(session.status, session.status, theme)}${evidence === undefined || evidence.proof === 'empty' ? '' : theme.dim(`  ${proofWords(evidence, session.base.branch)}`)}${session.tree === 'ok' ? '' : theme.bad(`  ${TREE_WORDS[session.tree]}`)}`,
    ],
    ['branch', `${safe(session.branch)}  ${theme.dim(distanceWords(session))}`],
    [
      'base',
      `${safe(session.base.branch ?? 'a bare commit')} ${theme.dim(`cut at ${session.base.commit.slice(0, 7)}`)}`,
    ],
    ['folder', theme.path(truncate(session.path, Math.max(20, width - 10), 'middle'))],
    ['agent', agentLine(session, look)],
    ['created', `${age(session.createdAt, look.now)} ago`],
    ['size', sizeBytes === null ? '' : bytes(sizeBytes)],
    ['set-up', setupLine(session, theme)],
    ['owns', safe((session.owns ?? []).join('  '))],
    ['after', safe((session.after ?? []).join('  '))],
    ['ports', portsText(session.ports)],
    ['changes', changesText(session)],
    ['turn', session.agentStatus === undefined ? '' : turnWords(session.agentStatus, outcome.commits, look.now)],
    ['done', safe(doneWords(session, look.now))],
    ['approved', safe(approvalWords(session, look.now))],
    ['gate', gateLine(session, look)],
    ['conflicts', conflictsText(session) === '' ? '' : theme.bad(`with ${conflictsText(session)}`)],
  ];
  const head = `${theme.name(session.id)}\n${facts
    .filter(([, value]) => value !== '')
    .map(([label, value]) => `  ${theme.dim(label.padEnd(10))}${value}\n`)
    .join('')}`;
  return [
    head,
    ...sections(outcome, theme, width, look),
    `  ${theme.dim('next'.padEnd(10))}${theme.command(shellLine(next))}\n`,
  ].join('\n');
}

function sections(
  { session, commits, files, uncommitted, events }: ShowOutcome,
  theme: Theme,
  width: number,
  look: Look,
): readonly string[] {
  return [
    ...taskSection(session, theme, width),
    ...agentSection(session, look),
    ...list(
      theme,
      `Commits (${commits.length})`,
      commits.map(({ commit, subject, committedAt }) =>
        truncate(
          `${theme.attention(commit.slice(0, 7))} ${safe(subject)}  ${theme.dim(`${age(committedAt, look.now)} ago`)}`,
          width - 2,
        ),
      ),
    ),
    ...list(
      theme,
      `Files (${files.length})`,
      files.map((file) => `${STATUS_SIGN[file.status]} ${fileLine(file, theme, width - 4)}`),
    ),
    ...list(
      theme,
      'Conflicts',
      conflictLines(session).map(([other, paths]) =>
        truncate(`${theme.bad(other)}  ${theme.path(few(paths.map(safe)))}`, width - 2),
      ),
    ),
    ...list(
      theme,
      `Uncommitted (${uncommitted.length})`,
      uncommitted.map((path) => truncate(safe(path), width - 2)),
    ),
    ...eventsSection(events, look),
  ];
}

function gateLine({ gate }: SessionView, { theme, now }: Look): string {
  if (gate === undefined) return '';
  const verdict = gate.passed ? theme.good('green') : theme.bad('red');
  const stale = gate.isStale ? theme.attention(', before the last changes') : '';
  const log = gate.passed ? '' : `  ${theme.path(gate.log)}`;
  return `${verdict}${stale}  ${theme.dim(`${age(gate.at, now)} ago`)}  ${theme.command(safe(gate.command))}${log}`;
}

function setupLine(session: SessionView, theme: Theme): string {
  const words = setupWords(session);
  if (words === '') return '';
  const isBad = session.setup?.state === 'failed';
  const log = isBad && session.setup?.log != null ? `  ${theme.path(session.setup.log)}` : '';
  return `${isBad ? theme.bad(safe(words)) : safe(words)}${log}`;
}

function agentLine(session: SessionView, { theme, now }: Look): string {
  const { agent, agentStatus } = session;
  if (agentStatus === undefined) return agent === null ? '' : safe(agent);
  return paintAgent(agentWords(agentStatus, now), session, theme);
}

/** Where and how it runs. */
function agentSection({ agentStatus }: SessionView, { theme, now }: Look): readonly string[] {
  if (agentStatus === undefined) return [];
  const { agent, log, conversation } = agentStatus;
  const lines: readonly (readonly [string, string])[] = [
    ['how', processWords(agentStatus, now)],
    ['log', log === null ? '' : theme.path(log)],
    ['conversation', conversation === null ? '' : safe(conversation)],
  ];
  const shown = lines.filter(([, text]) => text !== '');
  return [
    section(
      theme,
      `Agent ${agent}`,
      shown.map(([label, text]) => `${theme.dim(label.padEnd(14))}${text}`),
    ),
  ];
}

function taskSection({ task }: SessionView, theme: Theme, width: number): readonly string[] {
  if (task === null) return [];
  const lines = safe(task)
    .split('\n')
    .flatMap((line) => wrap(line, Math.min(width - 4, 100)));
  return [section(theme, 'Task', lines)];
}

function eventsSection(events: ShowOutcome['events'], { theme, now }: Look): readonly string[] {
  const shown = events.filter(({ event }) => !event.endsWith('.before'));
  return list(
    theme,
    'Events',
    shown.map(
      ({ at, event, by }) => `${theme.dim(`${age(at, now)} ago`.padEnd(10))}${safe(event)}  ${theme.dim(`by ${by}`)}`,
    ),
  );
}

/** With whom, and where. */
function conflictLines({ conflicts, base }: SessionView): readonly (readonly [string, readonly string[]])[] {
  if (conflicts === undefined) return [];
  const ofBase = conflicts.base ?? [];
  return [
    ...(ofBase.length === 0 ? [] : [[base.branch ?? 'base', ofBase] as const]),
    ...conflicts.sessions.map(({ id, paths }) => [id, paths] as const),
  ];
}

const STATUS_SIGN = { added: 'A', modified: 'M', deleted: 'D', 'type-changed': 'T' } as const;

function list(theme: Theme, title: string, lines: readonly string[]): readonly string[] {
  if (lines.length === 0) return [];
  const more = lines.length > SHOWN ? [theme.dim(`and ${plural(lines.length - SHOWN, 'more', 'more')}`)] : [];
  return [section(theme, title, [...lines.slice(0, SHOWN), ...more])];
}

function section(theme: Theme, title: string, lines: readonly string[]): string {
  return `${theme.heading(title)}\n${lines.map((line) => `  ${line}\n`).join('')}`;
}
