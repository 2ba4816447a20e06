import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isAncestor, readParents, readSidesOf } from '#src/git/commit.ts';
import { createMeter, type Distance, type Ends } from '#src/sessions/distance.ts';
import { listMergeBases, type Graph } from '#src/git/graph.ts';
import { gitOf } from '../support/deps.ts';
import { makeRoom } from '../support/room.ts';

function measure(parents: Graph['parents'], ends: Ends, floor?: string): Distance {
  const { mergeBases: _, ...distance } = createMeter({ parents, floor })(ends);
  return distance;
}

/** Parents of each commit, by number, all smaller: a history with roots, lines and merges. */
const anyHistory = fc
  .array(fc.tuple(fc.nat(), fc.nat(), fc.nat(9)), { minLength: 1, maxLength: 12 })
  .map((picks) =>
    picks.map(([a, b, kind], i) =>
      i === 0 || kind === 0 ? [] : kind < 6 || i === 1 ? [a % i] : [...new Set([a % i, b % i])],
    ),
  );

test('a distance is what git counts, on any history and above any floor', async () => {
  const room = await makeRoom();
  const root = await room.repo();
  const git = gitOf(room, root);
  let run = 0;
  let served = 0;
  await fc.assert(
    fc.asyncProperty(anyHistory, fc.nat(), fc.nat(), fc.nat(), async (history, a, b, c) => {
      const prefix = `refs/heads/run${run++}`;
      const stream = history.map(([first, second], i) =>
        [
          `commit ${prefix}/c${i}`,
          `mark :${i + 1}`,
          `committer T <t@example.org> ${1_700_000_000 + i} +0000`,
          `data <<E\n${prefix} ${i}\nE`,
          ...(first === undefined ? [] : [`from :${first + 1}`]),
          ...(second === undefined ? [] : [`merge :${second + 1}`]),
          '',
        ].join('\n'),
      );
      await git(['fast-import', '--quiet', '--force'], { input: stream.join('\n') });
      const commits = (
        await room.git(root, 'for-each-ref', '--sort=committerdate', '--format=%(objectname)', prefix)
      ).split('\n');
      const [tip = '', base = '', cutAt = ''] = [a, b, c].map((n) => commits[n % commits.length]);
      const count = async (...args: string[]): Promise<number> =>
        Number(await room.git(root, 'rev-list', '--count', ...args));
      const expected = {
        ahead: await count(tip, '--not', base, cutAt),
        behind: await count(base, '--not', tip),
        isContained: await isAncestor(git, tip, base),
      };
      const all = await readParents(git, [tip, base, cutAt], []);
      expect(measure(all, { tip, base, cutAt })).toEqual(expected);
      const { exitCode, stdout } = await git(['merge-base', '--octopus', tip, base, cutAt], { expect: [0, 1] });
      const above = await readParents(git, [tip, base, cutAt], exitCode === 0 ? [stdout.trim()] : []);
      expect(measure(above, { tip, base, cutAt })).toEqual(expected);
      const best = (await git(['merge-base', '--all', tip, base], { expect: [0, 1] })).stdout
        .split('\n')
        .filter(Boolean);
      expect(listMergeBases({ parents: all, floor: undefined }, tip, base).toSorted()).toEqual(best.toSorted());
      const floor = exitCode === 0 ? stdout.trim() : undefined;
      // A floor that is one of several best ones hides those it is not above of; it is named itself then.
      const found = listMergeBases({ parents: above, floor }, tip, base);
      expect(found.filter((commit) => !best.includes(commit))).toEqual([]);
      expect(found.length === 0).toBe(best.length === 0);
      expect(createMeter({ parents: above, floor })({ tip, base, cutAt }).mergeBases.toSorted()).toEqual(
        found.toSorted(),
      );
      expect(createMeter({ parents: all, floor: undefined })({ tip, base, cutAt }).mergeBases.toSorted()).toEqual(
        best.toSorted(),
      );
      const sides = tip === base ? undefined : await readSidesOf(git, [tip, base], [cutAt]);
      served += sides === undefined ? 0 : 1;
      const measured = sides && createMeter(sides)({ tip, base, cutAt });
      expect(measured ?? { ...expected, mergeBases: best }).toEqual({ ...expected, mergeBases: best });
      expect(sides === undefined || best.length < 2).toBe(true);
    }),
    { numRuns: 40 },
  );
  expect(served).toBeGreaterThan(5);
});

describe('a distance', () => {
  const line = new Map([
    ['d', ['c']],
    ['c', ['b']],
    ['b', ['a']],
    ['x', ['b']],
  ]);

  test('counts own commits and those of the base', () => {
    expect(measure(line, { tip: 'x', base: 'd', cutAt: 'b' })).toEqual({ ahead: 1, behind: 2, isContained: false });
  });

  test('does not count as own what the base had when the session was cut, also after the base was set back', () => {
    expect(measure(line, { tip: 'd', base: 'b', cutAt: 'c' })).toEqual({ ahead: 1, behind: 0, isContained: false });
  });

  test('of a tip below the floor is none, and it is contained', () => {
    expect(measure(line, { tip: 'a', base: 'd', cutAt: 'a' })).toEqual({ ahead: 0, behind: 3, isContained: true });
    expect(measure(new Map(), { tip: 'a', base: 'a', cutAt: 'a' })).toEqual({ ahead: 0, behind: 0, isContained: true });
  });
});
