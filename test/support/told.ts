import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import type { AgentFacts } from '#src/agents/facts.ts';
import { recordNews } from '#src/agents/record.ts';
import type { Owner } from '#src/platform/identity.ts';
import { eventLogOf, type NewEvent } from '#src/registry/event-log.ts';
import { makeRun } from './agent-facts.ts';
import { DEAD } from './dead.ts';
import { makeDeps } from './deps.ts';
import type { Bench } from './wt.ts';

/** An agent of before the machine was started anew. */
export const REBOOTED: Owner = { ...DEAD, boot: '00000000-0000-0000-0000-000000000000' };

/** git's administrative folder of a session. */
export async function adminOf({ root }: Pick<Bench, 'root'>, id: string): Promise<string> {
  const folder = path.join(root, '.git', 'worktrees');
  for (const name of await readdir(folder)) {
    const note = await readFile(path.join(folder, name, 'wt.json'), 'utf8').catch(() => '{}');
    if ((JSON.parse(note) as { id?: string }).id === id) return path.join(folder, name);
  }
  throw new Error(`no session ${id}`);
}

/** Puts facts of an agent into a session, as a hook or `wt run` does; an agent that lives unless they say otherwise. */
export async function tell(
  bench: Bench,
  id: string,
  facts: Partial<AgentFacts>,
  event?: { readonly event: string } & Partial<Pick<NewEvent, 'at' | 'by' | 'data'>>,
): Promise<void> {
  const place = { id, adminDirectory: await adminOf(bench, id), log: eventLogOf(path.join(bench.root, '.git')) };
  await recordNews(makeDeps(bench.room, bench.root), place, (before) => ({
    facts: { ...before, run: before.run ?? makeRun(), ...facts },
    events: event === undefined ? [] : [{ at: '2026-01-01T10:01:00.000Z', by: 'claude', data: {}, ...event }],
  }));
}
