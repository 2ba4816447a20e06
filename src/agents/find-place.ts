import path from 'node:path';
import { parseJson } from '../core/json.ts';
import { readText } from '../platform/files.ts';
import { eventLogOf } from '../registry/event-log.ts';
import { briefFor } from './brief.ts';
import { asPayload, textAt } from './payload.ts';
import type { AgentPlace } from './record.ts';

/** The session that a folder is in, and what an agent there is told. */
export interface FoundPlace extends AgentPlace {
  readonly brief: string;
}

const MAX_DEPTH = 100;

/** Looks upwards for a worktree that is a session's, by reading files alone. */
export async function findPlace(folder: string): Promise<FoundPlace | undefined> {
  let at = path.resolve(folder);
  for (let depth = 0; depth < MAX_DEPTH; depth++) {
    const found = await placeAt(at);
    if (found !== undefined) return found;
    const parent = path.dirname(at);
    if (parent === at) return undefined;
    at = parent;
  }
  return undefined;
}

const ID = /^[A-Za-z0-9][A-Za-z0-9_-]{0,47}$/;

async function placeAt(folder: string): Promise<FoundPlace | undefined> {
  const pointer = /^gitdir: (.+)/.exec((await tryRead(path.join(folder, '.git'))) ?? '')?.[1]?.trim();
  if (pointer === undefined) return undefined;
  const adminDirectory = path.resolve(folder, pointer);
  const note = asPayload(parseJson(await tryRead(path.join(adminDirectory, 'wt.json'))));
  const id = textAt(note, 'id');
  if (id === undefined || !ID.test(id)) return undefined;
  const common = (await tryRead(path.join(adminDirectory, 'commondir')))?.trim() ?? '../..';
  const commonDir = path.resolve(adminDirectory, common);
  const brief = briefFor({
    id,
    branch: textAt(note, 'branch') ?? id,
    base: textAt(asPayload(note['base']), 'branch') ?? 'its base',
    worktree: folder,
    main: path.basename(commonDir) === '.git' ? path.dirname(commonDir) : undefined,
  });
  return { id, adminDirectory, log: eventLogOf(commonDir), brief };
}

/** What cannot be read is not there. */
async function tryRead(file: string): Promise<string | undefined> {
  try {
    return await readText(file);
  } catch {
    return undefined;
  }
}
