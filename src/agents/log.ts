import { constants, watch } from 'node:fs';
import { copyFile, open, rename, stat, truncate } from 'node:fs/promises';
import { makePrivateDirectory, listDirectory, removeFile } from '../platform/files.ts';
import path from 'node:path';

/** What the log of one run may take, and once more for what came before. */
export const LOG_BYTES = 10_000_000;
/** Logs of one session that are kept, the one that is begun included. */
const KEPT = 5;

/** A new log for a start; of the session's old ones the newest stay. Returns its path. */
export async function beginLog(folder: string, { id, at }: { id: string; at: string }): Promise<string> {
  await makePrivateDirectory(folder);
  const stamp = at.replaceAll(/[:.]/g, '-');
  const own = new RegExp(`^${id}-\\d{4}-\\d\\d-\\d\\dT[\\d-]+Z(?:-\\d+)?\\.log$`);
  const old = (await listDirectory(folder)).map(({ name }) => name).filter((name) => own.test(name));
  for (const name of old.toSorted().slice(0, 1 - KEPT))
    for (const one of [name, `${name}.1`]) await removeFile(path.join(folder, one)).catch(() => {});
  for (let n = 1; ; n++) {
    const file = path.join(folder, `${id}-${stamp}${n === 1 ? '' : `-${n}`}.log`);
    try {
      await (await open(file, 'wx', 0o600)).close();
      return file;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
}

/** Opens it for a program that writes at its end whoever else writes or cuts it. */
export async function openToAppend(file: string): Promise<{ readonly fd: number; close(): Promise<void> }> {
  const flags = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NOFOLLOW;
  const handle = await open(file, flags, 0o600);
  return { fd: handle.fd, close: () => handle.close() };
}

const LOOK_MS = 250;

/**
 * Keeps a log in bounds while something writes it: what is too much moves into `<log>.1`. It is copied and cut, for the writer has the
 * file open; what is written in between is lost. Returns what ends it.
 */
export function boundLog(file: string, limitBytes = LOG_BYTES): () => void {
  let timer: NodeJS.Timeout | undefined;
  let isOver = false;
  const look = async (): Promise<void> => {
    if (!isOver) await cutLog(file, limitBytes).catch(() => {});
    timer = undefined;
  };
  const watcher = tryWatch(file, () => {
    timer ??= setTimeout(() => void look(), LOOK_MS).unref();
  });
  const slow = watcher === undefined ? setInterval(() => void look(), 2000).unref() : undefined;
  return () => {
    isOver = true;
    watcher?.close();
    clearTimeout(timer);
    clearInterval(slow);
  };
}

/** Undefined where nothing more can be watched (inotify(7), max_user_watches). */
function tryWatch(file: string, onChange: () => void): { close: () => void } | undefined {
  try {
    const watcher = watch(file, onChange);
    watcher.on('error', () => watcher.close());
    return watcher;
  } catch {
    return undefined;
  }
}

/** Undefined limit: never. On a full disk what was before goes first, and then the log itself. */
export async function cutLog(file: string, limitBytes: number): Promise<void> {
  if ((await stat(file)).size <= limitBytes) return;
  const draft = `${file}.1.tmp`;
  try {
    await copyFile(file, draft);
    await rename(draft, `${file}.1`);
  } catch {
    await removeFile(draft).catch(() => {});
    await removeFile(`${file}.1`).catch(() => {});
  }
  await truncate(file, 0);
}
