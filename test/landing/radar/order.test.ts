import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { dependenciesOf, findCycles, orderForLanding, type Candidate } from '#src/landing/radar/order.ts';
import { makeSession } from '../../support/session.ts';

const candidates = (...list: (readonly [id: string, ...after: string[]])[]): readonly Candidate[] =>
  list.map(([id, ...after]) => ({ id, after }));

const IDS = ['a', 'b', 'c', 'd', 'e', 'f', 'g'] as const;
const anId = fc.constantFrom(...IDS, 'gone');
const somePairs = fc.array(fc.record({ a: anId, b: anId }), { maxLength: 12 });
const some = fc
  .shuffledSubarray([...IDS])
  .chain((ids) =>
    fc.tuple(...ids.map((id) => fc.record({ id: fc.constant(id), after: fc.array(anId, { maxLength: 3 }) }))),
  );
/** Nobody waits for one that is given behind it. */
const acyclic = some.map((list) =>
  list.map(({ id, after }, i) => ({
    id,
    after: after.filter((other) => list.slice(0, i).some((one) => one.id === other)),
  })),
);

describe('the order of landing', () => {
  test('puts dependencies first, whatever they conflict with', () => {
    const list = candidates(['a', 'b'], ['b', 'c'], ['c']);
    expect(orderForLanding(list, [{ a: 'c', b: 'a' }])).toEqual(['c', 'b', 'a']);
  });

  test('puts what conflicts with fewest first, and keeps the given order otherwise', () => {
    const list = candidates(['hub'], ['x'], ['y'], ['alone']);
    const pairs = [
      { a: 'hub', b: 'x' },
      { a: 'y', b: 'hub' },
    ];
    expect(orderForLanding(list, pairs)).toEqual(['alone', 'x', 'hub', 'y']);
    expect(orderForLanding(list, [])).toEqual(['hub', 'x', 'y', 'alone']);
  });

  test('counts a pair once, whichever way round it is given', () => {
    const list = candidates(['a'], ['b'], ['c'], ['d']);
    const pairs = [
      { a: 'b', b: 'a' },
      { a: 'a', b: 'b' },
      { a: 'c', b: 'd' },
      { a: 'c', b: 'b' },
    ];
    expect(orderForLanding(list, pairs)).toEqual(['a', 'b', 'c', 'd']);
  });

  test('ignores a dependency that is not among the candidates, and itself', () => {
    expect(orderForLanding(candidates(['a', 'gone', 'a'], ['b']), [])).toEqual(['a', 'b']);
  });

  test('breaks a cycle at the member with the fewest conflicts, and what waits for the cycle comes after it', () => {
    const list = candidates(['waits', 'a'], ['a', 'c'], ['b', 'a'], ['c', 'b']);
    const pairs = [
      { a: 'a', b: 'c' },
      { a: 'a', b: 'waits' },
      { a: 'c', b: 'waits' },
    ];
    expect(orderForLanding(list, pairs)).toEqual(['b', 'c', 'a', 'waits']);
    expect(findCycles(list)).toEqual([['a', 'b', 'c']]);
  });

  test('has every candidate exactly once', () => {
    fc.assert(
      fc.property(some, somePairs, (list, pairs) => {
        const order = orderForLanding(list, pairs);
        expect(order.toSorted()).toEqual(list.map(({ id }) => id).toSorted());
      }),
    );
  });

  test('puts nobody before what it waits for, unless they wait for each other', () => {
    fc.assert(
      fc.property(some, somePairs, (list, pairs) => {
        const order = orderForLanding(list, pairs);
        const cycles = findCycles(list);
        const late = list.flatMap(({ id, after }) =>
          after
            .filter((other) => other !== id && order.indexOf(other) > order.indexOf(id))
            .filter((other) => !cycles.some((cycle) => cycle.includes(id) && cycle.includes(other))),
        );
        expect(late).toEqual([]);
      }),
    );
  });

  test('finds no cycle where there is none', () => {
    fc.assert(
      fc.property(acyclic, (list) => {
        expect(findCycles(list)).toEqual([]);
      }),
    );
  });

  test('is the same for the same question, whatever the order of the pairs', () => {
    fc.assert(
      fc.property(some, somePairs, (list, pairs) => {
        const swapped = pairs.map(({ a, b }) => ({ a: b, b: a })).toReversed();
        expect(orderForLanding(list, swapped)).toEqual(orderForLanding(list, pairs));
      }),
    );
  });
});

describe('the dependencies of a session', () => {
  test('are those it was told to come after, and the session it is stacked on', () => {
    const below = makeSession('below');
    const told = makeSession('told');
    const top = makeSession('top', {
      base: { branch: 'wt/below', commit: '1'.repeat(40) },
      after: [told.id, below.id],
    });
    expect(dependenciesOf(top, [top, told, below])).toEqual(['told', 'below']);
    expect(dependenciesOf(below, [top, told, below])).toEqual([]);
  });
});
