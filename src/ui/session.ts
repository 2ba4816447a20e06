import { lastWork } from '../core/time.ts';
import type { AnyEvidence } from '../sessions/forge-proof.ts';
import type { PortChange } from '../sessions/ports.ts';
import type { SessionStatus } from '../sessions/status.ts';
import type { SessionView, SpokenWord } from '../sessions/view.ts';
import type { Evidence } from '../landing/proof/proof.ts';
import { agentWords, paintAgent, shortAgentWords } from './agent.ts';
import type { Column } from './table.ts';
import { age, plural, safeLine } from './text.ts';
import type { Look, Theme } from './theme.ts';

/** How a session is shown: in the list and in `show`. */
export function paintStatus(text: string, status: SessionStatus, theme: Theme): string {
  switch (status) {
    case 'conflict':
    case 'broken':
    case 'failed':
      return theme.bad(text);
    case 'waiting':
    case 'dirty':
    case 'busy':
      return theme.attention(text);
    case 'ready':
    case 'done':
    case 'approved':
      return theme.good(text);
    case 'landed':
    case 'new':
      return theme.dim(text);
    case 'working':
      return theme.path(text);
  }
}

/** Uncommitted work as git's short status marks it: "+2 ~1 ?3", "!" for conflicts. */
export function changesText({ changes, operation }: Pick<SessionView, 'changes' | 'operation'>): string {
  const parts =
    changes === null
      ? []
      : [
          mark('!', changes.conflicted),
          mark('+', changes.staged),
          mark('~', changes.modified),
          mark('?', changes.untracked),
        ];
  return [...parts, operation ?? ''].filter((part) => part !== '').join(' ');
}

function mark(sign: string, count: number): string {
  return count === 0 ? '' : `${sign}${count}`;
}

export function distanceText({ ahead, behind }: Pick<SessionView, 'ahead' | 'behind'>): string {
  return [mark('↑', ahead ?? 0), mark('↓', behind ?? 0)].filter((part) => part !== '').join(' ');
}

export function distanceWords({ ahead, behind, base }: Pick<SessionView, 'ahead' | 'behind' | 'base'>): string {
  const parts = [...(ahead ? [`${ahead} ahead`] : []), ...(behind ? [`${behind} behind`] : [])];
  const how = parts.length === 0 ? 'level with' : `${parts.join(', ')}${behind ? '' : ' of'}`;
  return `${how} ${base.branch ?? base.commit.slice(0, 7)}`;
}

export function conflictsText({ conflicts }: Pick<SessionView, 'conflicts'>): string {
  if (conflicts === undefined) return '';
  const base = conflicts.base === null ? ['base?'] : conflicts.base.length > 0 ? ['base'] : [];
  return [...base, ...conflicts.sessions.map(({ id }) => id)].join(' ');
}

/** What a session was told to keep to, a line each. */
export function declaredLines(
  {
    owns,
    after,
    ports,
  }: { readonly owns?: readonly string[]; readonly after?: readonly string[]; readonly ports?: SessionView['ports'] },
  { theme }: Look,
): string {
  const line = (label: string, list: readonly string[] = []): string =>
    list.length === 0 ? '' : `  ${theme.dim(label)} ${safeLine(list.join('  '))}\n`;
  const leased = portsText(ports);
  return line('owns', owns) + line('lands after', after) + line('ports', leased === '' ? [] : [leased]);
}

/** A port that somebody else has taken while the session was away. */
export function portChangeWords({ name, before, after }: PortChange): string {
  if (after === null)
    return `its port ${name}, ${before}, was taken meanwhile, and no other is left in the range of "ports"`;
  return `its port ${name} is ${after} now: ${before} was taken meanwhile, so what names it has to be written again`;
}

/** "web 20010  db 20011"; empty without any. */
export function portsText(ports: SessionView['ports']): string {
  return Object.entries(ports ?? {})
    .map(([name, port]) => `${name} ${port}`)
    .join('  ');
}

function about(view: SessionView, now: Date, evidence: Evidence | undefined): string {
  if (view.tree !== 'ok') return TREE_WORDS[view.tree];
  const landed = view.status === 'landed' && evidence !== undefined ? proofWords(evidence, view.base.branch) : '';
  const isUnready = view.status === 'broken' || view.setup?.state === 'running';
  const setup = isUnready ? `set-up ${setupWords(view)}` : '';
  const words = [setup, landed, approvalWords(view, now), doneWords(view, now), gateWords(view, now), titleOf(view)];
  return words.filter((part) => part !== '').join(' · ');
}

/** What it is about: its task, else its last commit. */
export function titleOf({ task, head, ahead }: Pick<SessionView, 'task' | 'head' | 'ahead'>): string {
  if (task !== null) return task.split('\n')[0] ?? '';
  return (ahead ?? 0) > 0 ? (head?.subject ?? '') : '';
}

/** "approved 2m ago by user", "approved, but 1 commit since"; empty without an approval. */
export function approvalWords({ approved }: Pick<SessionView, 'approved'>, now: Date): string {
  return approved === undefined ? '' : spokenWords('approved', approved, now);
}

/** "gate green 2m ago"; with a note when other files would land by now. */
function gateWords({ gate }: Pick<SessionView, 'gate'>, now: Date): string {
  if (gate === undefined) return '';
  return `gate ${gate.passed ? 'green' : 'red'} ${age(gate.at, now)} ago${gate.isStale ? ', before the last changes' : ''}`;
}

/** "failed (exit 1): npm ci; wt setup fix-login runs it again"; empty when all is well. */
export function setupWords({ id, setup }: Pick<SessionView, 'id' | 'setup'>): string {
  if (setup?.state === 'running') return 'is running';
  if (setup?.state === 'skipped') return `skipped; wt setup ${id} runs it`;
  if (setup?.state !== 'failed') return '';
  const why = setup.reason === undefined ? '' : ` (${setup.reason})`;
  return `failed${why}${setup.step === undefined ? '' : `: ${setup.step}`}; wt setup ${id} runs it again`;
}

