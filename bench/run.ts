// wt against its floor and against other programs of its kind: npm run bench [-- <name>…] [--quick] [--list]
// Ends with exit code 1 when a bar is missed. A run of all cases writes bench/RESULTS.md (--write: of some too), and one that is not
// quick the table of docs/performance.md.
import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { ALL } from './all.ts';
import type { Group } from './case.ts';
import { lookAtMachine } from './machine.ts';
import { measure, type Result } from './measure.ts';
import { findPeers } from './peers.ts';
import { fillPage, renderReport, resultLine } from './report.ts';
import { makeRoom, PROGRAM } from './room.ts';
import { chosenFrom } from './select.ts';
import { isFailure } from './verdict.ts';

const RESULTS = 'bench/RESULTS.md';
const PAGE = 'docs/performance.md';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: 'boolean', default: false },
    list: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
    /** Where the files are made: a folder on the file system to measure. */
    at: { type: 'string' },
  },
});
const groups = chosenFrom(ALL, positionals, values.quick);
if (values.list)
  for (const { cases } of groups) for (const { name, title } of cases) say(`${name.padEnd(24)} ${title}`);
else process.exitCode = await bench(groups);

async function bench(chosen: readonly Group[]): Promise<number> {
  const machine = lookAtMachine(PROGRAM);
  const startMs = performance.now();
  const room = makeRoom(values.at);
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.on(signal, () => {
      room.dispose();
      process.exit(130);
    });
  const results: Result[] = [];
  let hasOwnFileSystem = false;
  const missingPeers = findPeers(room).missing;
  try {
    for (const { cases } of chosen) {
      for (const one of cases) {
        const result = await measure(one, room, values.quick);
        results.push(result);
        say(resultLine(result));
      }
      hasOwnFileSystem ||= room.hasOwnFileSystem();
      await room.endGroup();
    }
  } finally {
    room.dispose();
  }
  if (missingPeers.length > 0) say(`not installed here, and so not measured: ${missingPeers.join(', ')}`);
  const isPart = positionals.length > 0;
  if (!isPart || values.write) {
    const minutes = (performance.now() - startMs) / 60_000;
    const date = new Date().toISOString().slice(0, 10);
    const report = { machine, date, isQuick: values.quick, isPart, hasOwnFileSystem, minutes, missingPeers, results };
    writeFileSync(RESULTS, renderReport(report));
    if (!isPart && !values.quick) writeFileSync(PAGE, fillPage(readFileSync(PAGE, 'utf8'), report));
    say(`written: ${RESULTS}`);
  }
  const failed = results.filter((result) => result.kind === 'measured' && isFailure(result.verdict));
  if (failed.length > 0) say(`not met: ${failed.map(({ name }) => name).join(', ')}`);
  return failed.length > 0 ? 1 : 0;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
