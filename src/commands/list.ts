import * as z from 'zod';
import { defineCommand, type Context } from '../cli/define.ts';
import { canDraft, draftWhile } from '../cli/draft.ts';
import { showLive, type Live } from '../cli/live.ts';
import { flag } from '../cli/params.ts';
import { WtError } from '../core/errors.ts';
import { noticesBetween } from '../agents/notify.ts';
import { listSessions, type ListOutcome, type ListRequest } from '../sessions/list.ts';
import { loadNotifySettings } from '../sessions/notify.ts';
import { openRepo } from '../sessions/open.ts';
import { keepLastList } from '../sessions/last-list.ts';
import type { Repo } from '../sessions/repo.ts';
import { Sighting } from '../sessions/sight.ts';
import { STATUSES } from '../sessions/status.ts';
import { SessionView } from '../sessions/view.ts';
import { changesBetween, watchSessions, type SessionChange } from '../sessions/watch.ts';
import { createDraftFrames, lastShown } from '../ui/draft.ts';
import { bellFor } from '../ui/notice.ts';
import type { Size } from '../ui/paint.ts';
import { countLine, listColumns, pipeColumnsWith } from '../ui/session.ts';
import { renderTable } from '../ui/table.ts';
import { age, plural, safeJson, truncate } from '../ui/text.ts';
import type { Look } from '../ui/theme.ts';

interface Outcome extends ListOutcome {
  readonly withConflicts: boolean;
  readonly isFiltered: boolean;
}

const Removed = z.object({
  id: z.string(),
  trash: z.string(),
  branch: z.string(),
  removedAt: z.string(),
  proof: z.string().nullable(),
});

export default defineCommand({
  description:
    'Reads the true state of every session from git: staged + modified ~ untracked ? conflicted !, commits ahead ↑ and behind ↓ its base. On a terminal what is known without git is there at once when the rest takes its time, with · for what is still being read. Off a terminal one tab-separated line a session. With --watch on a terminal a live view, ? shows its keys; off one every session that changes is a line again, its status "removed" when it has gone, and with --json each change is one JSON line {schema, at, change, session}, change being listed, added, changed or removed.',
  args: {},
  options: {
    all: flag('--all', 'Also sessions that have landed, and those in the trash'),
    conflicts: flag('--conflicts', 'Also which sessions conflict with their base and with each other'),
    status: {
      flags: '--status <status>',
      help: `Only sessions of that status: ${STATUSES.join(', ')}`,
      schema: z.enum(STATUSES, `one of ${STATUSES.join(', ')}`).optional(),
    },
    watch: flag('--watch', 'Go on showing them as they change, until interrupted'),
    agent: { flags: '--agent <name>', help: 'Only sessions of that agent', schema: z.string().optional() },
  },
  examples: [
    'wt list',
    'wt list --conflicts',
    'wt list --watch',
    'wt list --status ready --json',
    'wt list --watch --json',
    'wt list | cut -f1',
  ],
  mutates: false,
  data: z.object({
    sessions: z.array(SessionView),
    unmanaged: z.array(z.object({ path: z.string(), branch: z.string().nullable(), locked: z.string().nullable() })),
    removed: z.array(Removed).optional(),
  }),

  async run(context, input): Promise<Outcome | undefined> {
    const repo = await openRepo(context.deps);
    if (input.watch) return watch(context, repo, input);
    const outcome = await read(context, repo, input);
    return {
      ...outcome,
      withConflicts: input.conflicts,
      isFiltered: input.status !== undefined || input.agent !== undefined,
    };
  },

  human: (outcome, look) =>
    outcome === undefined
      ? ''
      : look.isTerminal
        ? forPeople(outcome, look)
        : renderTable(pipeColumnsWith(outcome.withConflicts), outcome.sessions, look),
  json: (outcome) => (outcome === undefined ? undefined : forPrograms(outcome)),
});

function forPrograms({ sessions, unmanaged, removed }: Outcome) {
  return {
    sessions: [...sessions],
    unmanaged: [...unmanaged],
    ...(removed === undefined
      ? {}
      : {
          removed: removed.map(({ id, op, branch, at, proof }) => ({
            id,
            trash: op,
            branch: branch.name,
            removedAt: at,
            proof,
          })),
        }),
  };
}

