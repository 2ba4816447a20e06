import { chmod, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { learn, putRight, type Goals } from '../support/goals.ts';
import { FIXED_DATES } from '../support/kill.ts';
import { runWt, type Exit } from '../support/spawn.ts';
import { makeScene, VERBS, type Scene, type Verb } from '../support/verbs.ts';

// One call of git in the middle of a command fails, loses its answer, or hangs. WT_CRASH_ALL=1 tries every call.
const EVERY_CALL = process.env['WT_CRASH_ALL'] === '1';
const SAMPLE = 4;
const MINUTES = EVERY_CALL ? 60 : 5;

const SHIM = `#!/bin/sh
printf x >> "$SHIM_COUNT"
n=$(wc -c < "$SHIM_COUNT")
if [ "$n" -ne "$SHIM_AT" ]; then exec "$SHIM_GIT" "$@"; fi
case "$SHIM_DO" in
hang) exec sleep 1000 ;;
after) "$SHIM_GIT" "$@" > /dev/null 2>&1 ;;
esac
echo 'fatal: injected' >&2
exit 128
`;
type Trouble = 'before' | 'after' | 'hang';

/** Runs wt with a git that is in trouble at its n-th call, and gives how many calls there were. */
async function runInTrouble(
  scene: Scene,
  verb: Verb,
  at: number,
  trouble: Trouble,
): Promise<{ exit: Exit; calls: number }> {
  const { room, root } = scene;
  const [folder, count] = [path.join(room.dir, 'shim'), path.join(room.dir, 'count')];
  await room.write(folder, { git: SHIM });
  await chmod(path.join(folder, 'git'), 0o755);
  await rm(count, { force: true });
  const env = {
    ...FIXED_DATES,
    PATH: `${folder}:${room.env['PATH']}`,
    SHIM_GIT: path.join(await room.git(root, '--exec-path'), 'git'),
    SHIM_COUNT: count,
    SHIM_AT: String(at),
    SHIM_DO: trouble,
    ...(trouble === 'hang' ? { WT_GIT_TIMEOUT: '1' } : {}),
  };
  const exit = await runWt(room, root, [...verb.argv, '--json'], { env });
  const { size } = await stat(count);
  return { exit, calls: size };
}

async function tryTrouble(
  scene: Scene,
  verb: Verb,
  goals: Goals,
  { at, trouble }: { at: number; trouble: Trouble },
): Promise<readonly string[]> {
  await scene.reset();
  const { exit } = await runInTrouble(scene, verb, at, trouble);
  const faults: string[] = [];
  if (exit.code === 1) faults.push('it calls that a bug');
  if (trouble === 'hang' && exit.code === 5 && !exit.stdout.includes('"git.timeout"'))
    faults.push('it does not say why');
  const after = await putRight(scene, verb, goals);
  faults.push(...after.faults);
  if (faults.length === 0) return [];
  const said = [`it said: ${exit.code} ${exit.stdout}${exit.stderr}`, after.said];
  return [[`call ${at}, ${trouble}:`, ...faults, ...said].map((line) => scene.room.seal(line)).join('\n  ')];
}

describe('a call of git that fails, loses its answer or hangs', () => {
  test.for(VERBS.map((verb, i) => [verb.title, verb, i] as const))(
    'during %s leaves it whole or undone once the next command has run',
    { timeout: MINUTES * 60_000 },
    async ([, verb, offset]) => {
      const scene = await makeScene(verb);
      const { goals } = await learn(scene, verb);
      await scene.reset();
      const { calls } = await runInTrouble(scene, verb, 0, 'before');
      const troubles: readonly Trouble[] = ['before', 'after', 'hang'];
      const failing: string[] = [];
      const due = EVERY_CALL
        ? Array.from({ length: calls }, (_, i) => troubles.map((trouble) => ({ at: i + 1, trouble }))).flat()
        : Array.from({ length: SAMPLE }, (_, i) => ({
            at: 1 + Math.floor(((i + (offset % 5) / 5) / SAMPLE) * calls),
            trouble: troubles[(i + offset) % 3] ?? 'before',
          }));
      for (const one of due) failing.push(...(await tryTrouble(scene, verb, goals, one)));
      expect(failing.join('\n')).toBe('');
    },
  );
});
