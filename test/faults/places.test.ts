import { execFileSync, spawnSync } from 'node:child_process';
import { chmod, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import { describe, expect, onTestFinished, test } from 'vitest';
import { judge, learn, putRight, type Goals } from '../support/goals.ts';
import { cannotPreload, FIXED_DATES, pointsOf, runCounted, untilRoomIsQuiet } from '../support/kill.ts';
import { pictureOf } from '../support/picture.ts';
import { PROGRAM, runWt, start, type Exit } from '../support/spawn.ts';
import { makeScene, VERBS, type Scene, type Verb } from '../support/verbs.ts';

const MINUTES = 5;
const DAY = 86_400;
// WT_CRASH_ALL=1 takes every verb to every place, else each goes to every second one.
const all = VERBS.map((verb, i) => [verb.title, verb, i] as const);
const some = (odd: 0 | 1): typeof all =>
  process.env['WT_CRASH_ALL'] === '1' ? all : all.filter(([, , i]) => i % 2 === odd);
const isRoot = process.getuid?.() === 0;
const canMount =
  isRoot && spawnSync('unshare', ['-m', 'mount', '-t', 'tmpfs', 'none', '/mnt'], { stdio: 'ignore' }).status === 0;

/** What is wrong once the trouble is over and another command has run. */
async function judgeAfter(scene: Scene, verb: Verb, goals: Goals, exit: Exit): Promise<string> {
  const after = await putRight(scene, verb, goals);
  const faults = [...(exit.code === 1 ? ['it calls that a bug'] : []), ...after.faults];
  if (faults.length === 0) return '';
  return scene.room.seal([...faults, `it said: ${exit.code} ${exit.stderr}`, after.said].join('\n'));
}

describe.skipIf(!canMount)(
  `on a disk that is really full${canMount ? '' : ' (skipped: mounting one needs root)'}`,
  () => {
    test.for(some(0))(
      '%s is whole or undone once there is space again',
      { timeout: MINUTES * 60_000 },
      async ([, verb, i]) => {
        const scene = await makeScene(verb);
        const { goals } = await learn(scene, verb);
        const { room, root } = scene;
        await rm(root, { recursive: true });
        execFileSync('mkdir', [root]);
        execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m,mode=755', 'none', root]);
        onTestFinished(() => void execFileSync('umount', ['-l', root]));
        execFileSync('cp', ['-a', `${path.join(room.dir, 'pristine')}/.`, root]);
        const filler = path.join(root, '.git', 'filler');
        spawnSync('dd', ['if=/dev/zero', `of=${filler}`, 'bs=4k'], { stdio: 'ignore' });
        execFileSync('truncate', ['-s', `-${4 + 12 * i}k`, filler]);
        // Without a limit on what stays free: a create shall meet the full disk, not the refusal.
        const env = { ...FIXED_DATES, WT_LIMITS_MIN_FREE_DISK: '0B', WT_LIMITS_MIN_FREE_INODES: '0' };
        const exit = await runWt(room, root, verb.argv, { env });
        await untilRoomIsQuiet(room);
        await rm(filler);
        expect(await judgeAfter(scene, verb, goals, exit)).toBe('');
      },
    );
  },
);

describe('with few files that may be open', () => {
  test.for(some(1))('%s is whole or undone', { timeout: MINUTES * 60_000 }, async ([, verb, i]) => {
    const scene = await makeScene(verb);
    const { goals } = await learn(scene, verb);
    const { room, root } = scene;
    await scene.reset();
    const limited = `ulimit -n ${20 + (i % 8)}; exec "$@"`;
    const exit = await start(room, root, ['sh', '-c', limited, 'sh', process.execPath, PROGRAM, ...verb.argv], {
      env: FIXED_DATES,
    }).done;
    expect(await judgeAfter(scene, verb, goals, { ...exit, code: 5 })).toBe('');
  });
});

describe.skipIf(isRoot)(
  `with a folder that may not be written${isRoot ? ' (skipped: root may write everywhere)' : ''}`,
  () => {
    test.for(some(0))('%s is whole or undone', { timeout: MINUTES * 60_000 }, async ([, verb]) => {
      const scene = await makeScene(verb);
      const { goals } = await learn(scene, verb);
      const { room, root } = scene;
      for (const name of ['.git', '.git/refs/heads', '.worktrees', '.worktrees/x', 'src']) {
        await scene.reset();
        const folder = path.join(root, name);
        if (
          !(await chmod(folder, 0o555).then(
            () => true,
            () => false,
          ))
        )
          continue;
        const exit = await runWt(room, root, verb.argv, { env: FIXED_DATES });
        await chmod(folder, 0o755);
        expect(await judgeAfter(scene, verb, goals, exit)).toBe('');
      }
    });
  },
);

describe.skipIf(cannotPreload !== '')(`when the clock jumps by a day${cannotPreload}`, () => {
  test.for(some(1))(
    '%s reaches its goal, also after one that was killed',
    { timeout: MINUTES * 60_000 },
    async ([, verb, i]) => {
      const scene = await makeScene(verb);
      const { whole, goals } = await learn(scene, verb);
      const { room, root } = scene;
      const points = pointsOf(whole.calls, room);
      const middle = points[Math.floor(points.length / 2)]?.at ?? 1;
      for (const seconds of [-DAY, DAY]) {
        await scene.reset();
        const { exit } = await runCounted(scene, verb.argv, { at: middle, mishap: `clock:${seconds}` });
        expect({ code: exit.code, stderr: exit.stderr }).toEqual({ code: 0, stderr: '' });
        expect(judge(await pictureOf(room, root), { ...goals, before: goals.after, milestones: [] }, verb)).toEqual([]);
        await scene.reset();
        const killed = await runCounted(scene, verb.argv, { at: points[(i * 7) % points.length]?.at ?? 1 });
        await writeFile(path.join(room.dir, 'counter'), '');
        await runCounted(scene, ['list'], { at: 1, mishap: `clock:${seconds}` });
        expect(await judgeAfter(scene, verb, goals, { ...killed.exit, code: 0 })).toBe('');
      }
    },
  );
});
