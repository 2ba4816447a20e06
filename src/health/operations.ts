import { shellQuote } from '../core/shell.ts';
import path from 'node:path';
import { livenessOf } from '../platform/identity.ts';
import { readEvents } from '../registry/events.ts';
import { listJournal, type JournalEntry } from '../registry/journal.ts';
import type { Held } from '../sessions/hold.ts';
import { findOwnGitDir, findStrangePlace } from '../sessions/own-places.ts';
import { recoverDead } from '../sessions/recover.ts';
import type { Repo } from '../sessions/repo.ts';
import { FAILED, type Finding, type Fix } from './finding.ts';
import { findAside } from './place.ts';
import type { Check, Scene } from './scene.ts';

const NAMES: Readonly<Partial<Record<string, string>>> = { create: 'create', remove: 'removal', merge: 'landing' };

/** What wt processes have begun and not ended. */
export const checkOperations: Check = async (scene) => {
  const { journal, book } = scene;
  const opened = await Promise.all(journal.entries.map((entry) => open(scene, entry)));
  return [
    ...opened.filter((finding) => finding !== undefined),
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
  ];
};

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

async function open(scene: Scene, entry: JournalEntry): Promise<Finding | undefined> {
  const { id, kind, owner, startedAt } = entry;
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
  const shared = {
    check: 'operation.open',
    severity: 'warning' as const,
    session: id,
    message: `${what} was interrupted`,
    why: 'Its process is dead. The session may be half-made, half-removed or half-landed.',
  };
  const settle = (held: Held): Promise<void> => settled(held, entry);
  const trouble = await lastTrouble(scene.repo, shared.message);
  if (trouble === undefined)
    return {
      ...shared,
      fix: { kind: 'automatic', does: 'finishes it or takes it back, as any other wt command would', apply: settle },
    };
  return { ...shared, fix: await byHand(scene.repo, entry), trouble, again: settle };
}

/** Taking the lock has settled it; what is open still is tried once more, for the reason. */
async function settled({ repo, lease }: Held, { op, kind, id }: JournalEntry): Promise<void> {
  const isOpen = async (): Promise<boolean> =>
    (await listJournal(repo.layout.journal)).entries.some((entry) => entry.op === op);
  if (!(await isOpen())) return;
  const lines = await recoverDead(repo, lease);
  if (!(await isOpen())) return;
  const about = `the interrupted ${kind} of ${id}: `;
  throw new Error(lines.find((line) => line.includes(about)) ?? `cannot settle ${about}no reason is known`);
}

async function lastTrouble({ layout }: Repo, message: string): Promise<string | undefined> {
  const events = await readEvents(layout.events);
  const reason = events.findLast(({ event, data }) => event === FAILED && data['message'] === message)?.data['reason'];
  return typeof reason === 'string' ? reason : undefined;
}

/** Its record out of the way; all that it had begun stays as it is. */
async function byHand(repo: Repo, entry: JournalEntry): Promise<Fix> {
  const file = path.join(repo.layout.journal, `${entry.op}.json`);
  const places = ['path' in entry ? entry.path : undefined, 'worktree' in entry ? entry.worktree : undefined];
  let place = repo.root;
  for (const own of places) if (own && (await findOwnGitDir(repo, own)) !== undefined) place = own;
  const strange = await findStrangePlace(repo, entry);
  const cause = strange === undefined ? '' : `Its record names ${strange}, which is not of this repository. `;
  return {
    kind: 'command',
    argv: ['mv', file, await findAside(file)],
    does: `${cause}First see what it has left (git -C ${shellQuote(place)} status). This then puts its record aside, and wt lets everything else be as it is.`,
  };
}
