import type { CatalogCode, ErrorCatalog, Reason, WtError } from '../core/errors.ts';
import type { Proof } from '../landing/proof.ts';
import { few, plural, shellLine } from './text.ts';

/** A failure in words: what happened, the particulars, what was left as it was, the next command. */
export interface Explanation {
  readonly message: string;
  readonly lines?: readonly string[];
  /** What was not changed; default "Nothing was changed." */
  readonly unchanged?: string;
  readonly fix?: readonly string[];
}

const SHOWN = 10;

/** Words for every failure. A code without words does not compile. Pure. */
const words: { readonly [C in CatalogCode]: (details: ErrorCatalog[C]) => Explanation } = {
  'usage.invalid': (d) => ({ message: `${d.option}: ${d.reason}`, ...fixOf(d.fix) }),
  'id.invalid': (d) => ({
    message: `"${d.id}" cannot be a session id: ${d.reason}`,
    ...(d.proposal === null
      ? {}
      : { lines: [`a valid one close to it: ${d.proposal}`], fix: d.fix ?? ['wt', 'create', d.proposal] }),
  }),
  'repo.not-found': (d) => ({
    message: REPO_REASONS[d.reason](d),
    ...(d.reason === 'ownership' && d.detail !== undefined ? { lines: d.detail.split('\n') } : {}),
  }),
  'repo.no-commits': (d) => ({
    message: `${d.root} has no commit yet, so there is nothing to cut a session from`,
    fix: ['git', '-C', d.root, 'commit', '--allow-empty', '-m', 'first commit'],
  }),
  'git.too-old': (d) => ({
    message: `git ${d.found} is too old: wt needs git ${d.needed} or newer`,
    fix: ['git', '--version'],
  }),
  'git.failed': (d) => ({
    message: d.exitCode === 127 ? d.stderr : `git failed (exit ${d.exitCode ?? 'unknown'}): ${shellLine(d.args)}`,
    lines: d.exitCode === 127 ? [] : d.stderr.split('\n'),
    // A half-made record of a worktree: git fails until somebody takes it away.
    ...(/worktrees\/[^\n]+\/commondir/.test(d.stderr) ? { fix: ['wt', 'doctor'] } : {}),
  }),
  'git.timeout': (d) => ({ message: `git took longer than ${d.seconds} s and was stopped: ${shellLine(d.args)}` }),
  'session.not-found': (d) => ({
    message: `there is no session "${d.id}"${d.place === 'trash' ? ' in the trash' : ''}`,
    lines: [
      ...(d.isGone === true ? ['it has left the trash for good, so what took it away cannot be taken back'] : []),
      ...(d.near.length === 0 ? [] : [`near: ${d.near.join(', ')}`]),
      ...(d.trash === null ? [] : [`one of that id lies in the trash: ${d.trash}`]),
    ],
    fix: fixForMissing(d),
  }),
  'session.exists': (d) => ({
    message: `session ${d.id} exists already`,
    lines: [`worktree  ${d.path}`, `branch    ${d.branch}`],
    fix: d.fix ?? ['wt', 'show', d.id],
  }),
  'branch.exists': explainBranch,
  'branch.checked-out': (d) => ({
    message: `branch ${d.branch} is checked out already, and git lets one worktree have a branch`,
    lines: [
      d.holder === null ? `worktree  ${d.path}` : `session   ${d.holder}`,
      ...(d.holder === null ? [] : [`worktree  ${d.path}`]),
    ],
    fix: d.fix ?? (d.holder === null ? ['git', '-C', d.path, 'status'] : ['wt', 'show', d.holder]),
  }),
  'branch.invalid': (d) => ({ message: `"${d.branch}" cannot be a branch name: ${d.reason}` }),
  'path.exists': (d) => ({
    message: `${d.path} is taken by ${d.what}`,
    lines: ['wt never deletes or writes into what it did not make'],
    fix: d.fix ?? fixForOccupant(d),
  }),
  'base.not-found': (d) => ({
    message: `there is no branch, tag or commit "${d.base}"`,
    ...(d.near.length === 0 ? {} : { lines: [`near: ${d.near.join(', ')}`] }),
    fix: ['git', 'branch', '--all'],
  }),
  'session.refused': explainRefusal,
  'merge.conflict': explainConflict,
  'target.dirty': (d) =>
    d.operation === null
      ? {
          message: `${d.target} is checked out in ${d.path} with uncommitted changes that this would write over`,
          lines: listed(d.paths),
          fix: ['git', '-C', d.path, 'status'],
        }
      : {
          message: `${d.target} cannot move now: a ${d.operation} is in progress in ${d.path}`,
          fix: ['git', '-C', d.path, 'status'],
        },
  'target.moved': explainMoved,
  'hook.failed': (d) => ({
    message: `a hook of the repository refused the commit (${d.hook})`,
    lines: d.output.split('\n').slice(-20),
    unchanged: 'Nothing was committed and the index is as it was.',
    fix: ['wt', 'diff', d.id],
  }),
  'io.failed': (d) => ({ message: ioMessage(d) }),
  'io.disk-full': (d) => ({
    message: `the disk is full${d.path === null ? '' : `: ${d.path}`}`,
    fix: ['df', '-h', '.'],
  }),
  'path.unsafe': (d) => ({ message: `${d.path} is left alone: ${d.reason}`, ...fixOf(d.fix) }),
  'confirm.required': (d) => ({ message: `a person must answer, and nobody can here: ${d.question}`, fix: d.argv }),
  'config.invalid': (d) => ({
    message: `${d.path}${d.line === null ? '' : `:${d.line}:${d.column ?? 1}`}: ${d.reason}`,
  }),
  'registry.damaged': (d) => ({ message: `${d.path} is not used: ${d.reason}`, fix: ['ls', '-la', d.path] }),
  'registry.busy': (d) => ({
    message: `another wt command is at work: ${d.holder}`,
    lines: [`waited ${Math.round(d.waitedMs / 1000)} s; WT_LOCK_TIMEOUT=<seconds> waits longer`],
  }),
  'registry.too-new': (d) => ({
    message: `${d.path} was written by a newer wt (version ${d.found}; this one knows ${d.known})`,
    fix: ['npm', 'install', '--global', 'wt-sessions@latest'],
  }),
  interrupted: (d) => ({ message: `interrupted by ${d.signal}`, unchanged: 'What had begun was taken back.' }),
  internal: (d) => ({
    message: `a bug in wt: ${d.message}`,
    unchanged: 'Run it again with --verbose and report what it prints.',
  }),
};

