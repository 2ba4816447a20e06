import { rm } from 'node:fs/promises';
import path from 'node:path';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { SEED } from '../../support/seed.ts';
import { makeBench, type Bench } from '../../support/wt.ts';
import { applyChanges, change, type Change } from './changes.ts';

const IDS = ['a', 'b', 'c', 'd'] as const;
const few = fc.array(change, { maxLength: 2 });
const works = fc.tuple(...IDS.map(() => fc.record({ committed: few, uncommitted: few })));

interface Conflicts {
  readonly pairs: readonly { a: string; b: string; paths: readonly string[] }[];
  readonly base: readonly { id: string; paths: readonly string[] }[];
}

interface Shown {
  readonly session: {
    readonly conflicts: {
      readonly base: readonly string[] | null;
      readonly sessions: readonly { id: string; paths: readonly string[] }[];
    };
  };
}

/** The session's folder as these changes leave it, whatever was there before. */
async function layOut(bench: Bench, id: string, changes: readonly Change[]): Promise<void> {
  const at = bench.at(id);
  await bench.room.git(at, 'rm', '-rfq', '--ignore-unmatch', '.');
  await bench.room.git(at, 'clean', '-fdqx');
  await bench.room.write(at, Object.fromEntries(applyChanges(changes)));
}

test('what is told of one session alone is what is told of it among all, uncommitted work and renamed folders included', async () => {
  const bench = await makeBench(Object.fromEntries(applyChanges([])));
  for (const id of IDS) await bench.wt('create', id);
  await bench.write({ b: 'main\n' });
  await bench.git('commit', '-qam', 'main moves');
  const start = await bench.git('rev-parse', 'HEAD~1');
  const cache = path.join(bench.root, '.git/wt/cache/conflicts');
  const seen = { told: 0, apart: 0 };
  await fc.assert(
    fc.asyncProperty(works, fc.boolean(), async (sides, isCold) => {
      for (const [i, id] of IDS.entries()) {
        const { committed = [], uncommitted = [] } = sides[i] ?? {};
        await bench.room.git(bench.at(id), 'reset', '-q', '--hard', start);
        await layOut(bench, id, committed);
        await bench.room.git(bench.at(id), 'add', '-A');
        await bench.room.git(bench.at(id), 'commit', '-qm', 'work', '--allow-empty');
        await layOut(bench, id, [...committed, ...uncommitted]);
        await bench.room.git(bench.at(id), 'reset', '-q');
      }
      const all = await bench.data<Conflicts>('conflicts');
      for (const id of IDS) {
        if (isCold) await rm(cache, { recursive: true, force: true });
        const { conflicts } = (await bench.data<Shown>('show', id)).session;
        const pairs = all.pairs.filter(({ a, b }) => a === id || b === id);
        expect(conflicts.sessions).toEqual(pairs.map(({ a, b, paths }) => ({ id: a === id ? b : a, paths })));
        expect(conflicts.base ?? []).toEqual(all.base.find((one) => one.id === id)?.paths ?? []);
        seen.told += pairs.length;
        seen.apart += IDS.length - 1 - pairs.length;
      }
    }),
    { numRuns: 5, seed: SEED },
  );
  expect(seen.told).toBeGreaterThan(5);
  expect(seen.apart).toBeGreaterThan(5);
});
