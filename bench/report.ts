import type { Machine } from './machine.ts';
import type { Measured, Result } from './measure.ts';
import type { Spread } from './statistics.ts';
import { isFailure, verdictWords } from './verdict.ts';

export interface Report {
  readonly machine: Machine;
  /** ISO 8601, the day. */
  readonly date: string;
  readonly isQuick: boolean;
  /** Not every case was asked for. */
  readonly isPart: boolean;
  readonly hasOwnFileSystem: boolean;
  readonly minutes: number;
  readonly missingPeers: readonly string[];
  readonly results: readonly Result[];
}

/** Lines of a table of Markdown, columns aligned. Pure. */
export function tableOf(rows: readonly (readonly string[])[]): string {
  const cells = rows.map((row) => row.map((cell) => cell.replaceAll('|', String.raw`\|`)));
  const [head = [], ...rest] = cells;
  const width = (column: number): number => Math.max(3, ...cells.map((row) => (row[column] ?? '').length));
  const line = (row: readonly string[]): string =>
    `| ${head.map((_, i) => (row[i] ?? '').padEnd(width(i))).join(' | ')} |`;
  return [line(head), line(head.map((_, i) => '-'.repeat(width(i)))), ...rest.map(line)].join('\n');
}

/** 0.036, 1.24, 118: three places that mean something. Pure. */
export function short(value: number): string {
  if (!Number.isFinite(value)) return '—';
  return value >= 100 ? value.toFixed(0) : value >= 1 ? value.toFixed(2) : value.toFixed(3);
}

export function ms(value: number): string {
  return `${value >= 100 ? value.toFixed(0) : value.toFixed(1)} ms`;
}

const spreadWords = ({ p10, p90 }: Spread): string => `${short(p10)}–${short(p90)}`;

/** One line about a case that is done. Pure. */
export function resultLine(result: Result): string {
  if (result.kind === 'skipped') return `${result.name}: skipped, ${result.reason}`;
  if (result.kind === 'table') return `${result.name}:\n${tableOf(result.rows)}\n${result.details}`;
  const { name, value, unit, floor, bar, verdict, times } = result;
  const amount = `${short(value.median)}${unit === undefined ? '' : ` ${unit}`} (${spreadWords(value)})`;
  const limit = bar === undefined ? '' : `, bar ${bar.limit}`;
  const against = unit === undefined ? ` × ${floor}` : '';
  const took = times === undefined ? '' : ` [${ms(times.oursMs)} / ${ms(times.floorMs)}${cpuWords(times.cpuRatio)}]`;
  return `${name}: ${amount}${against}${limit}: ${verdictWords(verdict)}${took}`;
}

function cpuWords(ratio: number | undefined): string {
  return ratio === undefined ? '' : `; processor time ${short(ratio)}`;
}

/** Every case with its bar. Pure. */
export function resultRows(results: readonly Result[]): readonly (readonly string[])[] {
  const head = ['case', 'what', 'against', 'median', 'p10–p90', 'processor time', 'wt', 'floor', 'bar', 'verdict'];
  const rows = results.flatMap((result) => {
    if (result.kind === 'table') return [];
    if (result.kind === 'skipped')
      return [[result.name, result.title, '', '', '', '', '', '', '', `skipped: ${result.reason}`]];
    return [measuredRow(result)];
  });
  return [head, ...rows];
}

function measuredRow({ name, title, floor, value, unit, times, bar, verdict }: Measured): readonly string[] {
  return [
    `\`${name}\``,
    title,
    floor,
    `${short(value.median)}${unit === undefined ? '' : ` ${unit}`}`,
    spreadWords(value),
    times?.cpuRatio === undefined ? '' : short(times.cpuRatio),
    times === undefined ? '' : ms(times.oursMs),
    times === undefined ? '' : ms(times.floorMs),
    bar === undefined ? '' : `≤ ${bar.limit}`,
    verdictWords(verdict),
  ];
}

/** Other programs of the kind, each against the same floor in the same rounds. Pure. */
export function peerRows(results: readonly Result[]): readonly (readonly string[])[] {
  const rows = results.flatMap((result) =>
    result.kind !== 'measured'
      ? []
      : result.peers.map(({ name, ratio, medianMs, failure }) => [
          `\`${result.name}\``,
          name,
          ratio === undefined ? `could not be measured: ${(failure ?? '').split('\n')[0]}` : short(ratio.median),
          ratio === undefined ? '' : spreadWords(ratio),
          medianMs === undefined ? '' : ms(medianMs),
          short(result.value.median),
        ]),
  );
  return [['case', 'program', 'median', 'p10–p90', 'time', 'wt'], ...rows];
}

/** bench/RESULTS.md. Pure. */
export function renderReport(report: Report): string {
  const { machine, results, isQuick, isPart, missingPeers } = report;
  const failures = results.filter((result) => result.kind === 'measured' && isFailure(result.verdict));
  const peers = peerRows(results);
  const tables = results.filter((result) => result.kind === 'table');
  const parts = [
    '# Results of `npm run bench`',
    'Written by the bench; do not edit. Ratios of wall time, round by round: what slowed the machine slowed both sides. Compare the ratios, not the milliseconds. What is measured, and how: [docs/performance.md](../docs/performance.md).',
    isQuick ? '**A quick run: few rounds, and not every case. A sketch, not the result.**' : '',
    isPart ? '**Only a part of the cases.**' : '',
    tableOf([
      ['', ''],
      ['date', report.date],
      ['wt', machine.wt],
      ['Node.js', machine.node],
      ['git', machine.git],
      ['system', machine.system],
      ['processors', machine.processors],
      ['memory', `${machine.memoryGiB} GiB`],
      ['load before', `${machine.load}${machine.load > 1 ? ' (not idle: times are noise)' : ''}`],
      ['files', report.hasOwnFileSystem ? 'a fresh ext4 for each group of cases' : 'in the temporary folder'],
      ['took', `${short(report.minutes)} minutes`],
    ]),
    `## Bars\n\n${failures.length === 0 ? 'Every bar is met or has its reason.' : `Not met: ${failures.map(({ name }) => `\`${name}\``).join(', ')}.`}\n\n${tableOf(resultRows(results))}`,
    `## Other programs\n\n${missingPeers.length === 0 ? '' : `Not installed here, and so not measured: ${missingPeers.join(', ')}.\n\n`}${peers.length === 1 ? '' : tableOf(peers)}`.trimEnd(),
    ...tables.map(({ title, rows }) => `## ${title}\n\n${tableOf(rows)}`),
  ];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

const BEGIN = '<!-- results: written by "npm run bench" -->';
const END = '<!-- end of results -->';

/** A page with the measured cases between its two marks. Throws when it has none. Pure. */
export function fillPage(page: string, report: Report): string {
  const [from, to] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (from < 0 || to < from) throw new Error('the page has no place for results');
  const rows = report.results.flatMap((result) =>
    result.kind === 'measured' && result.times !== undefined
      ? [[result.title, result.floor, short(result.value.median), ms(result.times.oursMs)]]
      : [],
  );
  const { processors, node, git } = report.machine;
  const note = `Measured ${report.date}, with Node.js ${node} and git ${git} on ${processors}.`;
  const table = tableOf([['what', 'against', 'ratio', 'wt'], ...rows]);
  return `${page.slice(0, from)}${BEGIN}\n\n${note}\n\n${table}\n\n${page.slice(to)}`;
}
