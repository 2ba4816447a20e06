import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Group, Side } from '../case.ts';
import { peerSides } from '../peers.ts';
import { runNow, type Call } from '../processes.ts';
import { makeRepository, makeSessions } from '../repositories.ts';
import { PROGRAM, type Room } from '../room.ts';

const ROUNDS = { full: 40, quick: 12 };
const FLOOR = 'node, an empty script';

export function side(name: string, call: Call): Side {
  return { name, run: () => void runNow(call) };
}

/** What no program on Node can be quicker than. */
export function emptyNode(room: Room): Side {
  return side(FLOOR, room.call(room.dir, process.execPath, emptyScript(room)));
}

export function emptyScript(room: Room): string {
  const file = path.join(room.dir, 'empty.cjs');
  writeFileSync(file, '');
  return file;
}

/** Twenty files, one session. */
export function smallRepository(room: Room): Promise<string> {
  return room.once('small', async () => {
    const root = makeRepository(room, 'small', { files: 20 });
    await makeSessions(room, root, ['a']);
    return root;
  });
}

/** One call of a hook of Claude Code, which says where it is. */
export function hookCall(room: Room, root: string, id: string): Call {
  const cwd = path.join(root, '.worktrees', id);
  const payload = { hook_event_name: 'PostToolUse', session_id: 'c1', cwd, transcript_path: '/x', tool_name: 'Read' };
  return { ...room.wtCall(cwd, 'hook', 'claude'), input: JSON.stringify(payload) };
}

/** Instructions that a program takes, as perf counts them: the same at every load. Undefined where it cannot. */
function countInstructions(room: Room, ...argv: readonly string[]): number | undefined {
  const args = ['stat', '-x', ',', '-e', 'instructions:u', '--', ...argv];
  const { stderr, status } = spawnSync('perf', args, { env: room.env, encoding: 'utf8' });
  const count = Number((stderr ?? '').split(',')[0]);
  return status === 0 && count > 0 ? count : undefined;
}

export const start: Group = {
  name: 'start',
  cases: [
    {
      kind: 'race',
      name: 'version',
      title: 'wt --version',
      floor: FLOOR,
      bar: { limit: 1.35 },
      rounds: ROUNDS,
      prepare: (room) =>
        Promise.resolve({
          ours: side('wt', room.wtCall(room.dir, '--version')),
          floor: emptyNode(room),
          peers: peerSides(room, 'version', room.dir),
        }),
    },
    {
      kind: 'amount',
      name: 'version-instructions',
      title: 'wt --version, in instructions of the processor against an empty script',
      floor: FLOOR,
      unit: '×',
      bar: { limit: 1.5 },
      rounds: { full: 7, quick: 3 },
      prepare(room) {
        const empty = (): number | undefined => countInstructions(room, process.execPath, emptyScript(room));
        if (empty() === undefined)
          return Promise.resolve({ skipped: '`perf stat -e instructions` counts nothing here' });
        const ours = (): number | undefined => countInstructions(room, process.execPath, PROGRAM, '--version');
        return Promise.resolve({ measure: () => (ours() ?? Number.NaN) / (empty() ?? Number.NaN) });
      },
    },
    {
      kind: 'race',
      name: 'path',
      title: 'wt path',
      floor: FLOOR,
      bar: { limit: 1.35 },
      rounds: ROUNDS,
      async prepare(room) {
        const root = await smallRepository(room);
        return { ours: side('wt', room.wtCall(root, 'path', 'a')), floor: emptyNode(room) };
      },
    },
    {
      kind: 'race',
      name: 'hook',
      title: 'wt hook, at every step of an agent',
      floor: FLOOR,
      bar: { limit: 2 },
      rounds: ROUNDS,
      async prepare(room) {
        const root = await smallRepository(room);
        return { ours: side('wt', hookCall(room, root, 'a')), floor: emptyNode(room) };
      },
    },
  ],
};
