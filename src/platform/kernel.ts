import { readFile } from 'node:fs/promises';

/** inotify(7), /proc/sys/fs/inotify/max_user_watches; undefined elsewhere than on Linux. */
export async function readWatchLimit(): Promise<number | undefined> {
  return toNumber(await readFile('/proc/sys/fs/inotify/max_user_watches', 'utf8').catch(() => undefined));
}

/** Files that a program started from here may have open: the hard limit, which node and most servers take; proc_pid_limits(5). */
export async function readOpenFileLimit(): Promise<number | undefined> {
  const text = await readFile('/proc/self/limits', 'utf8').catch(() => '');
  return toNumber(/^Max open files\s+\S+\s+(\d+)/m.exec(text)?.[1]);
}

/** Files that are open on the whole machine, and how many may be; proc_sys_fs(5), file-nr. */
export async function readFilesOpen(): Promise<{ used: number; max: number } | undefined> {
  const text = await readFile('/proc/sys/fs/file-nr', 'utf8').catch(() => '');
  const [used, , max] = text.trim().split(/\s+/).map(toNumber);
  return used === undefined || max === undefined ? undefined : { used, max };
}

function toNumber(text: string | undefined): number | undefined {
  const number = Number(text?.trim() || Number.NaN);
  return Number.isSafeInteger(number) ? number : undefined;
}
