import * as z from 'zod';
import { SessionRow } from './session.ts';
import { byText } from '../core/text.ts';

/** `sessions.json`, version 1. `generation` is the fencing number of the lock under which it was last written. */
export interface RegistryFile {
  readonly version: 1;
  readonly revision: number;
  readonly generation: number;
  readonly sessions: ReadonlyMap<string, SessionRow>;
  /** Fields of a newer wt, kept as they are. */
  readonly extra: Readonly<Record<string, unknown>>;
}

export const VERSION = 1;
export const EMPTY: RegistryFile = { version: VERSION, revision: 0, generation: 0, sessions: new Map(), extra: {} };

const Envelope = z.looseObject({
  version: z.number().int().positive(),
  revision: z.number().int().nonnegative(),
  generation: z.number().int().nonnegative().default(0),
  sessions: z.record(z.string(), z.unknown()),
});

export type ParsedRegistry =
  | { readonly kind: 'ok'; readonly file: RegistryFile }
  | { readonly kind: 'too-new'; readonly found: number }
  /** `file` holds what could be read of it. */
  | { readonly kind: 'damaged'; readonly reason: string; readonly file: RegistryFile };

let last: { readonly text: string; readonly parsed: ParsedRegistry } | undefined;

/** Text of `sessions.json` → value. Pure; never throws. The last one is remembered: a command reads the file several times. */
export function parseRegistry(text: string): ParsedRegistry {
  if (last?.text !== text) last = { text, parsed: parseAnew(text) };
  return last.parsed;
}

function parseAnew(text: string): ParsedRegistry {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return { kind: 'damaged', reason: 'it is not JSON', file: EMPTY };
  }
  const version = z.looseObject({ version: z.number() }).safeParse(json);
  if (version.success && version.data.version > VERSION) return { kind: 'too-new', found: version.data.version };
  const envelope = Envelope.safeParse(json);
  if (!envelope.success) return { kind: 'damaged', reason: 'it is not a registry of wt', file: EMPTY };
  const { version: _, revision, generation, sessions: raw, ...extra } = envelope.data;
  const sessions = new Map<string, SessionRow>();
  const bad: string[] = [];
  for (const id of Object.keys((json as { sessions: object }).sessions)) {
    const row = SessionRow.safeParse(Object.hasOwn(raw, id) ? raw[id] : undefined);
    if (row.success && row.data.id === id) sessions.set(id, row.data);
    else bad.push(id);
  }
  const file: RegistryFile = { version: VERSION, revision, generation, sessions, extra };
  return bad.length === 0
    ? { kind: 'ok', file }
    : { kind: 'damaged', reason: `the entry of ${bad.join(', ')} cannot be read`, file };
}

/** Value → text of `sessions.json`, in order of creation. Pure. */
export function formatRegistry(file: RegistryFile): string {
  const rows = [...file.sessions.values()].toSorted((a, b) => byText(a.createdAt, b.createdAt) || byText(a.id, b.id));
  const { version, revision, generation, extra } = file;
  return `${JSON.stringify({ ...extra, version, revision, generation, sessions: Object.fromEntries(rows.map((row) => [row.id, row])) }, null, 2)}\n`;
}
