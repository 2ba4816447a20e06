import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { searchHistory, type Answer } from '#src/landing/proof/history.ts';
import { openRepo } from '#src/sessions/open.ts';
import { makeDeps } from '../../support/deps.ts';
import { historyPlan, makeHistories } from '../../support/histories.ts';
import { makeRoom } from '../../support/room.ts';
import { SEED } from '../../support/seed.ts';

const RUNS = 300;

test('what is looked at by its names alone never changes an answer', async () => {
  const room = await makeRoom();
  const root = await room.repo('app');
  const plans = fc.sample(historyPlan, { numRuns: RUNS, seed: SEED });
  const histories = await makeHistories(room, root, plans);
  const repo = await openRepo(makeDeps(room, root));
  const filtered = await searchHistory(repo, histories);
  const whole = await searchHistory(repo, histories, { isFiltered: false });
  const different = histories.flatMap((history, i) =>
    JSON.stringify(filtered[i]) === JSON.stringify(whole[i])
      ? []
      : [{ plan: plans[i], tip: history.tip, target: history.target, filtered: filtered[i], whole: whole[i] }],
  );
  expect(different).toEqual([]);
  // Each kind of answer is among them, or the test tells nothing.
  const count = (proof: NonNullable<Answer>['proof'] | undefined): number =>
    whole.filter((answer) => answer?.proof === proof).length;
  expect(
    ['no-added-changes', 'merge-adds-nothing', 'patch-id', undefined].map(
      (proof) => [proof, count(proof as undefined) > 2] as const,
    ),
  ).toEqual([
    ['no-added-changes', true],
    ['merge-adds-nothing', true],
    ['patch-id', true],
    [undefined, true],
  ]);
});
