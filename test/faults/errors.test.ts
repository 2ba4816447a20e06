import process from 'node:process';
import { describe, expect, test } from 'vitest';
import { learn, putRight, type Goals } from '../support/goals.ts';
import { cannotPreload, pointsOf, runCounted, type Mishap } from '../support/kill.ts';
import { makeScene, VERBS, type Scene, type Verb } from '../support/verbs.ts';

// Lets one call that changes the file system fail, or every one from there on, in Node or in git; then all is well again.
// WT_CRASH_ALL=1 tries every failure at every effect, else each verb gets a few of them.
const EVERY_POINT = process.env['WT_CRASH_ALL'] === '1';
const SAMPLE = 6;
const MINUTES = EVERY_POINT ? 60 : 5;

const [EIO, EMFILE, ENOSPC, EROFS] = [5, 24, 28, 30];
const FAILURES: readonly Mishap[] = [
  `errno:${ENOSPC}:on`,
  `errno:${EIO}`,
  `errno:${EROFS}:on`,
  `errno:${ENOSPC}`,
  `errno:${EMFILE}:on`,
  `errno:${EIO}:on`,
  `errno:${EMFILE}`,
];
/** Done all the same, refused, or the disk and git named as the reason. 1 would be a bug of wt. */
const TRUTHFUL = [0, 4, 5, 9];

interface Failing {
  readonly at: number;
  readonly mishap: Mishap;
}

async function tryFailure(scene: Scene, verb: Verb, goals: Goals, { at, mishap }: Failing): Promise<readonly string[]> {
  const { room } = scene;
  await scene.reset();
  const { exit, calls } = await runCounted(scene, verb.argv, { at, mishap });
  const faults: string[] = [];
  if (!TRUTHFUL.includes(exit.code)) faults.push(`it exits with ${exit.code}: ${exit.stderr}`);
  const after = await putRight(scene, verb, goals);
  faults.push(...after.faults);
  if (faults.length === 0) return [];
  const said = [`it said: ${exit.code} ${exit.stderr.trim()}`, after.said];
  const around = calls.slice(Math.max(0, at - 3), at + 2);
  return [[`${mishap} at ${at}:`, ...faults, ...said, ...around].map((line) => room.seal(line)).join('\n  ')];
}

/** Every failure at every effect, or each failure at some effects that are spread over the whole command. */
function choose(ats: readonly number[], offset: number): readonly Failing[] {
  if (EVERY_POINT) return ats.flatMap((at) => FAILURES.map((mishap) => ({ at, mishap })));
  return Array.from({ length: SAMPLE }, (_, i) => ({
    at: ats[Math.floor(((i + (offset % 7) / 7) / SAMPLE) * ats.length)] ?? 1,
    mishap: FAILURES[(i + offset) % FAILURES.length] ?? 'kill',
  }));
}

describe.skipIf(cannotPreload !== '')(`a call that changes a file and fails${cannotPreload}`, () => {
  test.for(VERBS.map((verb, i) => [verb.title, verb, i] as const))(
    '%s that meets a full, broken or read-only disk is whole or undone once the next command has run',
    { timeout: MINUTES * 60_000 },
    async ([, verb, offset]) => {
      const scene = await makeScene(verb);
      const { whole, goals } = await learn(scene, verb);
      const ats = pointsOf(whole.calls, scene.room).map(({ at }) => at);
      const failing: string[] = [];
      for (const one of choose(ats, offset)) failing.push(...(await tryFailure(scene, verb, goals, one)));
      expect(failing.join('\n')).toBe('');
    },
  );
});
