import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { cannotPreload, findLosses, pointsOf, runCounted } from '../support/kill.ts';
import { askWt, exists, findFaults, runWt } from '../support/spawn.ts';
import { makeScene, type Scene, type Verb } from '../support/verbs.ts';

const CONFIG = {
  setup: { run: ['touch cache-one.log', 'touch cache-two.log'], envFile: '.env' },
  env: { NAME: '{id}' },
};

/** A repository whose set-up a person has approved, with work in another session and in the main worktree. */
function settingUp(
  title: string,
  argv: readonly string[],
  more: (scene: Parameters<Verb['prepare']>[0]) => Promise<void>,
): Verb {
  return {
    title,
    argv,
    async prepare(place) {
      const { room, root } = place;
      await room.write(root, { 'wt.config.jsonc': JSON.stringify(CONFIG), '.git/info/exclude': '*.log\n' });
      await runWt(room, root, ['trust', '--yes']);
      await runWt(room, root, ['create', 'other', '--no-setup']);
      await room.write(path.join(root, '.worktrees', 'other'), { 'notes.txt': 'in the other session\n' });
      await more(place);
      return { contents: ['in the other session\n'] };
    },
  };
}

interface View {
  id: string;
  status: string;
  setup?: { state: string };
}

/** What is wrong after a kill and the next command; the set-up that is then run again mends the rest. */
async function faultsAfter(
  scene: Scene,
  verb: Verb,
  { at, isRepeated }: { at: number; isRepeated: boolean },
): Promise<readonly string[]> {
  const { room, root } = scene;
  await scene.reset();
  await runCounted(scene, verb.argv, { at });
  const { sessions } = await askWt<{ sessions: View[] }>(room, root, ['list']);
  const x = sessions.find(({ id }) => id === 'x');
  const isDone = await exists(path.join(root, '.worktrees/x/cache-two.log'));
  const faults = [...(await findFaults(room, root)), ...(await findLosses(room, root, scene))];
  if (x === undefined && verb.argv[0] === 'setup') faults.push('the session is gone');
  if (x === undefined) return faults;
  const isSkipped = x.setup?.state === 'skipped'; // it had not begun
  if (x.status !== 'broken' && !isDone && !isSkipped) faults.push(`not set up, and ${x.status}`);
  if (x.status !== 'broken' && x.status !== 'new') faults.push(`its status is ${x.status}`);
  if (!isRepeated) return faults;
  const again = await runWt(room, root, ['setup', 'x']);
  if (again.code !== 0) faults.push(`wt setup exits with ${again.code}: ${again.stderr}`);
  const { session } = await askWt<{ session: View }>(room, root, ['show', 'x']);
  if (session.status !== 'new' || session.setup?.state !== 'done')
    faults.push(`after wt setup it is ${session.status}`);
  return [...faults, ...(await findFaults(room, root)), ...(await findLosses(room, root, scene))];
}

const VERBS: readonly Verb[] = [
  settingUp('create', ['create', 'x', '--task', 'Do it'], () => Promise.resolve()),
  settingUp(
    'setup',
    ['setup', 'x'],
    async ({ room, root }) => void (await runWt(room, root, ['create', 'x', '--no-setup'])),
  ),
];

describe.skipIf(cannotPreload !== '')(`a set-up killed before any call that changes a file${cannotPreload}`, () => {
  test.for(VERBS.map((verb) => [verb.title, verb] as const))(
    'of %s loses nothing, is never taken for ready, and comes to its end when it is run again',
    { timeout: 1_200_000 },
    async ([, verb]) => {
      const scene = await makeScene(verb);
      const { exit, calls } = await runCounted(scene, verb.argv, { at: 0 });
      expect({ code: exit.code, stderr: exit.stderr.includes('error') }).toEqual({ code: 0, stderr: false });
      const points = pointsOf(calls, scene.room);
      expect(points.length).toBeGreaterThan(15);
      const failing: string[] = [];
      // Run again at every fourth: from a state that was seen before, the rest would tell nothing new.
      for (const [i, { at, effect }] of points.entries())
        failing.push(
          ...(await faultsAfter(scene, verb, { at, isRepeated: i % 4 === 0 })).map(
            (fault) => `${at} ${effect}: ${fault}`,
          ),
        );
      expect(failing.join('\n')).toBe('');
    },
  );
});
