// wt against plain git, side by side on this machine: node bench/run.mjs [--quick]
// In every round each program runs once, in an order that turns, so that whatever slows the machine slows all of them.
// Compare the ratios, not the milliseconds. No dependencies.
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { env, scratch, wt } from './room.mjs';

const words = process.argv.slice(2);
const unknown = words.filter((word) => word !== '--quick');
if (unknown.length > 0) throw new Error(`usage: node bench/run.mjs [--quick]; not known: ${unknown.join(' ')}`);
const rounds = words.includes('--quick') ? 5 : 25;
const FILES = 500;
const SESSIONS = 10;

const creating = makeRepo('creating');
const listing = makeRepo('listing');
for (let i = 0; i < SESSIONS; i++) {
  run(listing, process.execPath, [wt, 'create', `s${i}`, '--quiet']);
  writeFileSync(join(listing, '.worktrees', `s${i}`, 'src', 'file-1.js'), `// changed by ${i}\n`);
}

const node = () => [[listing, process.execPath, ['-e', '0']]];
const cases = [
  { name: 'wt --version', peer: 'node -e 0', wt: () => call(listing, '--version'), git: node },
  { name: 'wt path', peer: 'node -e 0', wt: () => call(listing, 'path', 's1'), git: node },
  {
    name: 'wt create',
    peer: 'git worktree add -b',
    wt: (round) => call(creating, 'create', `wt-${round}`),
    git: (round) => [[creating, 'git', ['worktree', 'add', '-q', '-b', `git-${round}`, `../trees/${round}`]]],
  },
  {
    name: `wt list (${SESSIONS} sessions)`,
    peer: `${SESSIONS} × git status`,
    wt: () => call(listing, 'list'),
    git: () => trees().map((tree) => [tree, 'git', ['status', '--porcelain=v2', '--branch']]),
  },
];

const times = cases.map(() => ({ wt: [], git: [] }));
for (let round = -1; round < rounds; round++) {
  for (const [i, each] of cases.entries()) {
    const sides = round % 2 === 0 ? ['wt', 'git'] : ['git', 'wt'];
    for (const side of sides) {
      const ms = time(each[side](round + 1));
      if (round >= 0) times[i][side].push(ms); // the first round warms the caches
    }
  }
  if (process.stderr.isTTY) process.stderr.write(`\rround ${round + 1} of ${rounds} `);
}
if (process.stderr.isTTY) process.stderr.write('\r\u001b[K');

const version = (file, args) => run(scratch, file, args).trim();
console.log(
  `wt ${version(process.execPath, [wt, '--version'])}, node ${process.versions.node}, ${version('git', ['--version'])}, ` +
    `${availableParallelism()} processors; ${FILES} files; medians of ${rounds} rounds`,
);
printTable([
  ['', 'wt', 'against', '', 'ratio', 'spread'],
  ...cases.map(({ name, peer }, i) => {
    const { wt: ours, git: theirs } = times[i];
    const ratios = ours.map((ms, round) => ms / theirs[round]);
    const spread = `${quantile(ratios, 0.1).toFixed(2)}–${quantile(ratios, 0.9).toFixed(2)}`;
    const ratio = (quantile(ours, 0.5) / quantile(theirs, 0.5)).toFixed(2);
    return [name, inMs(ours), peer, inMs(theirs), ratio, spread];
  }),
]);

function makeRepo(name) {
  const root = join(scratch, name);
  for (let i = 0; i < FILES; i++) {
    const file = join(root, i % 2 === 0 ? 'src' : `src/part-${i % 20}`, `file-${i}.js`);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, `export const value = ${i};\n`.repeat(20));
  }
  writeFileSync(join(root, 'src', 'file-1.js'), 'export const value = 1;\n');
  run(root, 'git', ['init', '--quiet', '--initial-branch', 'main']);
  run(root, 'git', ['add', '--all']);
  run(root, 'git', ['commit', '--quiet', '--message', 'first']);
  return root;
}

function trees() {
  return Array.from({ length: SESSIONS }, (_, i) => join(listing, '.worktrees', `s${i}`));
}

function call(root, ...args) {
  return [[root, process.execPath, [wt, ...args]]];
}

/** Milliseconds that programs take one after the other. */
function time(calls) {
  const startedAt = performance.now();
  for (const [cwd, file, args] of calls) run(cwd, file, args);
  return performance.now() - startedAt;
}

function run(cwd, file, args) {
  const { status, stdout, stderr, error } = spawnSync(file, args, { cwd, env, encoding: 'utf8' });
  if (status !== 0)
    throw new Error(`${file} ${args.join(' ')} failed: ${error?.message ?? (stderr || `exit ${status}`)}`);
  return stdout;
}

function quantile(values, share) {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.round((sorted.length - 1) * share)];
}

function inMs(values) {
  return `${quantile(values, 0.5).toFixed(1)} ms`;
}

function printTable(lines) {
  const widths = lines[0].map((_, i) => Math.max(...lines.map((line) => line[i].length)));
  const isNumber = (i) => i === 1 || i > 2;
  for (const line of lines)
    console.log(
      line
        .map((cell, i) => (isNumber(i) ? cell.padStart(widths[i]) : cell.padEnd(widths[i])))
        .join('  ')
        .trimEnd(),
    );
}
