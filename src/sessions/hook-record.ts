import path from 'node:path';
import * as z from 'zod';
import { parseJson } from '../core/json.ts';
import { listDirectory, makePrivateDirectory, readText, removeFile, replaceFile } from '../platform/files.ts';
import type { Repo } from './repo.ts';

/** What `wt hooks install` has changed, so that it can be taken back to the byte. It holds a person's settings: for its owner only. */
const HookRecord = z.object({
  version: z.literal(1),
  /** The file as it was, in base64; null: there was none. */
  before: z.base64().nullable(),
  /** SHA-256 of the file as it was left. */
  installed: z.string(),
  /** Folders that were made for it, from the top of the worktree, the outermost first. */
  folders: z.array(z.string()),
  /** The line that was added to `info/exclude`. */
  excluded: z.string().nullable(),
});
export type HookRecord = z.infer<typeof HookRecord>;

/** Below the administrative folder of a session, so that it goes where the session goes; below wt's own for the main worktree. */
const FOLDER = 'wt-hooks';

export function recordFolder({ layout }: Repo, adminDirectory: string | undefined): string {
  return path.join(adminDirectory ?? layout.state, FOLDER);
}

/** One that cannot be read counts as none: then only wt's own hooks are taken out. */
export async function readHookRecord(folder: string, agent: string): Promise<HookRecord | undefined> {
  return HookRecord.safeParse(parseJson(await readText(fileOf(folder, agent)))).data;
}

export async function writeHookRecord(folder: string, agent: string, record: HookRecord): Promise<void> {
  await makePrivateDirectory(folder);
  await replaceFile(fileOf(folder, agent), `${JSON.stringify(record)}\n`);
}

export async function dropHookRecord(folder: string, agent: string): Promise<void> {
  await removeFile(fileOf(folder, agent));
}

/** Whether hooks of this agent are installed anywhere by that line of `info/exclude`: in sessions, the trash, the main worktree. */
export async function isLineNeeded(repo: Repo, agent: string, line: string): Promise<boolean> {
  const [linked, removed] = await Promise.all([
    listFolders(path.join(repo.commonDir, 'worktrees')),
    listFolders(repo.layout.trash),
  ]);
  const places = [repo.layout.state, ...linked, ...removed.map((entry) => path.join(entry, 'admin'))];
  const records = await Promise.all(places.map((place) => readHookRecord(path.join(place, FOLDER), agent)));
  return records.some((record) => record?.excluded === line);
}

async function listFolders(parent: string): Promise<readonly string[]> {
  return (await listDirectory(parent)).map(({ name }) => path.join(parent, name));
}

function fileOf(folder: string, agent: string): string {
  return path.join(folder, `${agent}.json`);
}
