import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { parseJson } from '../core/json.ts';
import { livenessOf, parseOwner, type Owner } from '../platform/identity.ts';
import { listDirectory, makePrivateDirectory, readText, removeFile } from '../platform/files.ts';
import { endProcessTree, isCaller } from '../platform/processes.ts';
import { LIVE, SETUP } from '../registry/live-record.ts';
import type { Session } from './book.ts';

/** Programs that wt has started there and that still run. */
export async function listLive(adminDirectory: string): Promise<readonly Owner[]> {
  return readAlive(adminDirectory, () => true);
}

async function readAlive(adminDirectory: string, isWanted: (name: string) => boolean): Promise<readonly Owner[]> {
  const folder = path.join(adminDirectory, LIVE);
  const names = (await listDirectory(folder)).map(({ name }) => name).filter(isWanted);
  const owners = await Promise.all(
    names.map(async (name) => parseOwner(parseJson(await readText(path.join(folder, name))))),
  );
  return owners.flatMap((owner) => (owner !== undefined && livenessOf(owner) === 'alive' ? [owner] : []));
}

/** Writes down that this very command makes the session ready. */
export async function beginSetupRecord(adminDirectory: string, owner: Owner): Promise<void> {
  const folder = path.join(adminDirectory, LIVE);
  await makePrivateDirectory(folder);
  await writeFile(path.join(folder, `${SETUP}${owner.pid}.json`), JSON.stringify(owner), { mode: 0o600 });
}

export async function endSetupRecord(adminDirectory: string, { pid }: Owner): Promise<void> {
  await removeFile(path.join(adminDirectory, LIVE, `${SETUP}${pid}.json`)).catch(() => {});
}

/** Who makes the session ready at this moment: a wt, or a command that outlived its wt. */
export async function listSettingUp(adminDirectory: string): Promise<readonly Owner[]> {
  return readAlive(adminDirectory, (name) => name.startsWith(SETUP));
}

/** Whether the set-up of a session runs at this moment. */
export async function isSettingUp({ row, admin }: Pick<Session, 'row' | 'admin'>): Promise<boolean> {
  return row.setup?.state === 'running' && admin !== undefined && (await listSettingUp(admin.directory)).length > 0;
}

/** Ends them; never one that this very command was called from. */
export async function endLive(adminDirectory: string): Promise<void> {
  for (const { pid } of await listLive(adminDirectory)) if (!(await isCaller(pid))) await endProcessTree(pid);
}
