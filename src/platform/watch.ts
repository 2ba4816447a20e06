import { watch, type FSWatcher } from 'node:fs';
import { lstat } from 'node:fs/promises';
import path from 'node:path';

export interface Watch {
  close(): void;
}

/** How long changes are gathered before somebody is told of them. */
const SETTLE_MS = 15;
/** How often files are looked at that the system cannot watch: no more watches to be had, or a file system without them. */
const LOOK_MS = 500;

/**
 * Calls when one of the files is written, replaced, made or deleted, with all that changed since the last call; never for other
 * files of their folders. A file and its folder need not be there yet. Watch first and read then: nothing is missed between.
 * `onChange` may be called once too often, never too seldom. fs.watch of the folders, for files that are replaced by a rename.
 */
export function watchFiles(files: readonly string[], onChange: (changed: ReadonlySet<string>) => void): Watch {
  const changed = new Set<string>();
  let timer: NodeJS.Timeout | undefined;
  const tell = (some: readonly string[]): void => {
    if (some.length === 0) return;
    for (const file of some) changed.add(file);
    timer ??= setTimeout(() => {
      timer = undefined;
      const told = new Set(changed);
      changed.clear();
      onChange(told);
    }, SETTLE_MS);
  };
  const folders = [...new Set(files.map((file) => path.dirname(file)))];
  const watches = folders.map((folder) =>
    watchFolder(
      folder,
      files.filter((file) => path.dirname(file) === folder),
      tell,
    ),
  );
  return {
    close() {
      clearTimeout(timer);
      for (const one of watches) one.close();
    },
  };
}

/** The same, to be asked: what has changed since the last call, at once when something has. Nothing: the time is up, or it was interrupted. */
export function followFiles(
  files: readonly string[],
  signal: AbortSignal,
): Watch & { next(timeoutMs: number): Promise<ReadonlySet<string>> } {
  let pending = new Set<string>();
  let wake = (): void => {};
  const watching = watchFiles(files, (changed) => {
    for (const file of changed) pending.add(file);
    wake();
  });
  return {
    close: () => watching.close(),
    async next(timeoutMs) {
      if (pending.size === 0 && !signal.aborted)
        await new Promise<void>((resolve) => {
          const end = (): void => {
            clearTimeout(timer);
            signal.removeEventListener('abort', end);
            resolve();
          };
          const timer = setTimeout(end, Math.min(timeoutMs, 2 ** 31 - 1));
          signal.addEventListener('abort', end, { once: true });
          wake = end;
        });
      const changed = pending;
      pending = new Set();
      return changed;
    },
  };
}

/** Files of one folder. While the folder is missing, the nearest one above it is watched until it comes. */
function watchFolder(folder: string, files: readonly string[], tell: (files: readonly string[]) => void): Watch {
  let current: Watch | undefined;
  let isClosed = false;
  const again = (): void => {
    if (isClosed) return;
    arm();
    tell(files);
  };
  const arm = (): void => {
    current?.close();
    current = undefined;
    for (let place = folder; ; place = path.dirname(place)) {
      const found = tryWatch(place, (name) => {
        const isOfFile = place === folder && name !== null && name !== path.basename(folder);
        if (isOfFile) tell(files.filter((file) => path.basename(file) === name));
        else again(); // the folder itself has come, or was moved or deleted
      });
      if (found === 'missing' && path.dirname(place) !== place) continue;
      current = typeof found === 'object' ? found : lookAt(files, tell);
      // It may have come between the two looks.
      if (place !== folder) void lstat(nextBelow(place, folder)).then(again, () => {});
      return;
    }
  };
  arm();
  return {
    close() {
      isClosed = true;
      current?.close();
    },
  };
}

function nextBelow(above: string, folder: string): string {
  return path.join(above, path.relative(above, folder).split(path.sep)[0] ?? '');
}

function tryWatch(folder: string, onEvent: (name: string | null) => void): FSWatcher | 'missing' | 'impossible' {
  try {
    const watcher = watch(folder, (_, name) => onEvent(name));
    watcher.on('error', () => onEvent(null));
    return watcher;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === 'ENOENT' || code === 'ENOTDIR' ? 'missing' : 'impossible';
  }
}

function lookAt(files: readonly string[], tell: (files: readonly string[]) => void): Watch {
  const seen = new Map<string, string>();
  const look = async (): Promise<void> => {
    for (const file of files) {
      const mark = await lstat(file).then(({ ino, mtimeMs, size }) => `${ino} ${mtimeMs} ${size}`, String);
      const before = seen.get(file);
      seen.set(file, mark);
      if (before !== undefined && before !== mark) tell([file]);
    }
  };
  void look();
  const timer = setInterval(() => void look(), LOOK_MS);
  return { close: () => clearInterval(timer) };
}
