import type { ErrorCode } from './errors.ts';

/** The exit codes of the contract. */
export const EXIT = {
  ok: 0,
  internal: 1,
  usage: 2,
  notFound: 3,
  refused: 4,
  failed: 5,
  conflict: 6,
  check: 7,
  person: 8,
  busy: 9,
  interrupted: 130,
} as const;

/** Exit code of every error code. A code without a number does not compile. */
export const exitCodeOf: Readonly<Record<ErrorCode, number>> = {
  'usage.invalid': EXIT.usage,
  'id.invalid': EXIT.usage,
  'branch.invalid': EXIT.usage,
  'config.invalid': EXIT.usage,
  'repo.not-found': EXIT.notFound,
  'repo.no-commits': EXIT.notFound,
  'git.too-old': EXIT.notFound,
  'session.not-found': EXIT.notFound,
  'base.not-found': EXIT.notFound,
  'session.exists': EXIT.refused,
  'branch.exists': EXIT.refused,
  'branch.checked-out': EXIT.refused,
  'path.exists': EXIT.refused,
  'path.unsafe': EXIT.refused,
  'path.mounted': EXIT.refused,
  'session.dirty': EXIT.refused,
  'session.unmerged': EXIT.refused,
  'session.live': EXIT.refused,
  'session.locked': EXIT.refused,
  'session.operation': EXIT.refused,
  'session.empty': EXIT.refused,
  'session.inside': EXIT.refused,
  'target.dirty': EXIT.refused,
  'registry.damaged': EXIT.refused,
  'registry.too-new': EXIT.refused,
  'limit.reached': EXIT.refused,
  'disk.low': EXIT.refused,
  'lock.held': EXIT.refused,
  'agent.running': EXIT.refused,
  'agent.not-running': EXIT.refused,
  'agent.elsewhere': EXIT.refused,
  'agent.failed': EXIT.failed,
  'agent.not-resumable': EXIT.refused,
  'hooks.refused': EXIT.refused,
  'agent.unknown': EXIT.usage,
  'program.missing': EXIT.failed,
  'git.failed': EXIT.failed,
  'git.timeout': EXIT.failed,
  'io.failed': EXIT.failed,
  'io.disk-full': EXIT.failed,
  'merge.conflict': EXIT.conflict,
  'hook.failed': EXIT.check,
  'gate.failed': EXIT.check,
  'setup.failed': EXIT.check,
  'confirm.required': EXIT.person,
  'approval.required': EXIT.person,
  'config.untrusted': EXIT.person,
  'registry.busy': EXIT.busy,
  'lock.busy': EXIT.busy,
  'target.moved': EXIT.busy,
  'agent.not-ready': EXIT.busy,
  'wait.failed': EXIT.busy,
  interrupted: EXIT.interrupted,
  internal: EXIT.internal,
};

/** Codes after which the very same command may succeed. */
export const retryableCodes: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'registry.busy',
  'lock.busy',
  'target.moved',
  'git.timeout',
  'agent.not-ready',
  'wait.failed',
]);

/** Exit code of a process ended by a signal, as shells count it. */
export function exitCodeOfSignal(signal: string): number {
  return { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 }[signal] ?? EXIT.interrupted;
}
