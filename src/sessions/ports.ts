import path from 'node:path';
import * as z from 'zod';
import { WtError } from '../core/errors.ts';
import { parseJson } from '../core/json.ts';
import type { Env } from '../platform/deps.ts';
import { personalFolder } from '../platform/dirs.ts';
import { lstatOf, makePrivateDirectory, readSmallFile, replaceFile } from '../platform/files.ts';
import { acquireLock } from '../platform/lock.ts';
import { isPortFree } from '../platform/ports.ts';
import type { SessionRow } from '../registry/session.ts';
import { readRegistry } from '../registry/store.ts';
import { loadDefinition, type Definition } from '../setup/definition.ts';
import { planPorts, requirePorts, type PortLease, type PortPlan } from '../setup/ports.ts';
import type { Book, Session } from './book.ts';
import type { Held } from './hold.ts';
import type { Repo } from './repo.ts';
import { updateRowAndNote } from './rows.ts';

/** A port that a session had, and the one it has instead. */
export interface PortChange {
  readonly name: string;
  readonly before: number;
  /** null: none is left. */
  readonly after: number | null;
}

const ANY: Definition['ports'] = { names: [], from: 20_000, to: 29_999 };

/** Where ports come from here; the usual range while the configuration cannot be read: that must not keep work from coming back. */
export async function portRange({ root, deps }: Repo): Promise<Definition['ports']> {
  return (await loadDefinition(root, deps.env).catch(() => undefined))?.ports ?? ANY;
}

const LIMIT_BYTES = 1024 * 1024;

/**
 * Ports for a session that no other one has, here or in another repository of this person, and on which nobody listens. What it
 * holds stays. The answer holds while the caller has the lock and writes it down.
 */
export async function findPorts(
  repo: Repo,
  book: Pick<Book, 'sessions'>,
  { id, wanted, held = {} }: { id: string; wanted: Definition['ports']; held?: PortLease },
): Promise<PortPlan> {
  if (wanted.names.every((name) => held[name] !== undefined)) return { kind: 'leased', ports: held };
  const taken = new Set([...portsOf(book, id), ...(await readForeignPorts(repo))]);
  for (;;) {
    const plan = planPorts({ ...wanted, seed: `${repo.commonDir}\0${id}`, held, taken });
    if (plan.kind === 'exhausted') return plan;
    const fresh = Object.entries(plan.ports).filter(([name]) => held[name] === undefined);
    const busy: number[] = [];
    for (const [, port] of fresh) if (!(await isPortFree(port))) busy.push(port);
    if (busy.length === 0) return plan;
    for (const port of busy) taken.add(port);
  }
}

/** Ports of all sessions but one. */
function portsOf({ sessions }: Pick<Book, 'sessions'>, id?: string): readonly number[] {
  return [...sessions.values()].flatMap((session) => (session.id === id ? [] : Object.values(session.row.ports ?? {})));
}

/**
 * The ports of a session that comes back: those it had as long as nobody has them now; for each other a new one, when there is one.
 */
export async function keepPorts(
  repo: Repo,
  book: Book,
  { id, had, range }: { id: string; had: PortLease; range: Definition['ports'] },
): Promise<{ readonly ports: PortLease; readonly changes: readonly PortChange[] }> {
  if (Object.keys(had).length === 0) return { ports: had, changes: [] };
  const taken = new Set([...portsOf(book, id), ...(await readForeignPorts(repo))]);
  const kept: Record<string, number> = {};
  for (const [name, port] of Object.entries(had)) if (!taken.has(port) && (await isPortFree(port))) kept[name] = port;
  const plan = await findPorts(repo, book, { id, wanted: { ...range, names: Object.keys(had) }, held: kept });
  const ports = plan.kind === 'leased' ? plan.ports : kept;
  return { ports, changes: portChanges(had, ports) };
}