const REPO_REASONS: Readonly<
  Record<ErrorCatalog['repo.not-found']['reason'], (d: ErrorCatalog['repo.not-found']) => string>
> = {
  outside: (d) => `${d.cwd} is not inside a git repository; cd into one, or name it with -C <dir>`,
  gone: (d) => `the folder ${d.cwd} does not exist (any more)`,
  ownership: () => 'git does not trust this repository: somebody else owns it',
  'no-main': (d) =>
    `the main worktree of ${d.detail ?? d.cwd} cannot be found from here; run wt inside the main worktree`,
  embedded: (d) =>
    `${d.detail ?? d.cwd} is a bare repository inside another repository's files, and those are not worked in`,
};

/** The words for an error. */
export function explain(error: WtError): Explanation {
  return (words[error.kind] as (details: unknown) => Explanation)(error.details);
}

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
    case 'session.inside':
      return 'this command was called from inside it';
    case 'path.unsafe':
      return reason.reason;
    case 'path.mounted':
      return `${reason.mount} is a mount point`;
  }
}

function explainRefusal({ id, verb, reasons }: ErrorCatalog['session.refused']): Explanation {
  const done = { remove: 'removed', merge: 'merged', commit: 'committed', undo: 'touched by undo' }[verb];
  return {
    message: `session ${id} was not ${done}`,
    lines: [
      ...reasons.map(reasonLine),
      ...(verb === 'remove' && isSoft(reasons) ? ['--force removes it all the same; a copy stays in the trash'] : []),
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

function explainConflict({ id, into, files, tasks, verb }: ErrorCatalog['merge.conflict']): Explanation {
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
  return {
    message: `${id} conflicts with ${into} in ${plural(files.length, 'file')}`,
    lines: [...sides, ...more, ...about],
    unchanged: `${into} and ${id} are as they were.`,
    fix: ['wt', 'exec', id, '--', 'git', 'merge', into],
  };
}

function explainMoved({ target, reason, id, byHand, fix }: ErrorCatalog['target.moved']): Explanation {
  switch (reason) {
    case 'raced':
      return { message: `${target} or the session moved at the same moment`, fix: ['wt', 'merge', id] };
    case 'not-fast-forward':
      return {
        message: `${target} has commits that ${id} has not, so it cannot be fast-forwarded`,
        fix: ['wt', 'merge', id, '--strategy', 'merge'],
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

function fixForMissing({ id, trash, place, isGone }: ErrorCatalog['session.not-found']): readonly string[] {
  if (isGone === true) return ['wt', 'undo', '--list'];
  if (place === 'trash') return ['wt', 'restore', '--list'];
  return trash === null ? ['wt', 'list'] : ['wt', 'restore', id];
}

function fixForOccupant({ path, what, adoptable }: ErrorCatalog['path.exists']): readonly string[] {
  if (adoptable) return ['wt', 'adopt', path];
  return what === 'an empty folder' ? ['rmdir', path] : ['ls', '-la', path];
}

function explainBranch({ id, branch, holder, blocks, fix }: ErrorCatalog['branch.exists']): Explanation {
  if (fix !== undefined) return { message: `branch ${branch} is taken by now`, fix };
  if (blocks !== null)
    return {
      message: `branch ${branch} cannot be made beside branch ${blocks}: git keeps one as a folder of the other`,
      fix: ['wt', 'create', id, '--branch', `wt-${id}`],
    };
  if (holder !== null) return { message: `branch ${branch} belongs to session ${holder}`, fix: ['wt', 'show', holder] };
  return {
    message: `branch ${branch} exists already`,
    lines: ['to work on it, name it'],
    fix: ['wt', 'create', id, '--branch', branch],
  };
}

function ioMessage({ errno, path, message }: ErrorCatalog['io.failed']): string {
  const where = path === null ? '' : `: ${path}`;
  switch (errno) {
    case 'EACCES':
    case 'EPERM':
      return `permission denied${where}`;
    case 'EROFS':
      return `the file system is read-only${where}`;
    case 'EXDEV':
      return `the trash lies on another file system, and wt moves by renaming only${where}`;
    case 'EMFILE':
    case 'ENFILE':
      return 'too many open files; raise the limit (ulimit -n)';
    default:
      return `${message}${message.includes(path ?? '\0') ? '' : where}`;
  }
}

function listed(paths: readonly string[]): readonly string[] {
  return paths.length <= SHOWN ? paths : [...paths.slice(0, SHOWN), `and ${paths.length - SHOWN} more`];
}

function fixOf(fix: readonly string[] | undefined): { fix?: readonly string[] } {
  return fix === undefined ? {} : { fix };
}

/** A proof in words. Exhaustive by type. */
export function proofWords(proof: Proof, base: string | null): string {
  const it = base ?? 'its base';
  const proofs: Readonly<Record<Proof, string>> = {
    'same-commit': `${it} is at the same commit`,
    ancestor: `${it} has its commits`,
    'no-added-changes': 'its commits cancel each other out',
    'trees-match': `${it} has the same files`,
    'merge-adds-nothing': `${it} has its changes`,
    'patch-id': `${it} has the same patches`,
    empty: 'it has no commits',
  };
  return proofs[proof];
}
