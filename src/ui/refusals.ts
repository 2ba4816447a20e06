import type { ErrorCatalog, Reason } from '../core/errors.ts';
import { fixOf, listed, SHOWN, type Explanation } from './explanation.ts';
import { few, plural, shellLine } from './text.ts';

/** One reason in a line. Exhaustive by type. Pure. */
export function reasonLine(reason: Reason): string {
  switch (reason.code) {
    case 'session.dirty': {
      const counts = [
        [reason.staged, 'staged'],
        [reason.modified, 'modified'],
        [reason.untracked, 'untracked'],
        [reason.hidden, 'hidden from git status'],
      ] as const;
      const parts = counts.filter(([n]) => n > 0).map(([n, what]) => `${n} ${what}`);
      return `uncommitted work: ${parts.join(', ')} (${few(reason.paths)})`;
    }
    case 'session.unmerged': {
      const subjects = reason.subjects.length === 0 ? '' : `: ${few(reason.subjects)}`;
      return `${plural(reason.commits, 'commit')} not in ${reason.base ?? 'any other branch'}${subjects}`;
    }
    case 'session.live':
      return `in use by ${few(reason.processes)}`;
    case 'session.locked':
      return `locked${reason.reason === '' ? '' : `: ${reason.reason}`}`;
    case 'session.operation':
      return `a ${reason.operation} is in progress`;
    case 'session.empty':
      return `it has no commits of its own that ${reason.base ?? 'its base'} has not`;
    case 'session.inside':
      return 'this command was called from inside it';
    case 'path.unsafe':
      return reason.reason;
    case 'path.mounted':
      return `${reason.mount} is a mount point`;
  }
}

export function explainRefusal({ id, verb, reasons }: ErrorCatalog['session.refused']): Explanation {
  const done = {
    remove: 'removed',
    merge: 'merged',
    commit: 'committed',
    undo: 'touched by undo',
    sync: 'brought up to date',
    push: 'pushed',
    approve: 'approved',
    pr: 'put up for review',
    setup: 'set up again',
    run: 'given an agent',
  }[verb];
  return {
    message: `session ${id} was not ${done}`,
    lines: [
      ...reasons.map(reasonLine),
      ...(verb === 'remove' && isSoft(reasons) ? ['--force removes it all the same; a copy stays in the trash'] : []),
      ...(verb === 'sync' && reasons.every(({ code }) => code === 'session.dirty')
        ? ['--include-dirty keeps a copy and brings it along']
        : []),
      ...(verb === 'undo' && isSoft(reasons)
        ? [`it has work since; wt remove ${id} --force takes it away all the same`]
        : []),
    ],
    ...fixOf(fixForReasons(id, verb, reasons)),
  };
}

/** Only what `--force` lifts. */
function isSoft(reasons: readonly Reason[]): boolean {
  return reasons.every(({ code }) => code === 'session.dirty' || code === 'session.unmerged');
}

function fixForReasons(id: string, verb: string, reasons: readonly Reason[]): readonly string[] {
  const codes = new Set(reasons.map(({ code }) => code));
  const inside = reasons.find((reason) => reason.code === 'session.inside');
  if (inside !== undefined) return ['cd', inside.root];
  if (codes.has('path.unsafe')) return ['wt', 'doctor'];
  const live = reasons.find((reason) => reason.code === 'session.live');
  if (live?.isStarted === true && verb === 'remove') return ['wt', 'remove', id, '--kill'];
  if (verb === 'undo' || !isSoft(reasons)) return ['wt', 'show', id];
  return codes.has('session.dirty') ? ['wt', 'commit', id] : ['wt', 'merge', id];
}

