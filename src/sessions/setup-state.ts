import { randomUUID } from 'node:crypto';
import { WtError } from '../core/errors.ts';
import { makePrivateDirectory } from '../platform/files.ts';
import { createIdentity, type Owner } from '../platform/identity.ts';
import type { SetupState } from '../registry/session.ts';
import type { Definition } from '../setup/definition.ts';
import type { Session } from './book.ts';
import { hold, type Held } from './hold.ts';
import { beginSetupRecord, listSettingUp } from './live.ts';
import { leaseMissingPorts, whileChoosing, withPorts } from './ports.ts';
import type { Repo } from './repo.ts';
import { updateRowAndNote } from './rows.ts';
import { requireOwn } from './select.ts';
import { checkTree } from './worktree.ts';

/** Says that a set-up is at work, for as long as a process of it lives: this one, or a command that outlived it. */
export interface SetupMark {
  readonly owner: Owner;
  /** Kept open by every command of it. */
  readonly fd: number | undefined;
  end(): void;
}

/** Its own, and not that of the locks: a program that a set-up left running must not look like a command that holds one. */
export async function openMark({ deps, layout }: Repo): Promise<SetupMark> {
  await makePrivateDirectory(layout.lock);
  const identity = createIdentity('wt setup', randomUUID());
  return { ...(await identity.owner(layout.lock, deps.run)), end: () => identity.dispose() };
}

/** From here on whoever finds the session knows that it is being made ready; the caller holds the lock and writes the row. */
export async function markBegun(repo: Repo, adminDirectory: string, { owner }: SetupMark): Promise<SetupState> {
  await beginSetupRecord(adminDirectory, owner);
  return { state: 'running', at: repo.deps.clock.now().toISOString(), log: null };
}

/**
 * Begins the set-up of a session that is there; ports that the configuration has come to name are leased. Throws `limit.reached`,
 * `session.refused` while another one runs, `path.unsafe` when its
 * folder is not its own.
 */
export async function beginSetup(
  repo: Repo,
  id: string,
  { mark, wanted }: { mark: SetupMark; wanted: Definition['ports'] },
): Promise<Session> {
  return hold(repo, async (held) => {
    const session = requireOwn(held.book, id);
    const directory = session.admin?.directory;
    const tree = await checkTree(session);
    if (tree !== 'ok' || directory === undefined || session.row.state !== 'ready')
      throw new WtError('path.unsafe', {
        path: session.path,
        reason: 'the session has no working folder there',
        fix: ['wt', 'doctor', '--fix'],
      });
    const others = await listSettingUp(directory);
    if (others.length > 0) {
      const processes = others.map(({ command, pid }) => `${command} (${pid})`);
      throw new WtError('session.refused', { id, verb: 'setup', reasons: [{ code: 'session.live', processes }] });
    }
    const isChoosing = wanted.names.some((name) => session.row.ports?.[name] === undefined);
    const ports = await whileChoosing(repo, isChoosing, () => leaseMissingPorts(held, session, wanted));
    const begun = await markBegun(held.repo, directory, mark);
    const setup = hasBeenReady(session.row.setup) ? { ...begun, wasReady: true } : begun;
    await writeSetup(held, session, setup);
    await held.log('session.setup.before', id);
    return { ...session, row: withPorts({ ...session.row, setup }, ports) };
  });
}

/** A session without git's own folder is none that is set up. */
async function writeSetup({ repo, lease }: Held, { id, admin }: Session, setup: SetupState): Promise<void> {
  if (admin === undefined) return;
  await updateRowAndNote(repo, lease, { id, adminDirectory: admin.directory }, (known) => ({ ...known, setup }));
}

/** A session that went meanwhile has nothing to be written down. */
export async function endSetup(
  repo: Repo,
  session: Session,
  setup: Pick<SetupState, 'state' | 'log' | 'step' | 'reason'>,
): Promise<void> {
  const options = repo.deps.signal.aborted ? { shielded: true } : {};
  await hold(
    repo,
    async (held) => {
      const now = held.book.sessions.get(session.id);
      if (now?.row.createdAt !== session.row.createdAt) return;
      const at = repo.deps.clock.now().toISOString();
      const was = hasBeenReady(session.row.setup) ? { wasReady: true } : {};
      // In the order of the schema, so that a note that is written again is the same.
      const { state, ...rest } = setup;
      await writeSetup(held, now, { state, at, ...rest, ...was });
      const { step, reason } = rest;
      const event = state === 'done' ? 'session.setup.after' : 'session.setup.failed';
      await held.log(event, session.id, state === 'done' ? {} : { step: step ?? null, reason: reason ?? null });
    },
    options,
  );
}

/** Whether `hooks.create.after` has not come to run yet: the create's own set-up failed, was cut off or was skipped. Pure. */
export function isFirstSetup({ row }: Pick<Session, 'row'>): boolean {
  return row.setup !== undefined && !hasBeenReady(row.setup);
}

function hasBeenReady(setup: SetupState | undefined): boolean {
  return setup?.state === 'done' || setup?.wasReady === true;
}
