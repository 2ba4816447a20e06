// The conflict radar against git merge-tree pair by pair, side by side on this machine. Compare the ratios, not the milliseconds.
// Usage: npm run bench:conflicts -- [--sessions 50] [--files 5000] [--rounds 3] [--repo <path to clone instead of a generated one>]
import { spawnSync } from 'node:child_process';
import { appendFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { env, scratch, wt } from './room.mjs';

const { values } = parseArgs({
  options: {
    sessions: { type: 'string', default: '50' },
    files: { type: 'string', default: '5000' },
    rounds: { type: 'string', default: '3' },
    repo: { type: 'string' },
  },
});
const SESSIONS = Number(values.sessions);
const ROUNDS = Number(values.rounds);
/** What a run may take of the time that the pairs take one by one. */
const BARS = { cold: 0.15, warm: 0.05 };

let seed = 7;
const random = (below) => (seed = (seed * 16_807) % 2_147_483_647) % below;

const root = join(scratch, 'repo');
makeRepo();
const files = run(root, 'git', ['ls-files', '-z', '*.js', '*.ts', '*.json', '*.md']).split('\0').filter(Boolean);
const hot = Array.from({ length: 20 }, () => files[random(files.length)]);
const tips = Array.from({ length: SESSIONS }, (_, i) => makeSession(i));
const pairs = tips.flatMap((a, i) => tips.slice(i + 1).map((b) => [a, b]));
const cache = join(root, '.git', 'wt', 'cache', 'conflicts');

const radar = () => {
  const { status, stdout, stderr } = call(root, process.execPath, [wt, 'conflicts', '--json']);
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout).data.pairs.length;
};
const sides = {
  cold: () => (rmSync(cache, { recursive: true, force: true }), time(radar)),
  warm: () => time(radar), // always right after a cold or a warm one
  /** What every answer about sessions costs: their status. */
  list: () => time(() => call(root, process.execPath, [wt, 'list', '--json']).status),
  pairwise: () =>
    time(() => pairs.filter(([a, b]) => call(root, 'git', ['merge-tree', '--write-tree', a, b]).status === 1).length),
};

const rounds = Array.from({ length: ROUNDS }, (_, round) => {
  const order = round % 2 === 0 ? ['cold', 'warm', 'list', 'pairwise'] : ['pairwise', 'list', 'cold', 'warm'];
  return Object.fromEntries(order.map((side) => [side, sides[side]()]));
});
const median = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];
const ms = (side) => median(rounds.map((round) => round[side].ms));
const version = run(scratch, 'git', ['--version']).trim();
console.log(
  `node ${process.versions.node}, ${version}, ${availableParallelism()} processors; ${run(root, 'git', ['ls-files']).split('\n').length - 1} files, ` +
    `${SESSIONS} sessions (every fifth dirty), ${pairs.length} pairs; medians of ${ROUNDS} rounds`,
);
console.log(`conflicts found: radar ${rounds[0].cold.found}, pair by pair ${rounds[0].pairwise.found} (commits only)`);
console.log(`git merge-tree pair by pair   ${ms('pairwise').toFixed(0).padStart(7)} ms`);
console.log(`wt list (their status alone) ${ms('list').toFixed(0).padStart(7)} ms`);
for (const side of ['cold', 'warm']) {
  const whole = median(rounds.map((round) => round[side].ms / round.pairwise.ms));
  const added = median(rounds.map((round) => (round[side].ms - round.list.ms) / round.pairwise.ms));
  const verdict = (ratio) => `${ratio.toFixed(3)} ${ratio <= BARS[side] ? 'within' : 'OVER'} ${BARS[side]}`;
  console.log(
    `wt conflicts, ${side}           ${ms(side).toFixed(0).padStart(7)} ms  ratio ${verdict(whole)}; beyond wt list ${verdict(added)}`,
  );
}

function makeRepo() {
  if (values.repo !== undefined) {
    run(scratch, 'git', ['clone', '--quiet', '--no-local', resolve(values.repo), root]);
    return;
  }
  for (let i = 0; i < Number(values.files); i++) {
    const file = join(root, `packages/p${i % 40}/src/part-${i % 200}`, `file-${i}.js`);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, Array.from({ length: 30 }, (_, line) => `export const value${line} = ${i * line};\n`).join(''));
  }
  run(root, 'git', ['init', '--quiet', '--initial-branch', 'main']);
  run(root, 'git', ['add', '--all']);
  run(root, 'git', ['commit', '--quiet', '--message', 'first']);
  run(root, 'git', ['repack', '-adq']); // as a project's history lies
}

/** Eight files changed and committed, two of them where others work too; every fifth session has uncommitted work as well. */
function makeSession(i) {
  run(root, process.execPath, [wt, 'create', `s${i}`, '--quiet']);
  const tree = join(root, '.worktrees', `s${i}`);
  const edit = (name) => {
    const text = readFileSync(join(tree, name), 'utf8');
    writeFileSync(join(tree, name), text.replace('\n', `\n// changed by ${i}\n`));
  };
  for (let n = 0; n < 8; n++) edit(n < 2 ? hot[random(hot.length)] : files[random(files.length)]);
  run(tree, 'git', ['commit', '--quiet', '--all', '--message', `work of ${i}`]);
  if (i % 5 === 0) {
    edit(hot[random(hot.length)]);
    appendFileSync(join(tree, 'notes.txt'), `untracked of ${i}\n`);
  }
  return run(tree, 'git', ['rev-parse', 'HEAD']).trim();
}

function time(work) {
  const startedAt = performance.now();
  const found = work();
  return { ms: performance.now() - startedAt, found };
}

function call(cwd, file, args) {
  return spawnSync(file, args, { cwd, env, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
}

function run(cwd, file, args) {
  const { status, stdout, stderr, error } = call(cwd, file, args);
  if (status !== 0)
    throw new Error(`${file} ${args.join(' ')} failed: ${error?.message ?? (stderr || `exit ${status}`)}`);
  return stdout;
}
