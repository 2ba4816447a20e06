import type { CatalogCode, ErrorCatalog, WtError } from '../core/errors.ts';
import { agentWords } from './agent-errors.ts';
import { firstLine, fixOf, listed, type Explanation } from './explanation.ts';
import { explainBusyLock, explainLimit, explainLowDisk } from './limits.ts';
import { explainHook, explainSetup } from './failed-commands.ts';
import { explainApproval, explainConflict, explainGate, explainMoved, explainRefusal } from './refusals.ts';
import { shellLine } from './text.ts';

/** What opens a configuration file of wt's own. */
function editorOf(file: string): readonly string[] | undefined {
  if (file.endsWith('/wt.config.jsonc')) return ['wt', 'config', 'edit'];
  return file.endsWith('/wt/config.jsonc') ? ['wt', 'config', 'edit', '--personal'] : undefined;
}

/** Words for every failure. A code without words does not compile. Pure. */
const words: { readonly [C in CatalogCode]: (details: ErrorCatalog[C]) => Explanation } = {
  // Of a session that the reason names already there is nothing more to say.
  'usage.invalid': (d) => ({ message: d.option === '<id>' ? d.reason : `${d.option}: ${d.reason}`, ...fixOf(d.fix) }),
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
  'git.failed': explainGit,
  'git.timeout': (d) => ({
    message: `${d.args[0] ?? 'git'} took longer than ${d.seconds} s and was stopped: ${shellLine(d.args)}`,
  }),
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
  'approval.required': explainApproval,
  'gate.failed': explainGate,
  'hook.failed': explainHook,
  'setup.failed': explainSetup,
  'io.failed': (d) => ({ message: ioMessage(d) }),
  'io.disk-full': (d) => ({
    message: `the disk is full${d.path === null ? '' : `: ${d.path}`}`,
    fix: ['df', '-h', '.'],
  }),
  'path.unsafe': (d) => ({ message: `${d.path} is left alone: ${d.reason}`, ...fixOf(d.fix) }),
  'confirm.required': (d) => ({ message: `a person must answer, and nobody can here: ${d.question}`, fix: d.argv }),
  'config.untrusted': (d) => ({
    message:
      d.isInside === true
        ? "trust is a person's to give, and this was called from inside a session"
        : `${d.path} brings commands along that nobody has approved`,
    lines: [
      ...listed(d.commands.map(firstLine)),
      ...(d.without === undefined ? [] : [`without them: ${shellLine(d.without)}`]),
    ],
    fix: d.isInside === true ? ['cat', d.path] : ['wt', 'trust'],
  }),
  'config.invalid': (d) => ({
    message: `${d.path}${d.line === null ? '' : `:${d.line}:${d.column ?? 1}`}: ${d.reason}`,
    ...fixOf(editorOf(d.path)),
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
  'limit.reached': explainLimit,
  'disk.low': explainLowDisk,
  'lock.busy': explainBusyLock,
  ...agentWords,
  'lock.held': (d) => ({
    message: `this runs under lock ${d.name} already, and would wait for itself`,
    unchanged: 'The command was not run.',
    fix: ['wt', 'lock', '--list'],
  }),
  interrupted: (d) => ({
    message: `interrupted by ${d.signal}`,
    unchanged: d.left ?? 'What had begun was taken back.',
    ...fixOf(d.fix),
  }),
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

/** git, or a forge's own program. A remote that wants to know who one is: wt asks nobody, so the way out is to log in first. */
function explainGit({ args, exitCode, stderr }: ErrorCatalog['git.failed']): Explanation {
  if (exitCode === 127) return { message: stderr, lines: [] };
  const [program = 'git', verb] = args;
  const message = `${program} failed (exit ${exitCode ?? 'unknown'}): ${shellLine(args)}`;
  const remote = args[args.indexOf('--') + 1];
  const isDenied =
    /could not read (?:Username|Password)|Authentication failed|Permission denied \(|Host key verification failed|terminal prompts disabled/;
  if ((verb === 'push' || verb === 'ls-remote') && remote !== undefined && isDenied.test(stderr))
    return {
      message,
      lines: [
        ...stderr.split('\n'),
        'wt asks for no password: log in first, with ssh-add, a credential helper, or "gh auth setup-git"',
      ],
      fix: ['git', 'ls-remote', '--heads', remote],
    };
  // A half-made record of a worktree: git fails until somebody takes it away.
  const isHalfMade = /worktrees\/[^\n]+\/commondir/.test(stderr);
  return { message, lines: stderr.split('\n'), ...fixOf(isHalfMade ? ['wt', 'doctor'] : undefined) };
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
