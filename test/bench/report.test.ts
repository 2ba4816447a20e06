import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Measured, Result } from '../../bench/measure.ts';
import { fillPage, renderReport, resultLine, short, tableOf, type Report } from '../../bench/report.ts';
import { verdictOf } from '../../bench/verdict.ts';

function measured(facts: Partial<Measured> & { median: number }): Measured {
  const { median, ...rest } = facts;
  const bar = rest.bar ?? { limit: 1.35 };
  return {
    kind: 'measured',
    name: 'path',
    title: 'wt path',
    floor: 'an empty script',
    value: { median, p10: median - 0.1, p90: median + 0.1 },
    rounds: 9,
    bar,
    verdict: verdictOf(median, bar),
    times: { oursMs: 41.26, floorMs: 33.1, cpuRatio: 1.2 },
    peers: [],
    ...rest,
  };
}

function report(results: readonly Result[], facts: Partial<Report> = {}): Report {
  return {
    machine: {
      wt: '1.0.0 abc1234',
      node: '20.20.2',
      git: '2.39.5',
      system: 'Linux 6',
      processors: '2 × CPU',
      memoryGiB: 23,
      load: 0.2,
    },
    date: '2026-01-02',
    isQuick: false,
    isPart: false,
    hasOwnFileSystem: true,
    minutes: 8.5,
    missingPeers: [],
    results,
    ...facts,
  };
}

test('a table has straight columns, and no cell breaks it', () => {
  expect(tableOf([['a', 'long head'], ['1'], ['x|y', '2']])).toBe(
    ['| a    | long head |', '| ---- | --------- |', '| 1    |           |', '| x\\|y | 2         |'].join('\n'),
  );
});

test('a number has the places that mean something', () => {
  expect([0.0356, 1.236, 118.4, Number.NaN].map(short)).toEqual(['0.036', '1.24', '118', '—']);
});

describe('the results', () => {
  test('name the machine, each bar and whether it is met', () => {
    const text = renderReport(report([measured({ median: 1.2 })]));
    expect(text).toContain('Every bar is met or has its reason.');
    for (const part of ['2026-01-02', '20.20.2', '2.39.5', '2 × CPU', '≤ 1.35', '1.10–1.30', '41.3 ms', '| met '])
      expect(text).toContain(part);
    expect(text).not.toContain('quick run');
  });

  test('name what is missed, what is skipped and why, and what has its reason', () => {
    const bar = { limit: 1, reason: { text: 'Node takes 30 ms', limit: 2 } };
    const text = renderReport(
      report([
        measured({ median: 1.5 }),
        measured({ median: 1.5, name: 'other', bar }),
        { kind: 'skipped', name: 'spare', title: 'with a spare', reason: 'there are none' },
      ]),
    );
    expect(text).toContain('Not met: `path`.');
    expect(text).toContain('above, because Node takes 30 ms (held to 2)');
    expect(text).toContain('skipped: there are none');
  });

  test('say in their head that they are of a quick run, or of a machine that had more to do', () => {
    const text = renderReport(report([], { isQuick: true, isPart: true, machine: { ...report([]).machine, load: 7 } }));
    expect(text.indexOf('A quick run')).toBeLessThan(text.indexOf('| date'));
    expect(text).toContain('Only a part');
    expect(text).toContain('not idle');
  });

  test('have the other programs against the same floor, and those that are not there', () => {
    const peers = [
      { name: 'gtr', ratio: { median: 22, p10: 20, p90: 24 }, medianMs: 339 },
      { name: 'phantom', failure: 'exit 1: no\nmore' },
    ];
    const text = renderReport(report([measured({ median: 1.2, peers })], { missingPeers: ['gwq'] }));
    expect(text).toMatch(/\| `path` +\| gtr +\| 22\.00 +\| 20\.00–24\.00 +\| 339 ms +\| 1\.20 \|/);
    expect(text).toContain('could not be measured: exit 1: no');
    expect(text).toContain('not measured: gwq');
  });
});

test('a line tells of a race its times, of an amount its unit, and of what is skipped why', () => {
  expect(resultLine(measured({ median: 1.2 }))).toBe(
    'path: 1.20 (1.10–1.30) × an empty script, bar 1.35: met [41.3 ms / 33.1 ms; processor time 1.20]',
  );
  const { times: _, ...amount } = measured({ median: 80, unit: 'MB', bar: { limit: 120 } });
  expect(resultLine(amount)).toBe('path: 80.00 MB (79.90–80.10), bar 120: met');
  expect(resultLine({ kind: 'skipped', name: 'x', title: 'x', reason: 'no' })).toBe('x: skipped, no');
});

describe('the page for users', () => {
  test('gets the measured cases between its marks, and keeps the rest', async () => {
    const page = await readFile(path.resolve(import.meta.dirname, '../../docs/performance.md'), 'utf8');
    const filled = fillPage(page, report([measured({ median: 1.2 })]));
    expect(filled).toContain('| wt path | an empty script | 1.20  | 41.3 ms |');
    expect(filled.split('<!-- results')[0]).toBe(page.split('<!-- results')[0]);
    expect(filled.split('<!-- end of results')[1]).toBe(page.split('<!-- end of results')[1]);
    expect(fillPage(filled, report([measured({ median: 1.2 })]))).toBe(filled);
  });

  test('must have them', () => {
    expect(() => fillPage('# A page\n', report([]))).toThrow('no place');
  });
});
