import { expect } from 'vitest';
import { findLosses, FIXED_DATES, runCounted, untilRoomIsQuiet, type Counted } from './kill.ts';
import { differences, pictureOf, type Picture } from './picture.ts';
import { findFaults, runWt } from './spawn.ts';
import type { Scene, Verb } from './verbs.ts';

/** What the repository may look like once all is put right. */
export interface Goals {
  readonly before: Picture;
  readonly after: Picture;
  readonly milestones: readonly Picture[];
}

/** Undisturbed runs: how many calls there are, and what they come to. */
export async function learn(scene: Scene, verb: Verb): Promise<{ whole: Counted; goals: Goals }> {
  const { room, root } = scene;
  const look = async (argv: readonly string[]): Promise<Picture> => {
    await scene.reset();
    const { code, stderr } = await runWt(room, root, argv, { env: FIXED_DATES });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    await untilRoomIsQuiet(room);
    return pictureOf(room, root);
  };
  const [before, after] = [await look(['list']), await look(verb.argv)];
  const milestones: Picture[] = [];
  for (const argv of verb.milestones ?? []) milestones.push(await look(argv));
  await scene.reset();
  const whole = await runCounted(scene, verb.argv, { at: 0 });
  expect({ code: whole.exit.code, stderr: whole.exit.stderr }).toEqual({ code: 0, stderr: '' });
  return { whole, goals: { before, after, milestones } };
}

export function isSame(one: Picture, other: Picture): boolean {
  return differences(one, other).length === 0;
}

/** Nothing of it has happened, all of it, or a part that is whole in itself; else what is neither. */
export function judge(
  { purge: _, ...now }: Picture,
  { before, after, milestones }: Goals,
  verb: Verb,
): readonly string[] {
  if ([before, after, ...milestones].some((goal) => isSame(now, goal))) return [];
  const ids = Object.keys({ ...now, ...before, ...after });
  if (verb.isMany && ids.every((id) => now[id] === before[id] || now[id] === after[id])) return [];
  const list = (goal: Picture): readonly string[] => differences(now, goal).map((line) => `  ${line}`);
  return ['it is neither as before:', ...list(before), 'nor as after:', ...list(after)];
}

export interface Aftermath {
  readonly now: Picture;
  readonly faults: readonly string[];
  /** What the command that put things right had to say. */
  readonly said: string;
}

/** Lets the next command put things right, and gives what is wrong then. */
export async function putRight(scene: Scene, verb: Verb, goals: Goals): Promise<Aftermath> {
  const { room, root } = scene;
  const list = await runWt(room, root, ['list', '--json'], { env: FIXED_DATES });
  await untilRoomIsQuiet(room);
  const now = await pictureOf(room, root);
  const faults = [
    ...(list.code === 0 ? [] : [`wt list exits with ${list.code}: ${list.stdout}${list.stderr}`]),
    ...(await findFaults(room, root)),
    ...(await findLosses(room, root, scene)),
    ...judge(now, goals, verb),
  ];
  return { now, faults, said: `recovery said: ${list.stderr.trim()}` };
}
