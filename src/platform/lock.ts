import { link, readdir, unlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { WtError } from '../core/errors.ts';
import { parseJson } from '../core/json.ts';
import type { Deps } from './deps.ts';
import { makePrivateDirectory, readText, removeFile } from './files.ts';
import { isFifoHeld, livenessOf, parseOwner, type Owner } from './identity.ts';
import { throwIfInterrupted } from './interrupt.ts';

/**
 * The generation lock. `l.<n>` is published by link(2) with its owner's full record in it; `d.<n>` says that it was
 * given back. The highest number is the lock; a dead owner is passed over by making the next number, and a number
 * is never freed, so two challengers cannot both win. `n` is a fencing number.
 */
export interface Lease {
  readonly generation: number;
  readonly owner: Owner;
  /** Handed to git children, so that an orphan keeps the lock. */
  readonly fd: number | undefined;
  /** Nobody has taken it since. */
  isCurrent(): Promise<boolean>;
  release(): Promise<void>;
}

export interface LockRequest {
  readonly directory: string;
  readonly timeoutMs: number;
  /** Called once after a second of waiting, with a description of the holder. */
  readonly onWait: (holder: string) => void;
  /** Waits on even when the command is interrupted: for undoing. */
  readonly shielded?: boolean;
}

const KEPT_GENERATIONS = 64;

/** Locks of this process that could not be given back, on a full disk say: others pass over them once it ends, it does so at once. */
const abandoned = new Set<string>();

/** What a lock needs of the world. */
export type LockDeps = Pick<Deps, 'run' | 'clock' | 'random' | 'signal' | 'identity'>;

/** Takes the lock. Throws `registry.busy` after the timeout, naming the holder; never steals from a living process. */
export async function acquireLock(deps: LockDeps, request: LockRequest): Promise<Lease> {
  const { directory, timeoutMs } = request;
  await makePrivateDirectory(directory);
  const { owner, fd } = await deps.identity.owner(directory, deps.run);
  const record = path.join(directory, `t.${owner.nonce}.${Math.floor(deps.random() * 1e9)}`);
  await writeFile(record, JSON.stringify(owner), { flag: 'wx', mode: 0o600 });
  const startMs = deps.clock.elapsedMs();
  let told = false;
  try {
    for (let pauseMs = 1; ; pauseMs = Math.min(pauseMs * 1.6, 60)) {
      if (!request.shielded) throwIfInterrupted(deps.signal);
      const attempt = await tryTake(directory, record);
      if ('generation' in attempt) return leaseOf(directory, attempt.generation, owner, fd);
      const waitedMs = Math.round(deps.clock.elapsedMs() - startMs);
      if (waitedMs > timeoutMs) throw new WtError('registry.busy', { holder: attempt.holder, waitedMs });
      if (waitedMs > 1000 && !told) {
        told = true;
        request.onWait(attempt.holder);
      }
      await deps.clock.sleep(pauseMs * (0.5 + deps.random() / 2));
    }
  } finally {
    await removeFile(record);
  }
}

function leaseOf(directory: string, generation: number, owner: Owner, fd: number | undefined): Lease {
  return {
    generation,
    owner,
    fd,
    isCurrent: async () => (await scan(directory)).highest === generation,
    async release() {
      const taken = path.join(directory, `l.${generation}`);
      await link(taken, path.join(directory, `d.${generation}`)).catch(() => abandoned.add(taken));
    },
  };
}

async function tryTake(directory: string, record: string): Promise<{ generation: number } | { holder: string }> {
  const { highest, done } = await scan(directory);
  if (highest > 0 && !done.has(highest)) {
    const taken = path.join(directory, `l.${highest}`);
    const holder = await holderOf(taken);
    if (holder.liveness !== 'dead' && !abandoned.has(taken)) return { holder: holder.text };
  }
  const generation = highest + 1;
  const mine = path.join(directory, `l.${generation}`);
  try {
    await link(record, mine);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return { holder: 'another wt command' };
    throw error;
  }
  const now = await scan(directory);
  if (now.highest > generation) {
    await removeFile(mine); // we came with an old view of the directory
    return { holder: 'another wt command' };
  }
  await tidy(directory, generation, now.names);
  return { generation };
}

async function scan(directory: string): Promise<{ highest: number; done: Set<number>; names: readonly string[] }> {
  const names = await readdir(directory);
  const done = new Set<number>();
  let highest = 0;
  for (const name of names) {
    const [, kind, digits] = /^([ld])\.(\d+)$/.exec(name) ?? [];
    if (kind === 'l') highest = Math.max(highest, Number(digits));
    if (kind === 'd') done.add(Number(digits));
  }
  return { highest, done, names };
}

async function holderOf(file: string): Promise<{ liveness: 'alive' | 'dead' | 'unknown'; text: string }> {
  const owner = parseOwner(parseJson(await readText(file)));
  if (owner === undefined) return { liveness: 'unknown', text: `an unreadable record, ${file}` };
  const { pid, command, host } = owner;
  return { liveness: livenessOf(owner), text: `process ${pid} on ${host} (${command})` };
}

/** Old generations and the leftovers of killed processes; only the holder does this, and only now and then. */
async function tidy(directory: string, generation: number, names: readonly string[]): Promise<void> {
  if (generation % 16 !== 0) return;
  for (const name of names) {
    const file = path.join(directory, name);
    const [, digits] = /^[ld]\.(\d+)$/.exec(name) ?? [];
    if (digits !== undefined && Number(digits) < generation - KEPT_GENERATIONS) await removeFile(file);
    if (name.startsWith('f.') && isFifoHeld(file) === false) await unlink(file).catch(() => {});
    if (name.startsWith('t.') && (await holderOf(file)).liveness === 'dead') await removeFile(file);
  }
}
