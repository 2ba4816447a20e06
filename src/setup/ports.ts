import { createHash } from 'node:crypto';
import { WtError } from '../core/errors.ts';

/** Ports by name, in the order of the configuration. */
export type PortLease = Readonly<Record<string, number>>;

export interface PortRequest {
  /** All names that the session is to have. */
  readonly names: readonly string[];
  /** The range they come from; both ends belong to it. */
  readonly from: number;
  readonly to: number;
  /** Decides where the search begins: the same text finds the same ports as long as they are free. */
  readonly seed: string;
  /** What the session has already, and keeps. */
  readonly held: PortLease;
  /** Ports that somebody else has. */
  readonly taken: ReadonlySet<number>;
}

export type PortPlan =
  | { readonly kind: 'leased'; readonly ports: PortLease }
  | { readonly kind: 'exhausted'; readonly needed: number; readonly free: number };

/**
 * Ports for every name: those that are held stay; the others come as one block of neighbours, the first free one from a place
 * that the seed decides, else as the first free single ports. Pure.
 */
export function planPorts({ names, from, to, seed, held, taken }: PortRequest): PortPlan {
  const wanted = names.filter((name) => held[name] === undefined);
  const own = new Set(Object.values(held));
  const size = to - from + 1;
  const isFree = (port: number): boolean => !taken.has(port) && !own.has(port);
  const start = startOf({ seed, size, block: wanted.length, from, own });
  const at = (step: number): number => from + ((start - from + step) % size);
  const ports = findBlock(wanted.length, { at, size, isFree }) ?? findSingles(wanted.length, { at, size, isFree });
  if (ports.length < wanted.length) return { kind: 'exhausted', needed: wanted.length, free: ports.length };
  const found = new Map(wanted.map((name, i) => [name, ports[i] ?? 0]));
  const rest = Object.keys(held).filter((name) => !names.includes(name));
  return {
    kind: 'leased',
    ports: Object.fromEntries([...names, ...rest].map((name) => [name, held[name] ?? found.get(name) ?? 0])),
  };
}

interface Range {
  readonly at: (step: number) => number;
  readonly size: number;
  readonly isFree: (port: number) => boolean;
}

/** Beside what the session has already, else at a multiple of the block's length, so that blocks of one length fill the range. */
function startOf(spec: { seed: string; size: number; block: number; from: number; own: ReadonlySet<number> }): number {
  const { seed, size, block, from, own } = spec;
  const last = Math.max(...own);
  if (own.size > 0 && last >= from && last < from + size - 1) return last + 1;
  const number = createHash('sha256').update(seed).digest().readUInt32BE(0);
  const blocks = Math.max(1, Math.floor(size / Math.max(1, block)));
  return from + (number % blocks) * Math.max(1, block);
}

/** A block does not go over the end of the range. */
function findBlock(count: number, { at, size, isFree }: Range): readonly number[] | undefined {
  let run: number[] = [];
  for (let step = 0; step < size + count - 1 && run.length < count; step++) {
    const port = at(step);
    if (!isFree(port)) run = [];
    else run = run.at(-1) === port - 1 ? [...run, port] : [port];
  }
  return run.length < count ? undefined : run;
}

function findSingles(count: number, { at, size, isFree }: Range): readonly number[] {
  const found: number[] = [];
  for (let step = 0; step < size && found.length < count; step++) if (isFree(at(step))) found.push(at(step));
  return found;
}

/** Throws `limit.reached` when the range has not enough of them. Pure. */
export function requirePorts(plan: PortPlan, { from, to }: Pick<PortRequest, 'from' | 'to'>): PortLease {
  if (plan.kind === 'leased') return plan.ports;
  const origin = `${plan.needed} more needed from ${from} to ${to}, and ${plan.free} free`;
  throw new WtError('limit.reached', {
    limit: 'ports',
    allowed: to - from + 1,
    found: to - from + 1 - plan.free,
    origin,
  });
}