export function explainConflict(details: ErrorCatalog['merge.conflict']): Explanation {
  const { id, into, files, tasks, verb, isLeft, isUncommitted, isElsewhere } = details;
  const sides = files
    .slice(0, SHOWN)
    .flatMap(({ path, target, session }) => [
      path,
      ...(target === null ? [] : [`  ${into}: ${target}`]),
      ...(session === null ? [] : [`  ${id}: ${session}`]),
    ]);
  const more = files.length > SHOWN ? [`and ${files.length - SHOWN} more`] : [];
  const about = tasks.length === 0 ? [] : ['tasks:', ...tasks.map((task) => `  ${task}`)];
  if (verb === 'create')
    return {
      message: `the changes conflict with the base ${into}`,
      lines: [...sides, ...more],
      unchanged: 'Nothing was moved and no session was created.',
    };
  if (isLeft === true)
    return {
      message: `${id} still has conflicts with ${into} in ${plural(files.length, 'file')}`,
      lines: [
        ...sides,
        ...more,
        'edit them until no conflict marker is left; git add or git rm where a whole file was to be chosen',
      ],
      unchanged: 'Nothing was committed; the merge is still open.',
      fix: ['wt', 'show', id, '--conflict-brief'],
    };
  if (isUncommitted === true)
    return {
      message: `uncommitted changes of ${id} conflict with ${into} in ${plural(files.length, 'file')}`,
      lines: [...sides, ...more],
      unchanged: `${id} is as it was, its uncommitted changes too.`,
      fix: ['wt', 'commit', id],
    };
  return {
    message: `${id} conflicts with ${into} in ${plural(files.length, 'file')}`,
    lines: [...sides, ...more, ...about],
    unchanged: `${into} and ${id} are as they were.`,
    fix: ['wt', verb, id, ...(isElsewhere === true ? ['--into', into] : []), '--resolve'],
  };
}

export function explainMoved({
  target,
  reason,
  id,
  byHand,
  fix,
  commits = [],
}: ErrorCatalog['target.moved']): Explanation {
  switch (reason) {
    case 'raced':
      return { message: `${target} or the session moved at the same moment`, fix: fix ?? ['wt', 'merge', id] };
    case 'not-fast-forward':
      return {
        message: `${target} has commits that ${id} has not, so it cannot be fast-forwarded`,
        fix: ['wt', 'merge', id, '--strategy', 'merge'],
      };
    case 'remote':
      return {
        message: `${target} has commits that ${id} never had, and a push would drop them`,
        lines: listed(commits),
        unchanged: 'Nothing was pushed.',
        ...fixOf(fix),
      };
    case 'since':
    case 'pushed':
      return {
        message:
          reason === 'since'
            ? `${target} has moved on since, so this is not taken back: it would take back more`
            : `${target} has been pushed since, so it is not moved back: others may have built on it`,
        ...(fix === undefined ? {} : { lines: [inHand(byHand)] }),
        ...fixOf(fix),
      };
  }
}

function inHand(byHand: readonly string[] | undefined): string {
  return byHand === undefined
    ? 'by hand, as a change of its own:'
    : `by hand, as a change of its own: ${shellLine(byHand)}, in a new session:`;
}

/** What `wt merge` misses of a person's word. */
export function explainApproval({ id, reason, commit }: ErrorCatalog['approval.required']): Explanation {
  const short = commit.slice(0, 7);
  const messages = {
    missing: `${id} has not been approved, and this repository lands only what a person has approved`,
    stale: `${id} has changed since it was approved: ${short} is new`,
    inside: "an approval is a person's word, and this was called from inside a session",
  };
  return { message: messages[reason], fix: reason === 'inside' ? ['wt', 'show', id] : ['wt', 'approve', id] };
}

/** A red gate: what ran, how it ended, the end of what it printed. */
export function explainGate(d: ErrorCatalog['gate.failed']): Explanation {
  return {
    message:
      d.isSetup === true
        ? `the gate worktree cannot be made ready for ${d.id} (${howEnded(d)}): ${d.command}`
        : `${d.id} on top of ${d.into} does not pass the gate (${howEnded(d)}): ${d.command}`,
    lines: [`log  ${d.log}`],
    unchanged: `${d.into} and ${d.id} are as they were.`,
    fix: ['wt', 'show', d.id],
  };
}

function howEnded({ exitCode, timedOut }: ErrorCatalog['gate.failed']): string {
  return timedOut === true ? 'it took too long' : `exit ${exitCode}`;
}
