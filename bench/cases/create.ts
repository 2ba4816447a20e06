import path from 'node:path';
import type { Group, RaceCase, Side } from '../case.ts';
import { peerSides } from '../peers.ts';
import { runNow } from '../processes.ts';
import { makeRepository } from '../repositories.ts';
import { PROGRAM, type Room } from '../room.ts';

const FLOOR = '`git worktree add -b`';

function repository(room: Room, files: number): Promise<string> {
  return room.once(`files-${files}`, () => Promise.resolve(makeRepository(room, `files-${files}`, { files })));
}

/** As a person would type it, into a folder beside the repository. */
function addWords(root: string, id: string): readonly string[] {
  return ['worktree', 'add', '--quiet', '-b', id, path.join(`${root}-trees`, id)];
}

function gitSide(room: Room, root: string, kind: string): Side {
  return { name: FLOOR, run: (round) => void room.git(root, ...addWords(root, `${kind}-git-${round}`)) };
}

function createCase(
  files: number,
  facts: Pick<RaceCase, 'bar' | 'rounds'> & Pick<Partial<RaceCase>, 'isLong'>,
): RaceCase {
  return {
    ...facts,
    kind: 'race',
    name: `create-${files}`,
    title: `wt create, ${files.toLocaleString('en')} files`,
    floor: FLOOR,
    async prepare(room) {
      const root = await repository(room, files);
      const ours = { name: 'wt', run: (round: number) => void room.wt(root, 'create', `wt-${round}`) };
      return { ours, floor: gitSide(room, root, 'one'), peers: peerSides(room, 'create', root) };
    },
  };
}

const spare: RaceCase = {
  kind: 'race',
  name: 'create-spare',
  title: 'wt create, 5,000 files, a spare being ready',
  floor: FLOOR,
  bar: { limit: 0.15 },
  rounds: { full: 9, quick: 3 },
  async prepare(room) {
    const root = makeRepository(room, 'spares', { files: 5000 });
    const words = ['config', 'set', '--here', 'pool.size', '2'];
    const { stdout } = runNow({ ...room.wtCall(root, ...words), expect: [0, 2, 3] });
    const isKnown =
      runNow({ ...room.wtCall(root, 'config', 'get', 'pool.size'), expect: [0, 2, 3] }).stdout.trim() === '2';
    if (!isKnown) return { skipped: `this wt has no setting pool.size ${stdout.trim()}`.trim() };
    room.wt(root, 'create', 'first'); // from now on spares are made beside
    const ours = { name: 'wt', run: (round: number) => void room.wt(root, 'create', `wt-${round}`) };
    return { ours, floor: gitSide(room, root, 'spare') };
  },
};

const AT_ONCE = 20;

const atOnce: RaceCase = {
  kind: 'race',
  name: 'create-at-once',
  title: `${AT_ONCE} wt create at once, 5,000 files, none fails`,
  floor: `${AT_ONCE} ${FLOOR} in a row`,
  bar: { limit: 0.7 },
  rounds: { full: 3, quick: 1 },
  isWarmedUp: false,
  async prepare(room) {
    const root = await repository(room, 5000);
    const ids = (round: number, kind: string): readonly string[] =>
      Array.from({ length: AT_ONCE }, (_, i) => `${kind}-${round}-${i}`);
    return {
      ours: {
        name: 'wt',
        run: (round) =>
          room.runAll(
            ids(round, 'many').map((id) => room.call(root, process.execPath, PROGRAM, 'create', id)),
            AT_ONCE,
          ),
      },
      floor: {
        name: FLOOR,
        run(round) {
          for (const id of ids(round, 'row')) room.git(root, ...addWords(root, id));
        },
      },
    };
  },
};

export const creates: Group = {
  name: 'create',
  cases: [
    createCase(20, { bar: { limit: 4.5 }, rounds: { full: 25, quick: 8 } }),
    createCase(5000, { bar: { limit: 0.95 }, rounds: { full: 15, quick: 4 } }),
    spare,
    atOnce,
    createCase(50_000, { bar: { limit: 0.95 }, rounds: { full: 3, quick: 1 }, isLong: true }),
  ],
};
