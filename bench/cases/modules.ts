import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Group } from '../case.ts';
import { runNow, type Call } from '../processes.ts';
import { quantile } from '../statistics.ts';
import { makeRepository, nameOf, workIn } from '../repositories.ts';
import { PROGRAM, type Room } from '../room.ts';
import { hookCall } from './start.ts';

/** The package of the program that is measured. */
const ROOT = path.resolve(path.dirname(PROGRAM), '..');

/** Files of this package that a call loads, as V8 lists them (NODE_V8_COVERAGE); the same for modules of either kind. */
function loadedBy(room: Room, call: Call): readonly string[] {
  const folder = path.join(room.dir, 'coverage');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
  const { pid } = runNow({ ...call, env: { ...call.env, NODE_V8_COVERAGE: folder } });
  const urls = readdirSync(folder)
    .filter((name) => name.startsWith(`coverage-${pid}-`))
    .flatMap((name) => (JSON.parse(readFileSync(path.join(folder, name), 'utf8')) as Coverage).result)
    .map(({ url }) => (url.startsWith('file:') ? fileURLToPath(url) : url))
    .filter((file) => file.startsWith(`${ROOT}${path.sep}`) && existsSync(file));
  return [...new Set(urls)];
}

interface Coverage {
  readonly result: readonly { readonly url: string }[];
}

interface TraceLine {
  readonly kind: string;
  readonly processes: number;
  readonly firstMs: number | null;
  readonly totalMs: number;
}

/** What a call says of itself (WT_TRACE), from a few calls; undefined when it says nothing. */
function tracedSums(room: Room, calls: readonly (() => Call)[]): readonly TraceLine[] {
  const file = path.join(room.dir, 'trace.jsonl');
  rmSync(file, { force: true });
  for (const make of calls) {
    const call = make();
    runNow({ ...call, env: { ...call.env, WT_TRACE: file } });
  }
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
  return lines.map((line) => JSON.parse(line) as TraceLine).filter(({ kind }) => kind === 'sum');
}

interface Row {
  readonly cells: readonly string[];
  readonly detail: string;
}

function row(room: Room, name: string, call: (n: number) => Call, calls: number): Row {
  const files = loadedBy(room, call(0))
    .map((file) => ({ name: path.relative(ROOT, file), bytes: statSync(file).size }))
    .toSorted((a, b) => b.bytes - a.bytes);
  const numbers = Array.from({ length: calls }, (_, n) => n + 1);
  const walls = numbers.map((n) => wallOf(call(2 * n - 1)));
  const sums = tracedSums(
    room,
    numbers.map((n) => () => call(2 * n)),
  );
  const median = (values: readonly number[]): string => (values.length === 0 ? '—' : quantile(values, 0.5).toFixed(0));
  const cells = [
    `wt ${name}`,
    String(files.length),
    kib(files.reduce((sum, { bytes }) => sum + bytes, 0)),
    median(sums.map(({ processes }) => processes)),
    median(sums.flatMap(({ firstMs }) => (firstMs === null ? [] : [firstMs]))),
    median(walls),
  ];
  return { cells, detail: `wt ${name}: ${files.map((file) => `${file.name} ${kib(file.bytes)}`).join(', ')}` };
}

function kib(bytes: number): string {
  return (bytes / 1024).toFixed(0);
}

function wallOf(call: Call): number {
  const startMs = performance.now();
  runNow(call);
  return performance.now() - startMs;
}

export const modules: Group = {
  name: 'modules',
  cases: [
    {
      kind: 'table',
      name: 'modules',
      title: 'What each verb loads and starts',
      prepare(room, isQuick) {
        const root = makeRepository(room, 'modules', { files: 20 });
        for (const id of ['a', 'b']) room.wt(root, 'create', id);
        runNow(hookCall(room, root, 'a')); // the first one changes something
        const calls = isQuick ? 2 : 7;
        const wt = (...words: readonly string[]): Call => room.wtCall(root, ...words);
        const merge = (n: number): Call => {
          workIn(room, root, `new${n}`, [nameOf(n)]);
          return wt('merge', `new${n}`, '--yes');
        };
        const rows = [
          row(room, '--version', () => wt('--version'), calls),
          row(room, 'path', () => wt('path', 'a'), calls),
          row(room, 'hook', () => hookCall(room, root, 'a'), calls),
          row(room, 'list', () => wt('list'), calls),
          row(room, 'show', () => wt('show', 'a'), calls),
          row(room, 'next', () => wt('next'), calls),
          row(room, 'conflicts', () => wt('conflicts'), calls),
          row(room, 'create', (n) => wt('create', `new${n}`), calls),
          row(room, 'merge', merge, calls),
          row(room, 'remove', (n) => wt('remove', `new${n}`), calls),
        ];
        const head = ['verb', 'files', 'KiB', 'processes', 'ms to the first', 'ms in all'];
        return Promise.resolve({
          rows: [head, ...rows.map(({ cells }) => cells)],
          details: rows.map(({ detail }) => detail).join('\n'),
        });
      },
    },
  ],
};
