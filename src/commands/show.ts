import * as z from 'zod';
import { defineCommand } from '../cli/define.ts';
import { sessionArg } from '../cli/params.ts';
import { FileChange } from '../git/diff.ts';
import { Event } from '../registry/events.ts';
import { openRepo } from '../sessions/open.ts';
import { showSession, type ShowOutcome } from '../sessions/show.ts';
import { SessionView } from '../sessions/view.ts';
import { changesText, conflictsText, distanceWords, paintStatus, TREE_WORDS } from '../ui/session.ts';
import { age, bytes, few, plural, safe, shellLine, truncate, wrap } from '../ui/text.ts';
import type { Look, Theme } from '../ui/theme.ts';

const SHOWN = 10;

export default defineCommand({
  description:
    'Task, state, commits, files, conflicts with the base and with other sessions, events, size on disk, and the next step.',
  args: { id: sessionArg },
  options: {},
  examples: ['wt show fix-login', 'wt show fix-login --json'],
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
  }),

  async run({ deps, busy }, { id }) {
    const repo = await openRepo(deps);
    return busy('reading the session', () => showSession(repo, id));
  },

  human: (outcome, look) => describe(outcome, look),
  json: ({ session, commits, files, uncommitted, events, sizeBytes, next }) => ({
    session,
    commits: commits.map(({ commit, subject, author, committedAt }) => ({ commit, subject, author, committedAt })),
    files: [...files],
    uncommitted: [...uncommitted],
    events: [...events],
    sizeBytes,
    next: [...next],
  }),
});

function describe(outcome: ShowOutcome, look: Look): string {
  const { theme } = look;
  const { session, sizeBytes, next } = outcome;
  const width = look.isTerminal ? look.width : Number.MAX_SAFE_INTEGER;
  const facts: readonly (readonly [string, string])[] = [
    [
      'status',
      `${paintStatus(session.status, session.status, theme)}${session.proof === undefined || session.proof === 'empty' ? '' : theme.dim(`  ${session.proof}`)}${session.tree === 'ok' ? '' : theme.bad(`  ${TREE_WORDS[session.tree]}`)}`,
    ],
    ['branch', `${safe(session.branch)}  ${theme.dim(distanceWords(session))}`],
    [
      'base',
      `${safe(session.base.branch ?? 'a bare commit')} ${theme.dim(`cut at ${session.base.commit.slice(0, 7)}`)}`,
    ],
    ['folder', theme.path(truncate(session.path, Math.max(20, width - 10), 'middle'))],
    ['agent', session.agent === null ? '' : safe(session.agent)],
    ['created', `${age(session.createdAt, look.now)} ago`],
    ['size', sizeBytes === null ? '' : bytes(sizeBytes)],
    ['owns', safe((session.owns ?? []).join('  '))],
    ['after', safe((session.after ?? []).join('  '))],
    ['changes', changesText(session)],
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
      files.map(({ path, status, added, deleted }) =>
        truncate(
          `${STATUS_SIGN[status]} ${safe(path)}  ${theme.good(`+${added ?? 'binary'}`)} ${theme.bad(`-${deleted ?? 'binary'}`)}`,
          width - 2,
        ),
      ),
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
    ...list(
      theme,
      'Events',
      events
        .filter(({ event }) => !event.endsWith('.before'))
        .map(
          ({ at, event, by }) =>
            `${theme.dim(`${age(at, look.now)} ago`.padEnd(10))}${safe(event)}  ${theme.dim(`by ${by}`)}`,
        ),
    ),
  ];
}

function taskSection({ task }: SessionView, theme: Theme, width: number): readonly string[] {
  if (task === null) return [];
  const lines = safe(task).split('\n');
  return [
    section(
      theme,
      'Task',
      lines.flatMap((line) => wrap(line, Math.min(width - 4, 100))),
    ),
  ];
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
