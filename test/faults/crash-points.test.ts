import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, describe, expect, test } from 'vitest';
import { isSame, learn, putRight, type Goals } from '../support/goals.ts';
import {
  cannotPreload,
  FIXED_DATES,
  findLosses,
  listProcessesOf,
  pointsOf,
  runCounted,
  untilRoomIsQuiet,
} from '../support/kill.ts';
import { differences, pictureOf, type Picture } from '../support/picture.ts';
import { findFaults, runWt, type Exit } from '../support/spawn.ts';
import { makeScene, VERBS, type Scene, type Verb } from '../support/verbs.ts';

// Kills a command before a call that changes the file system, Node and every git child at once, then asks the next command
// to put things right. Of calls with the same effect the first is tried; WT_CRASH_ALL=1 tries every call of all.
const EVERY_POINT = process.env['WT_CRASH_ALL'] === '1';
const LANES = 2;
const MINUTES = EVERY_POINT ? 60 : 10;

interface Line {
  readonly verb: string;
  readonly calls: number;
  readonly effects: number;
  readonly tried: number;
  readonly recovered: number;
}
const matrix: Line[] = [];

afterAll(() => {
  if (matrix.length === 0) return;
  const rows = matrix.map(({ verb, calls, effects, tried, recovered }) => [verb, calls, effects, tried, recovered]);
  const lines = [['killed during', 'calls', 'effects', 'points tried', 'recovered'], ...rows].map((row) =>
    row.map((cell, i) => (i === 0 ? String(cell).padEnd(30) : String(cell).padStart(13))).join(''),
  );
  process.stdout.write(`\n${lines.join('\n')}\n`);
});

interface Try {
  readonly at: number;
  /** Whether the command is run again, too. */
  readonly isRepeated: boolean;
}

const STUCK_MS = 180_000;

/** What is wrong after a kill at one point; also that something of it does not come to its end. */
async function judgePoint(scene: Scene, verb: Verb, goals: Goals, one: Try): Promise<readonly string[]> {
  const given = new AbortController();
  const stuck = sleep(STUCK_MS, undefined, { signal: given.signal }).then(async () => [
    `point ${one.at}: stands still: ${(await listProcessesOf(scene.room)).join('; ')}`,
  ]);
  try {
    return await Promise.race([tryPoint(scene, verb, goals, one), stuck]);
  } finally {
    given.abort();
    stuck.catch(() => {});
  }
}

/** Kills at one point and gives what is wrong afterwards. */
async function tryPoint(scene: Scene, verb: Verb, goals: Goals, { at, isRepeated }: Try): Promise<readonly string[]> {
  const { room, root } = scene;
  await scene.reset();
  const { exit, calls } = await runCounted(scene, verb.argv, { at });
  const faults: string[] = [];
  if (exit.signal !== 'SIGKILL' && exit.code !== 0) faults.push(`the command itself failed: ${exit.stderr}`);
  const { now, said, ...after } = await putRight(scene, verb, goals);
  faults.push(...after.faults);
  if (isRepeated && (!verb.isToggle || isSame(now, goals.before))) {
    const again = await runWt(room, root, verb.argv, { env: FIXED_DATES });
    await untilRoomIsQuiet(room);
    faults.push(...(await judgeAgain(scene, goals, { again, now })).map((fault) => `when run again: ${fault}`));
  }
  if (faults.length === 0) return [];
  return [[`point ${at}:`, ...faults, said, ...calls.slice(-4)].map((line) => room.seal(line)).join('\n  ')];
}

/** The goal is reached, or was already and the command says so. */
async function judgeAgain(
  { room, root, ...work }: Scene,
  { after }: Goals,
  { again, now }: { again: Exit; now: Picture },
): Promise<readonly string[]> {
  const isSaid =
    (again.code === 3 || again.code === 4 || again.stderr.includes('no uncommitted changes')) &&
    Object.keys(after).some((id) => id !== 'main' && now[id] === after[id]);
  if (again.code !== 0 && !isSaid) return [`exit ${again.code}: ${again.stderr}`];
  const then = await pictureOf(room, root);
  const rest = isSaid ? differences(then, now) : differences(then, after);
  return [...rest, ...(await findFaults(room, root)), ...(await findLosses(room, root, work))];
}

async function expectNoPointToMatter(verb: Verb): Promise<void> {
  const scenes = await Promise.all(Array.from({ length: LANES }, () => makeScene(verb)));
  const learnt = await Promise.all(scenes.map((scene) => learn(scene, verb)));
  const [first] = scenes;
  const calls = learnt[0]?.whole.calls ?? [];
  const points = first === undefined ? [] : pointsOf(calls, first.room);
  const effects = new Set(points.map(({ effect }) => effect)).size;
  const due = EVERY_POINT ? calls.map((_, i) => i + 1) : points.map(({ at }) => at);
  const tried = due.length;
  const failing: string[] = [];
  await Promise.all(
    scenes.map(async (scene, lane) => {
      const { goals } = learnt[lane] as { goals: Goals };
      for (let at = due.shift(); at !== undefined; at = due.shift()) {
        // Run again at every fifth: from a state that was seen before, the rest would tell nothing new.
        const isRepeated = EVERY_POINT || due.length % 5 === 0;
        failing.push(...(await judgePoint(scene, verb, goals, { at, isRepeated })));
      }
    }),
  );
  matrix.push({ verb: verb.title, calls: calls.length, effects, tried, recovered: tried - failing.length });
  expect(failing.join('\n')).toBe('');
}

describe.skipIf(cannotPreload !== '')(`a command killed before any call that changes a file${cannotPreload}`, () => {
  test.for(VERBS.map((verb) => [verb.title, verb] as const))(
    '%s is done or undone by the next command with nothing lost, and reaches its goal when it is run again',
    { timeout: MINUTES * 60_000 },
    ([, verb]) => expectNoPointToMatter(verb),
  );
});
