import { livenessOf } from '../platform/identity.ts';
import type { JournalEntry } from '../registry/journal.ts';
import type { Finding } from './finding.ts';
import type { Check } from './scene.ts';

const NAMES: Readonly<Partial<Record<string, string>>> = { create: 'create', remove: 'removal', merge: 'landing' };

/** What wt processes have begun and not ended. */
export const checkOperations: Check = ({ journal, book }) =>
  Promise.resolve([
    ...journal.entries.flatMap((entry) => open(entry) ?? []),
    ...[...book.sessions.values()].flatMap(({ id, row, pending }) =>
      row.state === 'creating' && pending === undefined ? [lost(id)] : [],
    ),
    ...journal.unreadable.map((file): Finding => ({
      check: 'operation.unreadable',
      severity: 'warning',
      session: null,
      message: `the record of an operation cannot be read: ${file}`,
      why: 'If that operation was interrupted, wt cannot tell what it had begun. Every command says so again.',
      fix: {
        kind: 'command',
        argv: ['mv', file, `${file}.unreadable`],
        does: 'puts it aside, once you have seen that the sessions are as they should be',
      },
    })),
  ]);

/** Half-made, and no record says by whom: it would be busy for ever. */
function lost(id: string): Finding {
  return {
    check: 'operation.lost',
    severity: 'warning',
    session: id,
    message: 'it was never finished being made, and no operation is under way',
    why: 'The record of its create is gone, so nothing finishes it or takes it back.',
    fix: { kind: 'command', argv: ['wt', 'remove', id, '--force'], does: 'takes it away, into the trash' },
  };
}

function open({ id, kind, owner, startedAt }: JournalEntry): Finding | undefined {
  const liveness = livenessOf(owner);
  if (liveness === 'alive') return undefined;
  const what = `the ${NAMES[kind] ?? kind} of ${id}, begun ${startedAt},`;
  if (liveness === 'unknown')
    return {
      check: 'operation.elsewhere',
      severity: 'info',
      session: id,
      message: `${what} runs on ${owner.host} or was left there`,
      why: 'From here nobody can tell whether that process still lives, so wt leaves it alone.',
      fix: { kind: 'by-hand', does: `run wt doctor --fix on ${owner.host}` },
    };
  return {
    check: 'operation.open',
    severity: 'warning',
    session: id,
    message: `${what} was interrupted`,
    why: 'Its process is dead. The session may be half-made, half-removed or half-landed.',
    fix: {
      kind: 'automatic',
      does: 'finishes it or takes it back, as any other wt command would',
      apply: () => Promise.resolve(), // taking the lock has done it
    },
  };
}