/** The same of the agent's own word; its summary, when it has one, in one line. */
export function doneWords({ done }: Pick<SessionView, 'done'>, now: Date): string {
  if (done === undefined) return '';
  const summary = done.summary === null ? '' : `: ${done.summary.trim().split('\n')[0] ?? ''}`;
  return `${spokenWords(done.failed ? 'failed' : 'done', done, now)}${summary}`;
}

function spokenWords(word: string, { at, by, isStale, since }: SpokenWord, now: Date): string {
  if (!isStale) return `${word} ${age(at, now)} ago by ${by}`;
  return `${word}, but ${since === null ? 'its commits were rewritten' : plural(since, 'commit')} since`;
}

export const TREE_WORDS: Readonly<Record<SessionView['tree'], string>> = {
  ok: '',
  missing: 'its folder is gone; its branch is kept',
  foreign: 'something else lies where its worktree was',
  unregistered: 'git has lost its record of the worktree',
  switched: 'another branch is checked out there',
  'branch-missing': 'its branch is gone',
  unreadable: 'git cannot read its worktree',
};

/** From here on there is room for who says it. */
const WIDE = 110;

function agentText({ agent, agentStatus }: SessionView, { width, now }: Look): string {
  if (agentStatus === undefined) return agent ?? '';
  return width < WIDE ? shortAgentWords(agentStatus, now) : agentWords(agentStatus, now);
}

/** Columns for people; what does not fit is dropped from the highest number on. */
export function listColumns(
  look: Look,
  withConflicts: boolean,
  proven: ReadonlyMap<string, Evidence> = new Map(),
): readonly Column<SessionView>[] {
  return [
    {
      header: 'ID',
      value: (view) => view.id,
      max: 32,
      paint: (text, _, theme) => theme.name(text),
      min: look.width < 40 ? 8 : 12,
    },
    {
      header: 'STATUS',
      value: (view) => view.status,
      paint: (text, view, theme) => paintStatus(text, view.status, theme),
    },
    { header: 'CHANGES', value: changesText, paint: (text, _, theme) => theme.attention(text), drop: 1 },
    {
      header: 'BASE',
      value: (view) => view.base.branch ?? view.base.commit.slice(0, 7),
      min: 6,
      paint: (text, _, theme) => theme.dim(text),
      drop: 5,
    },
    { header: '±', value: distanceText, drop: 1 },
    ...(withConflicts
      ? [
          {
            header: 'CONFLICTS WITH',
            value: conflictsText,
            min: 14,
            drop: 1,
            paint: (text: string, _: SessionView, theme: Theme) => theme.bad(text),
          },
        ]
      : []),
    {
      header: 'AGENT',
      value: (view) => agentText(view, look),
      paint: paintAgent,
      min: look.width < WIDE ? 28 : 42,
      drop: 2,
    },
    {
      header: 'AGE',
      value: (view) => age(lastWork(view), look.now),
      drop: 4,
      paint: (text, _, theme) => theme.dim(text),
    },
    {
      header: 'TASK',
      value: (view) => about(view, look.now, proven.get(view.id)),
      min: 12,
      drop: 3,
    },
  ];
}

/** Columns for programs: one line a session, tab-separated, every value whole, the order fixed. */
const pipeColumns: readonly Column<SessionView>[] = [
  { header: 'id', value: (view) => view.id },
  { header: 'status', value: (view) => view.status },
  { header: 'branch', value: (view) => view.branch },
  { header: 'base', value: (view) => view.base.branch ?? view.base.commit },
  { header: 'ahead', value: (view) => String(view.ahead ?? '') },
  { header: 'behind', value: (view) => String(view.behind ?? '') },
  { header: 'changes', value: changesText },
  { header: 'agent', value: (view) => view.agent ?? '' },
  { header: 'path', value: (view) => view.path },
  { header: 'task', value: (view) => view.task ?? '' },
];

/** With the conflicts behind, when they were asked for. */
export function pipeColumnsWith(withConflicts: boolean): readonly Column<SessionView>[] {
  return withConflicts ? [...pipeColumns, { header: 'conflicts', value: conflictsText }] : pipeColumns;
}

/** Counts of a listing in one line: "3 sessions: 1 conflict, 2 ready". */
export function countLine(views: readonly SessionView[]): string {
  const counts = new Map<SessionStatus, number>();
  for (const { status } of views) counts.set(status, (counts.get(status) ?? 0) + 1);
  return `${plural(views.length, 'session')}: ${[...counts].map(([status, n]) => `${n} ${status}`).join(', ')}`;
}

/** A proof in words: what has the session's work. Exhaustive by type. */
export function proofWords(evidence: AnyEvidence, base: string | null): string {
  if (evidence.proof === 'pull-request') return `merged as pull request #${evidence.number}`;
  const { proof, on, as } = evidence;
  const it = on === null ? (base ?? 'its base') : safeLine(on.replace(/^refs\/(?:heads|remotes)\//, ''));
  const commit = as === null ? '' : ` as ${as.slice(0, 7)}`;
  const proofs: Readonly<Record<Evidence['proof'], string>> = {
    'same-commit': `${it} is at the same commit`,
    ancestor: `${it} has its commits`,
    'no-added-changes': 'its commits cancel each other out',
    'trees-match': `${it} has the same files`,
    'merge-adds-nothing': `${it} has its changes${commit}`,
    'patch-id': `${it} has the same patches${commit}`,
    empty: 'it has no commits',
  };
  return proofs[proof];
}
