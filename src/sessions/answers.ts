import { createHash } from 'node:crypto';
import path from 'node:path';
import type * as z from 'zod';
import { appendText, makePrivateDirectory, readSmallFile, replaceFile } from '../platform/files.ts';
import type { Repo } from './repo.ts';

/** Answers remembered from call to call. Their keys are made of object ids, so that none is ever out of date. */
export interface Answers {
  /** What was remembered, when it has the shape that is asked for; nothing else is believed. */
  get<T>(key: string, shape: z.ZodType<T>): T | undefined;
  put(key: string, value: unknown): void;
  /** Writes what is new, in one go. A disk that takes nothing is no failure: the answers can be found again. */
  save(): Promise<void>;
}

/** How large a file may grow before its older half goes, and an answer that is still worth remembering. */
const LIMIT_BYTES = 8 * 1024 * 1024;
const ANSWER_BYTES = 64 * 1024;

/** A crash may take the last lines, or tear one: what is not there is found again. Nothing has to be waited for. */
const UNSYNCED = { isDurable: false } as const;

/**
 * Opens `<common>/wt/cache/<kind>/answers.jsonl`: a line an answer, appended with one write, so that many may write at once.
 * `world` is whatever else the answers depend on (settings, a version); those of another world are not seen. Undefined, when that
 * cannot be told: nothing is remembered.
 */
export async function loadAnswers(
  repo: Pick<Repo, 'layout'>,
  kind: string,
  world: readonly string[] | undefined,
  limitBytes = LIMIT_BYTES,
): Promise<Answers> {
  if (world === undefined) return { get: () => undefined, put: () => {}, save: () => Promise.resolve() };
  const file = answersFile(repo, kind);
  const found = await readSmallFile(file, 2 * limitBytes).catch(() => undefined);
  const text = found !== undefined && 'text' in found ? found.text : undefined;
  const prefix = `${createHash('sha256').update(world.join('\0')).digest('hex').slice(0, 12)} `;
  const lines = linesByKey(text ?? '');
  const fresh = new Map<string, string>();
  return {
    get(key, shape) {
      const parsed = shape.safeParse(valueOf(fresh.get(prefix + key) ?? lines.get(prefix + key), prefix + key));
      return parsed.success ? parsed.data : undefined;
    },
    put(key, value) {
      const line = JSON.stringify([prefix + key, value]);
      if (line.length <= ANSWER_BYTES) fresh.set(prefix + key, line);
    },
    async save() {
      if (fresh.size === 0) return;
      const news = [...fresh.values()];
      for (const [key, line] of fresh) {
        lines.delete(key); // so that it goes to the end
        lines.set(key, line);
      }
      fresh.clear();
      try {
        await makePrivateDirectory(path.dirname(file));
        const isWhole = found === undefined || text !== undefined;
        // A line that was torn is ended first.
        if (isWhole && (text?.length ?? 0) + sizeOf(news) <= limitBytes)
          await appendText(file, `\n${news.join('\n')}\n`, UNSYNCED);
        else await replaceFile(file, `${newest([...lines.values()], limitBytes).join('\n')}\n`, 0o600, UNSYNCED);
      } catch (error) {
        if (!(error instanceof Error) || !('code' in error)) throw error;
      }
    },
  };
}

export function answersFile({ layout }: Pick<Repo, 'layout'>, kind: string): string {
  return path.join(layout.cache, kind, 'answers.jsonl');
}

/** The last line of each key, unread: only what is asked for is parsed. */
function linesByKey(text: string): Map<string, string> {
  const lines = new Map<string, string>();
  for (const line of text.split('\n')) {
    const key = /^\["([^"\\]+)",/.exec(line)?.[1];
    if (key !== undefined) lines.set(key, line);
  }
  return lines;
}

function valueOf(line: string | undefined, key: string): unknown {
  if (line === undefined) return undefined;
  try {
    const parsed = JSON.parse(line) as unknown;
    return Array.isArray(parsed) && parsed.length === 2 && parsed[0] === key ? parsed[1] : undefined;
  } catch {
    return undefined;
  }
}

function newest(lines: readonly string[], limitBytes: number): readonly string[] {
  let size = 0;
  const first = lines.findLastIndex((line) => (size += line.length + 1) > limitBytes / 2);
  return lines.slice(first + 1);
}

function sizeOf(lines: readonly string[]): number {
  return lines.reduce((sum, line) => sum + line.length + 1, 0);
}
