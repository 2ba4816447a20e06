import { constants } from 'node:os';
import process from 'node:process';
import { describe, expect, test } from 'vitest';
import { judge, learn, type Goals } from '../support/goals.ts';
import { cannotPreload, findLosses, pointsOf, runCounted } from '../support/kill.ts';
import { pictureOf } from '../support/picture.ts';
import { findFaults } from '../support/spawn.ts';
import { makeScene, VERBS, type Scene, type Verb } from '../support/verbs.ts';

// Sends a signal to wt alone before a call that changes the file system; no other command has to put anything right.
// WT_CRASH_ALL=1 sends every signal at every effect, else one of the three at every second.
const EVERY_POINT = process.env['WT_CRASH_ALL'] === '1';
const MINUTES = EVERY_POINT ? 60 : 5;
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
const INTERRUPTED = new Set([
  'create',
  'merge (base checked out)',
  'remove --force',
  'restore',
  'undo of merge (base checked out)',
  'undo of commit',
]);

async function trySignal(
  scene: Scene,
  verb: Verb,
  goals: Goals,
  { at, signal }: { at: number; signal: (typeof SIGNALS)[number] },
): Promise<readonly string[]> {
  const { room, root } = scene;
  await scene.reset();
  const number = constants.signals[signal];
  const { exit, calls } = await runCounted(scene, verb.argv, { at, mishap: `signal:${number}` });
  const now = await pictureOf(room, root);
  const faults = [
    ...(await findFaults(room, root)),
    ...(await findLosses(room, root, scene)),
    ...judge(now, goals, verb),
  ];
  if (exit.code !== 0 && exit.code !== 128 + number) faults.push(`it exits with ${exit.code}: ${exit.stderr}`);
  if (exit.code === 0) faults.push(...judge(now, { ...goals, before: goals.after, milestones: [] }, verb));
  if (faults.length === 0) return [];
  return [
    [`${signal} at ${at}:`, ...faults, exit.stderr, ...calls.slice(at - 3, at)]
      .map((line) => room.seal(line))
      .join('\n  '),
  ];
}

describe.skipIf(cannotPreload !== '')(`a signal before any call that changes a file${cannotPreload}`, () => {
  test.for(VERBS.filter(({ title }) => INTERRUPTED.has(title)).map((verb) => [verb.title, verb] as const))(
    '%s that is interrupted has changed nothing or is finished, and exits as shells count signals',
    { timeout: MINUTES * 60_000 },
    async ([, verb]) => {
      const scene = await makeScene(verb);
      const { whole, goals } = await learn(scene, verb);
      const points = pointsOf(whole.calls, scene.room);
      const failing: string[] = [];
      for (const [i, { at }] of points.entries()) {
        if (!EVERY_POINT && i % 2 === 1) continue;
        for (const signal of EVERY_POINT ? SIGNALS : [SIGNALS[(i / 2) % 3] ?? 'SIGINT'])
          failing.push(...(await trySignal(scene, verb, goals, { at, signal })));
      }
      expect(failing.join('\n')).toBe('');
    },
  );
});
