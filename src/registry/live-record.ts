import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { makePrivateDirectory, removeFile } from '../platform/files.ts';
import { describeProcess } from '../platform/identity.ts';

/** Folder in a session's administrative folder with a record of every program that wt runs there. */
export const LIVE = 'wt-live';
/** What the records of a set-up begin with: of its commands, and of the wt that runs them. */
export const SETUP = 'setup-';

/** Writes down a program while it runs: pid, start time and boot, so that nothing else is ever taken for it. */
export function liveRecord(
  adminDirectory: string,
  command: string,
  kind: 'program' | 'setup' = 'program',
): { begin: (pid: number) => void; end: () => Promise<void> } {
  const folder = path.join(adminDirectory, LIVE);
  let written: Promise<string | undefined> = Promise.resolve(undefined);
  const write = async (pid: number): Promise<string | undefined> => {
    const owner = describeProcess(pid, command.slice(0, 200));
    if (owner === undefined) return undefined; // it has ended already
    const file = path.join(folder, `${kind === 'setup' ? SETUP : ''}${pid}.json`);
    await makePrivateDirectory(folder);
    await writeFile(file, JSON.stringify(owner), { mode: 0o600 });
    return file;
  };
  return {
    // A record that cannot be written must not keep the program from running.
    begin: (pid) => void (written = write(pid).catch(() => undefined)),
    async end() {
      const file = await written;
      if (file !== undefined) await removeFile(file).catch(() => {});
    },
  };
}
