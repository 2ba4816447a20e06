import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Group } from '../case.ts';
import { runNow, type Call } from '../processes.ts';
import { quantile } from '../statistics.ts';
import { makeRepository, nameOf, workIn } from '../repositories.ts';
import type { Room } from '../room.ts';
import { hookCall } from './start.ts';

const ROOT = path.resolve('.');

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
function tracedSums(room: Room, calls: readonly Call[]): readonly TraceLine[] {
  const file = path.join(room.dir, 'trace.jsonl');
  rmSync(file, { force: true });
  for (const call of calls) runNow({ ...call, env: { ...call.env, WT_TRACE: file } });
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
  return lines.map((line) => JSON.parse(line) as TraceLine).filter(({ kind }) => kind === 'sum');
}

function row(room: Room, name: string, call: (n: number) => Call, calls: number): readonly string[] {
  const files = loadedBy(room, call(0));
  const sums = tracedSums(
    room,
    Array.from({ length: calls }, (_, n) => call(n + 1)),
  );
  const median = (values: readonly number[]): string => (values.length === 0 ? '—' : quantile(values, 0.5).toFixed(0));
  return [
    `wt ${name}`,
    String(files.length),
    (files.reduce((sum, file) => sum + statSync(file).size, 0) / 1024).toFixed(0),
    median(sums.map(({ processes }) => processes)),
    median(sums.flatMap(({ firstMs }) => (firstMs === null ? [] : [firstMs]))),
    median(sums.map(({ totalMs }) => totalMs)),
    files
      .map((file) => path.basename(file))
      .toSorted((a, b) => a.localeCompare(b))
      .join(' '),
  ];
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
        const calls = isQuick ? 2 : 7;
        const wt = (...words: readonly string[]): Call => room.wtCall(root, ...words);
        const rows = [
          row(room, '--version', () => wt('--version'), calls),
          row(room, 'path', () => wt('path', 'a'), calls),
          row(room, 'hook', () => hookCall(room, root, 'a'), calls),
          row(room, 'list', () => wt('list'), calls),
          row(room, 'show', () => wt('show', 'a'), calls),
          row(room, 'next', () => wt('next'), calls),
          row(room, 'conflicts', () => wt('conflicts'), calls),
          row(room, 'create', (n) => wt('create', `new${n}`), calls),
          row(
            room,
            'merge',
            (n) => (workIn(room, root, `new${n}`, [nameOf(n)]), wt('merge', `new${n}`, '--yes')),
            calls,
          ),
          row(room, 'remove', (n) => wt('remove', `new${n}`), calls),
        ];
        const head = ['verb', 'files', 'KiB', 'processes', 'ms to the first', 'ms in all', 'files loaded'];
        return Promise.resolve([head, ...rows]);
      },
    },
  ],
};