/** On a terminal what is known at once is drawn, and filled in, when the rest takes its time. */
async function read(context: Context, repo: Repo, request: ListRequest): Promise<ListOutcome> {
  if (!canDraft(context)) return context.busy('reading sessions', () => listSessions(repo, request));
  const sighting = new Sighting(repo, request);
  const frames = createDraftFrames(request, context.look);
  const picture = { begin: () => sighting.begin(), lines: ({ rows }: Size) => frames(sighting.rows(), rows) };
  const outcome = await draftWhile(context, picture, (onChange) => {
    sighting.onChange = onChange;
    return listSessions(repo, request, sighting);
  });
  const shown = (sighting.views ?? []).map((view) => lastShown(view, outcome.proven, request, context.look));
  void keepLastList(repo, shown); // the answer does not wait for it
  return outcome;
}

/** Live on a terminal that can be drawn on; elsewhere what changes, line by line. Ends when the person quits or nobody reads on. */
async function watch(context: Context, repo: Repo, request: ListRequest): Promise<undefined> {
  const { deps, look, globals } = context;
  if (deps.terminal !== undefined && !globals.json && deps.env['TERM'] !== 'dumb') {
    const settings = await loadNotifySettings(repo);
    let before: readonly SessionView[] | undefined;
    const live: Live = {
      withConflicts: request.conflicts,
      watch: (onChange) =>
        watchSessions(repo, request, (outcome) => {
          const notices = noticesBetween(before, outcome.all);
          before = outcome.all;
          onChange(outcome, bellFor(notices, settings, deps.env));
        }),
    };
    await showLive(deps, deps.terminal, live, look);
    return undefined;
  }
  let before: readonly SessionView[] | undefined;
  const watching = watchSessions(repo, request, ({ sessions }) => {
    const at = deps.clock.now().toISOString();
    for (const change of changesBetween(before, sessions))
      context.emit(globals.json ? `${safeJson({ schema: 1, at, ...change })}\n` : changeLine(change, request, look));
    before = sessions;
  });
  deps.io.readerGone?.addEventListener('abort', () => watching.close(), { once: true });
  await watching.done.catch((error: unknown) => {
    if (!WtError.is(error, 'interrupted') || deps.signal.reason !== 'SIGINT') throw error; // Ctrl-C is the way to end it
  });
  return undefined;
}

/** A line as `wt list` prints it off a terminal. */
function changeLine({ change, session }: SessionChange, { conflicts }: ListRequest, look: Look): string {
  const columns = pipeColumnsWith(conflicts).map((column) =>
    column.header === 'status' && change === 'removed' ? { ...column, value: () => 'removed' } : column,
  );
  return renderTable(columns, [session], { ...look, isTerminal: false });
}

function forPeople(outcome: Outcome, look: Look): string {
  const { sessions, hidden, proven, unmanaged, removed, withConflicts, isFiltered } = outcome;
  const { theme } = look;
  const parts: string[] = [];
  if (sessions.length > 0)
    parts.push(
      renderTable(listColumns(look, withConflicts, proven), sessions, look) +
        footer(outcome, look.width)
          .split('\n')
          .map((line) => `${theme.dim(line)}\n`)
          .join(''),
    );
  else if (hidden > 0)
    parts.push(
      `${plural(hidden, 'session')}, all landed.  ${theme.command('wt clean')} ${theme.dim('removes them,')} ${theme.command('wt list --all')} ${theme.dim('shows them')}\n`,
    );
  else
    parts.push(
      isFiltered
        ? 'No such session.\n'
        : `No sessions yet.  ${theme.command('wt create <id>')} ${theme.dim('makes one')}\n`,
    );
  if (unmanaged.length > 0) {
    const rows = unmanaged.map(
      ({ path, branch, locked }) =>
        `  ${theme.path(truncate(path, Math.max(20, look.width - 30), 'middle'))}  ${theme.dim(branch ?? 'detached')}${locked === null ? '' : theme.dim('  locked')}\n`,
    );
    parts.push(
      `${theme.heading('Other worktrees')}  ${theme.dim('wt adopt <path> makes one a session')}\n${rows.join('')}`,
    );
  }
  if (removed !== undefined && removed.length > 0) {
    const rows = removed.map(
      (meta) =>
        `  ${theme.name(meta.id)}  ${theme.dim(`${age(meta.at, look.now)} ago  branch ${meta.branch.name}  ${meta.op}`)}\n`,
    );
    parts.push(`${theme.heading('In the trash')}\n${rows.join('')}`);
  }
  return parts.join('\n');
}

/** Counts on one line, what is not shown on another. */
function footer({ sessions, hidden }: Outcome, width: number): string {
  const lines = [countLine(sessions), ...(hidden === 0 ? [] : [`${hidden} landed not shown (wt list --all)`])];
  return lines.map((line) => truncate(line, width)).join('\n');
}