/** A row with these ports; without any it has no field for them. Pure. */
export function withPorts({ ports: _, ...row }: SessionRow, ports: PortLease): SessionRow {
  return Object.keys(ports).length === 0 ? row : { ...row, ports: { ...ports } };
}

/** Ports that are others than they were. Pure. */
export function portChanges(had: PortLease = {}, have: PortLease = {}): readonly PortChange[] {
  return Object.entries(had).flatMap(([name, before]) => {
    const after = have[name] ?? null;
    return after === before ? [] : [{ name, before, after }];
  });
}

/** Leases what a session lacks of the ports that the configuration names by now. Throws `limit.reached`. */
export async function leaseMissingPorts(held: Held, session: Session, wanted: Definition['ports']): Promise<PortLease> {
  const { repo, lease, book } = held;
  const before = session.row.ports ?? {};
  const plan = await findPorts(repo, book, { id: session.id, wanted, held: before });
  const ports = requirePorts(plan, wanted);
  if (Object.keys(ports).length === Object.keys(before).length) return before;
  const place = { id: session.id, adminDirectory: session.admin?.directory };
  await updateRowAndNote(repo, lease, place, (known) => ({ ...known, ports: { ...ports } }));
  return ports;
}

const Users = z.looseObject({ registries: z.array(z.string()).max(10_000) });

/** Names the registries on this machine that lease ports. What each leases is read from itself, so nothing here goes stale. */
function portUsersFile(env: Env): string {
  return path.join(personalFolder(env, 'state'), 'ports.json');
}

async function listRegistries(env: Env): Promise<readonly string[]> {
  const content = await readSmallFile(portUsersFile(env), LIMIT_BYTES);
  if (content === undefined || 'refused' in content) return [];
  return Users.safeParse(parseJson(content.text)).data?.registries ?? [];
}

/** Ports of the sessions of this person's other repositories; those that cannot be read have none. */
async function readForeignPorts({ deps, layout }: Repo): Promise<readonly number[]> {
  try {
    const others = (await listRegistries(deps.env)).filter((file) => file !== layout.registry);
    const read = others.map(async (file) => {
      const { file: registry } = await readRegistry(file);
      return [...registry.sessions.values()].flatMap(({ ports }) => Object.values(ports ?? {}));
    });
    return (await Promise.all(read.map((one) => one.catch(() => [])))).flat();
  } catch {
    return [];
  }
}

/**
 * Lets one repository at a time choose ports and write them down, of all that this person has: else two would choose the same.
 * What is leased elsewhere is a courtesy, so a state folder that cannot be used holds nobody up.
 */
export async function whileChoosing<T>(repo: Repo, isChoosing: boolean, work: () => Promise<T>): Promise<T> {
  if (!isChoosing) return work();
  const { deps } = repo;
  const directory = path.join(personalFolder(deps.env, 'state'), 'lock', 'ports');
  const request = { directory, timeoutMs: CHOOSING_MS, onWait: () => {} };
  const lease = await acquireLock(deps, request).catch((error: unknown) => {
    if (WtError.is(error, 'interrupted')) throw error;
    return undefined;
  });
  try {
    if (lease !== undefined) await rememberRegistry(repo);
    return await work();
  } finally {
    await lease?.release();
  }
}

const CHOOSING_MS = 10_000;

/** Tells other repositories that sessions here have ports; forgets registries that are gone. Never fails. */
async function rememberRegistry({ deps, layout }: Repo): Promise<void> {
  try {
    const known = await listRegistries(deps.env);
    if (known.includes(layout.registry)) return;
    const there = await Promise.all(known.map((file) => lstatOf(path.dirname(file))));
    const registries = [...known.filter((_, i) => there[i] !== undefined), layout.registry];
    await makePrivateDirectory(path.dirname(portUsersFile(deps.env)));
    await replaceFile(portUsersFile(deps.env), `${JSON.stringify({ registries }, null, 2)}\n`);
  } catch {
    // a hint for others, and no reason to fail
  }
}
