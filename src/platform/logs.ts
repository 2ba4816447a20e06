import path from 'node:path';
import { listDirectory, openLog, removeFile, type Log } from './files.ts';

/** How many logs of a kind are kept. */
const KEPT = 50;

/** Opens a log whose name begins with its time, so that the oldest sort first; the newest fifty of the folder stay. */
export async function startLog(
  folder: string,
  { at, name }: { at: string; name: string },
): Promise<Log & { readonly file: string }> {
  const file = path.join(folder, `${at.replaceAll(/[:.]/g, '-')}-${name}.log`);
  const log = await openLog(file);
  await dropOldLogs(folder, path.basename(file)).catch(() => {}); // old ones are in nobody's way
  return { ...log, file };
}

async function dropOldLogs(folder: string, fresh: string): Promise<void> {
  const names = (await listDirectory(folder)).map(({ name }) => name);
  const old = names.filter((name) => name.endsWith('.log') && name !== fresh);
  for (const name of old.toSorted().slice(0, 1 - KEPT)) await removeFile(path.join(folder, name));
}
