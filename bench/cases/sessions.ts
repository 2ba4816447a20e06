import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { AmountCase, Group, RaceCase, Side } from '../case.ts';
import { runNow } from '../processes.ts';
import { heal, makeRepository, makeSessions, nameOf, workIn } from '../repositories.ts';
import { PROGRAM, type Room } from '../room.ts';
import type { Bar } from '../verdict.ts';
import { hookCall, side } from './start.ts';

const [FEW, MANY] = [5, 200];

/** Small files, many sessions: what grows with their number shows. */
function repository(room: Room, sessions: number): Promise<string> {
  return room.once(`sessions-${sessions}`, async () => {
    const root = makeRepository(room, `sessions-${sessions}`, { files: 20 });
    const ids = Array.from({ length: sessions }, (_, i) => `s${i}`);
    await makeSessions(room, root, ids);
    for (const [i, id] of ids.entries()) if (i % 2 === 0) workIn(room, root, id, [nameOf(i % 20)]);
    await heal(room, root);
    return root;
  });
}

type MakeSide = (room: Room, root: string) => Side;

/** What a verb takes among many sessions against what it takes among few. */
function scaleCase(verb: string, bar: Bar | undefined, rounds: RaceCase['rounds'], make: MakeSide): RaceCase {
  return {
    kind: 'race',
    name: `scale-${verb}`,
    title: `wt ${verb} among ${MANY} sessions`,
    floor: `the same among ${FEW}`,
    ...(bar && { bar }),
    rounds,
    async prepare(room) {
      const [few, many] = [await repository(room, FEW), await repository(room, MANY)];
      return { ours: make(room, many), floor: make(room, few) };
    },
  };
}

const reading =
  (...words: readonly string[]): MakeSide =>
  (room, root) =>
    side('wt', room.wtCall(root, ...words));

const creating: MakeSide = (room, root) => ({
  name: 'wt',
  run: (round) => void room.wt(root, 'create', `c${round}`),
  after: (round) => void room.wt(root, 'remove', `c${round}`, '--force'),
});

const merging: MakeSide = (room, root) => ({
  name: 'wt',
  before(round) {
    room.wt(root, 'create', `m${round}`);
    workIn(room, root, `m${round}`, [nameOf(19)]);
  },
  run: (round) => void room.wt(root, 'merge', `m${round}`, '--yes'),
  after: (round) => void room.wt(root, 'remove', `m${round}`, '--force'),
});

const FLAT: Bar = { limit: 1.3 };
const QUICK = { full: 21, quick: 8 };
const SLOW = { full: 11, quick: 3 };

const memory: AmountCase = {
  kind: 'amount',
  name: 'list-memory',
  title: `most memory of wt list among ${MANY} sessions`,
  floor: '',
  unit: 'MB',
  bar: { limit: 120 },
  rounds: { full: 5, quick: 2 },
  async prepare(room) {
    const root = await repository(room, MANY);
    const [probe, told] = [path.join(room.dir, 'memory.cjs'), path.join(room.dir, 'memory')];
    const script = `process.on('exit', () => require('fs').writeFileSync(${JSON.stringify(told)}, String(process.resourceUsage().maxRSS)));`;
    writeFileSync(probe, script);
    return {
      measure() {
        rmSync(told, { force: true });
        runNow(room.call(root, process.execPath, '--require', probe, PROGRAM, 'list'));
        return (Number(readFileSync(told, 'utf8')) * 1024) / 1e6;
      },
    };
  },
};

export const sessions: Group = {
  name: 'scale',
  cases: [
    scaleCase('path', FLAT, QUICK, reading('path', 's1')),
    scaleCase('hook', FLAT, QUICK, (room, root) => side('wt', hookCall(room, root, 's1'))),
    scaleCase('create', FLAT, SLOW, creating),
    scaleCase('merge', FLAT, SLOW, merging),
    scaleCase('show', undefined, SLOW, reading('show', 's1')),
    scaleCase('list', undefined, { full: 5, quick: 2 }, reading('list')),
    scaleCase('next', undefined, { full: 5, quick: 2 }, reading('next')),
    scaleCase('conflicts', undefined, { full: 5, quick: 2 }, reading('conflicts')),
    memory,
  ],
};
