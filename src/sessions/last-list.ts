import path from 'node:path';
import { parseJson } from '../core/json.ts';
import { makePrivateDirectory, readSmallFile, replaceFile } from '../platform/files.ts';
import type { Repo } from './repo.ts';
import { STATUSES, type SessionStatus } from './status.ts';

/** How a session was shown last: where it stood, and how much room it took. Nothing but a picture's layout is made of it. */
export interface LastShown {
  readonly status: SessionStatus;
  /** The time of its last work then; ISO 8601 UTC. */
  readonly at: string;
  /** Terminal columns of its cells, by header. */
  readonly widths: Readonly<Record<string, number>>;
}

const LIMIT_BYTES = 1 << 20;
const WIDEST = 200;

/** None when it was never written, or cannot be read. */
export async function readLastList(repo: Pick<Repo, 'layout'>): Promise<ReadonlyMap<string, LastShown>> {
  return parseLastList(await readStored(repo));
}

/** Keeps it, when it is another than before. That it cannot be kept is no failure: the next picture is laid out anew. */
export async function keepLastList(
  repo: Pick<Repo, 'layout'>,
  sessions: readonly (readonly [string, LastShown])[],
): Promise<void> {
  const stored = await readStored(repo);
  const before = parseLastList(stored);
  // Cells that were not shown this time keep their room.
  const merged = sessions.map(([id, one]) => [id, { ...one, widths: { ...before.get(id)?.widths, ...one.widths } }]);
  const text = `${JSON.stringify({ version: 1, sessions: Object.fromEntries(merged) as unknown })}\n`;
  if (text === stored || (sessions.length === 0 && stored === undefined)) return;
  try {
    await makePrivateDirectory(repo.layout.cache);
    await replaceFile(fileOf(repo), text, 0o600, { isDurable: false });
  } catch {
    // a full or read-only disk
  }
}

/** Pure. What is not as it should be is left out. */
export function parseLastList(text: string | undefined): ReadonlyMap<string, LastShown> {
  const value = parseJson(text);
  if (!isRecord(value) || value['version'] !== 1 || !isRecord(value['sessions'])) return new Map();
  return new Map(
    Object.entries(value['sessions']).flatMap(([id, one]) => {
      const shown = parseShown(one);
      return shown === undefined ? [] : [[id, shown] as const];
    }),
  );
}

function parseShown(value: unknown): LastShown | undefined {
  if (!isRecord(value) || !isRecord(value['widths'])) return undefined;
  const status = STATUSES.find((one) => one === value['status']);
  const { at } = value;
  if (status === undefined || typeof at !== 'string') return undefined;
  const widths = Object.entries(value['widths']).flatMap(([header, width]) =>
    Number.isInteger(width) && Number(width) >= 0 ? [[header, Math.min(Number(width), WIDEST)] as const] : [],
  );
  return { status, at, widths: Object.fromEntries(widths) };
}

async function readStored(repo: Pick<Repo, 'layout'>): Promise<string | undefined> {
  const read = await readSmallFile(fileOf(repo), LIMIT_BYTES).catch(() => undefined);
  return read !== undefined && 'text' in read ? read.text : undefined;
}

function fileOf({ layout }: Pick<Repo, 'layout'>): string {
  return path.join(layout.cache, 'last-list.json');
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
