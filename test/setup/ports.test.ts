import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { planPorts, requirePorts, type PortRequest } from '#src/setup/ports.ts';

const NAMES = ['web', 'db', 'mail', 'cache', 'queue'];
const request = fc
  .record({
    from: fc.integer({ min: 1024, max: 2000 }),
    size: fc.integer({ min: 1, max: 40 }),
    count: fc.integer({ min: 0, max: NAMES.length }),
    heldCount: fc.integer({ min: 0, max: NAMES.length }),
    seed: fc.string(),
    holes: fc.array(fc.integer({ min: 0, max: 45 })),
    heldAt: fc.integer({ min: 0, max: 45 }),
  })
  .map(({ from, size, count, heldCount, seed, holes, heldAt }): PortRequest => {
    const held = Object.fromEntries(NAMES.slice(0, heldCount).map((name, i) => [name, from + heldAt + i]));
    const own = new Set(Object.values(held));
    const taken = new Set(holes.map((hole) => from + hole).filter((port) => !own.has(port)));
    return { names: NAMES.toReversed().slice(0, count), from, to: from + size - 1, seed, held, taken };
  });

test('ports come from the range, are nobody else’s, differ from each other, and what is held stays', () => {
  const seen = new Set<string>();
  fc.assert(
    fc.property(request, (one) => {
      const plan = planPorts(one);
      seen.add(plan.kind);
      const free = Array.from({ length: one.to - one.from + 1 }, (_, i) => one.from + i).filter(
        (port) => !one.taken.has(port) && !Object.values(one.held).includes(port),
      );
      const missing = one.names.filter((name) => !(name in one.held));
      expect(plan.kind).toBe(free.length >= missing.length ? 'leased' : 'exhausted');
      if (plan.kind === 'exhausted') return;
      const ports = Object.values(plan.ports);
      expect(new Set(ports).size).toBe(ports.length);
      expect(plan.ports).toMatchObject(one.held);
      expect(Object.keys(plan.ports).slice(0, one.names.length)).toEqual(one.names);
      expect(missing.every((name) => free.includes(plan.ports[name] ?? 0))).toBe(true);
      expect(planPorts(one)).toEqual(plan);
    }),
  );
  expect([...seen].toSorted()).toEqual(['exhausted', 'leased']);
});

test('they are neighbours whenever there is such a block', () => {
  fc.assert(
    fc.property(request, (one) => {
      const plan = planPorts({ ...one, held: {} });
      const count = one.names.length;
      const isFree = (port: number): boolean => port <= one.to && !one.taken.has(port);
      const blocks = Array.from({ length: one.to - one.from + 1 }, (_, i) => one.from + i).filter((port) =>
        Array.from({ length: count }, (_, i) => port + i).every(isFree),
      );
      if (plan.kind === 'exhausted' || blocks.length === 0 || count === 0) return;
      const ports = Object.values(plan.ports);
      expect(ports).toEqual(ports.map((_, i) => (ports[0] ?? 0) + i));
    }),
  );
});

test('sessions that come one after the other fill the whole range without a collision', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 4 }), fc.uniqueArray(fc.string(), { maxLength: 30 }), (count, seeds) => {
      const names = NAMES.slice(0, count);
      const taken = new Set<number>();
      const [from, to] = [3000, 3039];
      for (const [i, seed] of seeds.entries()) {
        const plan = planPorts({ names, from, to, seed, held: {}, taken });
        expect(plan.kind).toBe((i + 1) * count <= 40 ? 'leased' : 'exhausted');
        for (const port of plan.kind === 'leased' ? Object.values(plan.ports) : []) {
          expect(taken.has(port)).toBe(false);
          taken.add(port);
        }
      }
    }),
  );
});

test('the same id finds the same ports again, and a name that comes later lies beside them', () => {
  const spec = { from: 20_000, to: 29_999, seed: 'fix-login', held: {}, taken: new Set<number>() };
  const first = planPorts({ ...spec, names: ['web', 'db'] });
  expect(planPorts({ ...spec, names: ['web', 'db'] })).toEqual(first);
  const held = requirePorts(first, spec);
  const { web = 0, db = 0 } = held;
  expect(db).toBe(web + 1);
  expect(requirePorts(planPorts({ ...spec, names: ['mail', 'web', 'db'], held }), spec)).toEqual({
    mail: db + 1,
    web,
    db,
  });
});

test('a range that is too small is refused with what is missing', () => {
  const spec = { from: 3000, to: 3001, seed: 'x', held: {}, taken: new Set([3000]) };
  const plan = planPorts({ ...spec, names: ['web', 'db'] });
  expect(plan).toEqual({ kind: 'exhausted', needed: 2, free: 1 });
  expect(() => requirePorts(plan, spec)).toThrow('limit.reached');
});
