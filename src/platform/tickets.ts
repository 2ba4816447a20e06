import { link, writeFile } from 'node:fs/promises';
import path from 'node:path';
import * as z from 'zod';
import { parseJson } from '../core/json.ts';
import type { Deps } from './deps.ts';
import { listDirectory, makePrivateDirectory, readText, removeFile } from './files.ts';
import { livenessOf } from './identity.ts';
import { OwnerRecord } from './owner.ts';
import { acquireLock } from './lock.ts';
import { throwIfInterrupted } from './runner.ts';

/**
 * A named lock with places for one or several, first come, first served. Whoever comes draws a ticket, a file with a number; the
 * first `max` tickets of living processes are inside, so nobody has to hand anything over, and a dead one never stands in the way.
 */
const Ticket = z.object({
  owner: OwnerRecord,
  /** How many may be inside; all tickets of a lock agree. */
  max: z.number().int().min(1),
  at: z.iso.datetime(),
  command: z.string(),
  session: z.string().nullable(),
});
export type Ticket = z.infer<typeof Ticket> & { readonly number: number };

/** A lock as it is just now; the first are inside. */
export interface TicketLine {
  readonly max: number;
  readonly holders: readonly Ticket[];
  readonly waiting: readonly Ticket[];
}

const GUARD = 'guard';
const GUARD_TIMEOUT_MS = 30_000;
const [FIRST_PAUSE_MS, LAST_PAUSE_MS] = [5, 150];

/** Who is inside and who waits; without a ticket there is room for one. */
export async function readLine(directory: string): Promise<TicketLine> {
  const tickets = (await readTickets(directory)).filter(({ owner }) => livenessOf(owner) !== 'dead');
  const max = tickets[0]?.max ?? 1;
  return { max, holders: tickets.slice(0, max), waiting: tickets.slice(max) };
}

async function readTickets(directory: string): Promise<readonly Ticket[]> {
  const names = (await listDirectory(directory)).flatMap(({ name }) => /^(\d+)\.json$/.exec(name)?.[1] ?? []);
  const read = names.map(async (digits) => {
    const { data } = Ticket.safeParse(parseJson(await readText(fileOf(directory, Number(digits)))));
    return data === undefined ? undefined : { ...data, number: Number(digits) };
  });
  return (await Promise.all(read)).filter((ticket) => ticket !== undefined).toSorted((a, b) => a.number - b.number);
}

function fileOf(directory: string, number: number): string {
  return path.join(directory, `${number}.json`);
}

export interface TicketRequest {
  readonly directory: string;
  /** Undefined: as those that are there have it, else one. */
  readonly max: number | undefined;
  readonly command: string;
  readonly session: string | null;
}

/** The caller's place in the line. */
export interface Place {
  readonly ticket: Ticket;
  /** For the program that runs under the lock: as long as it has this open, the lock is held, whatever becomes of this process. */
  readonly fd: number | undefined;
  leave(): Promise<void>;
}

/** Draws a ticket, unless those that are there are for another number of places: then returns that number. */
export async function drawTicket(deps: Deps, request: TicketRequest): Promise<Place | { readonly max: number }> {
  const { directory, command, session } = request;
  await makePrivateDirectory(directory);
  const guard = path.join(directory, GUARD);
  const lease = await acquireLock(deps, { directory: guard, timeoutMs: GUARD_TIMEOUT_MS, onWait: () => {} });
  try {
    const all = await readTickets(directory);
    const dead = all.filter(({ owner }) => livenessOf(owner) === 'dead');
    for (const { number } of dead) await removeFile(fileOf(directory, number));
    const living = all.filter((ticket) => !dead.includes(ticket));
    const agreed = living[0]?.max;
    const max = request.max ?? agreed ?? 1;
    if (agreed !== undefined && agreed !== max) return { max: agreed };
    const number = (living.at(-1)?.number ?? 0) + 1;
    const at = deps.clock.now().toISOString();
    const ticket = { owner: lease.owner, max, at, command: command.slice(0, 200), session };
    await publish(directory, number, ticket);
    return {
      ticket: { ...ticket, number },
      fd: lease.fd,
      leave: () => removeFile(fileOf(directory, number)),
    };
  } finally {
    await lease.release().catch(() => {});
  }
}

/** All of it at once, so that nobody reads half a ticket. */
async function publish(directory: string, number: number, ticket: z.infer<typeof Ticket>): Promise<void> {
  const draft = path.join(directory, `draft.${ticket.owner.nonce}`);
  await writeFile(draft, JSON.stringify(ticket), { flag: 'wx', mode: 0o600 });
  try {
    await link(draft, fileOf(directory, number));
  } finally {
    await removeFile(draft);
  }
}

/** Waits until it is this ticket's turn; false when that took too long. Throws `interrupted`. */
export async function waitForTurn(
  deps: Deps,
  directory: string,
  { ticket, timeoutMs, onWait }: { ticket: Ticket; timeoutMs: number; onWait: (line: TicketLine) => void },
): Promise<boolean> {
  const startMs = deps.clock.elapsedMs();
  let told = false;
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 1.5, LAST_PAUSE_MS)) {
    throwIfInterrupted(deps.signal);
    const line = await readLine(directory);
    if (line.holders.some(({ number, owner }) => number === ticket.number && owner.nonce === ticket.owner.nonce))
      return true;
    const waitedMs = deps.clock.elapsedMs() - startMs;
    if (waitedMs >= timeoutMs) return false;
    if (waitedMs > 1000 && !told) {
      told = true;
      onWait(line);
    }
    await deps.clock.sleep(pauseMs);
  }
}
