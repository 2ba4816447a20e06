// Mixed verbs of the built wt, many at once in one repository, with whole process groups killed at random; after each round
// the next command puts things right and everything is checked. Ends with exit 1, the seed and the repository kept, when a
// promise is broken. Usage: npm run soak -- [--seconds 60] [--processes 10] [--seed 7] [--no-kills]
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    processes: { type: 'string', default: '10' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    'no-kills': { type: 'boolean', default: false },
  },
});
const [seconds, processes, seed] = [values.seconds, values.processes, values.seed].map(Number);
const program = resolve(import.meta.dirname, '../bin/wt.js');
const room = realpathSync(mkdtempSync(join(tmpdir(), 'wt-soak-')));
const root = join(room, 'app');
const env = {
  PATH: process.env.PATH,
  HOME: room,
  LC_ALL: 'C.UTF-8',
  WT_LOCK_TIMEOUT: '300',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_SYSTEM: '/dev/null',
  ...Object.fromEntries(
    ['AUTHOR', 'COMMITTER'].flatMap((who) => [
      [`GIT_${who}_NAME`, 'Soak'],
      [`GIT_${who}_EMAIL`, 'soak@example.org'],
    ]),
  ),
};

// mulberry32: the same choices for the same seed; what the machine makes of them in time is its own.
let state = seed >>> 0;
function random() {
  state = (state + 0x6d2b79f5) >>> 0;
  let t = Math.imul(state ^ (state >>> 15), 1 | state);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
}
const pick = (list) => list[Math.floor(random() * list.length)];

const git = (...args) =>
  execFileSync('git', args, { cwd: root, env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim();

/** Everything somebody has ever written or committed here: it must be found in the end. */
const written = new Map();
const commits = new Set();
const counts = { rounds: 0, commands: 0, killed: 0, done: 0, refused: 0, busy: 0 };
let serial = 0;

const IDS = Array.from({ length: 8 }, (_, i) => `s${i + 1}`);
const VERBS = [
  ['create', 8],
  ['commit', 4],
  ['merge', 3],
  ['mergeRemove', 2],
  ['remove', 2],
  ['force', 2],
  ['restore', 3],
  ['undo', 3],
  ['clean', 1],
  ['list', 2],
  ['show', 1],
].flatMap(([verb, weight]) => Array.from({ length: weight }, () => verb));

function commandOf(verb, id) {
  if (verb === 'mergeRemove') return ['merge', id, '--yes', '--remove'];
  if (verb === 'merge') return ['merge', id, '--yes'];
  if (verb === 'force') return ['remove', id, '--force'];
  if (verb === 'commit') return ['commit', id, '-m', `work of ${id}, ${++serial}`];
  return verb === 'list' || verb === 'clean' ? [verb] : [verb, id];
}

/** Codes of refusals that are true of a repository in which others work at the same time. */
const TRUTHFUL = new Set([0, 3, 4, 6, 9]);

/** Somebody works in a session: a file that nobody else has. */
function work(id) {
  const folder = join(root, '.worktrees', id);
  if (!existsSync(join(folder, '.git'))) return;
  const name = `${id}-${++serial}.txt`;
  const text = `${name} of seed ${seed}\n`;
  try {
    writeFileSync(join(folder, name), text);
  } catch {
    return; // it was taken away this very moment
  }
  written.set(text, name);
}

/** Runs one command; with a `killAfterMs` its whole process group is killed then. */
function run(argv, killAfterMs) {
  return new Promise((done) => {
    const child = spawn(process.execPath, [program, '--json', ...argv], {
      cwd: root,
      env,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let out = '';
    let err = '';
    child.stdout.on('data', (chunk) => (out += chunk));
    child.stderr.on('data', (chunk) => (err += chunk));
    const timer =
      killAfterMs === undefined
        ? undefined
        : setTimeout(() => {
            try {
              process.kill(-child.pid, 'SIGKILL');
            } catch {
              // it has ended
            }
          }, killAfterMs);
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      done({ argv, code, signal, out, err });
    });
  });
}

function lines(text) {
  return text.split('\n').filter((line) => line !== '');
}

function filesBelow(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

/** What is wrong with a repository in which nobody works at this moment. */
function findFaults() {
  const faults = [];
  const registry = JSON.parse(readFileSync(join(root, '.worktrees', 'sessions.json'), 'utf8')).sessions;
  const trees = [...git('worktree', 'list', '--porcelain').matchAll(/^worktree (.+)$/gm)]
    .map(([, folder]) => relative(join(root, '.worktrees'), folder))
    .filter((name) => !name.startsWith('..'))
    .toSorted((a, b) => a.localeCompare(b));
  const ids = Object.keys(registry).toSorted((a, b) => a.localeCompare(b));
  if (ids.join() !== trees.join()) faults.push(`registry has [${ids}], git has [${trees}]`);
  for (const [id, row] of Object.entries(registry)) if (row.state !== 'ready') faults.push(`${id} is ${row.state}`);
  const own = filesBelow(join(root, '.git')).map((file) => relative(root, file));
  faults.push(...own.filter((name) => name.endsWith('.lock')).map((name) => `lock file ${name}`));
  faults.push(...own.filter((name) => /wt\/journal\/.*\.json$/.test(name)).map((name) => `open operation ${name}`));
  try {
    const said = git('fsck', '--no-dangling', '--no-progress');
    if (said !== '') faults.push(`fsck: ${said}`);
  } catch (error) {
    faults.push(`fsck: ${error.stderr}`);
  }
  if (git('status', '--porcelain') !== '') faults.push(`main is not clean: ${git('status', '--porcelain')}`);
  return [...faults, ...findLosses()];
}

function findLosses() {
  const files = [...filesBelow(join(root, '.worktrees')), ...filesBelow(join(root, '.git', 'wt', 'trash'))];
  const found = new Set(files.map((file) => file.split('/').at(-1)));
  const listed = lines(git('rev-list', '--objects', '--all', '--indexed-objects'));
  for (const line of listed) found.add(line.slice(41).split('/').at(-1));
  const reachable = new Set(listed.map((line) => line.slice(0, 40)));
  const lost = [...written.values()].filter((name) => !found.has(name)).map((name) => `${name} is lost`);
  for (const commit of commits) if (!reachable.has(commit)) lost.push(`commit ${commit} is lost`);
  for (const commit of lines(git('rev-list', '--branches'))) commits.add(commit);
  return lost;
}

/** A killed group's detached children and its lock go a moment later. */
async function untilQuiet() {
  const mark = `HOME=${room}\0`;
  const isMine = (pid) => {
    try {
      return readFileSync(`/proc/${pid}/environ`, 'latin1').includes(mark);
    } catch {
      return false;
    }
  };
  while (existsSync('/proc') && readdirSync('/proc').some((name) => /^\d+$/.test(name) && isMine(name)))
    await sleep(20);
}

async function round() {
  for (const id of IDS) if (random() < 0.4) work(id);
  const calls = Array.from({ length: processes }, () => {
    const killAfterMs = !values['no-kills'] && random() < 0.3 ? Math.floor(40 + random() * 1500) : undefined;
    return { argv: commandOf(pick(VERBS), pick(IDS)), killAfterMs };
  });
  const exits = await Promise.all(calls.map(({ argv, killAfterMs }) => run(argv, killAfterMs)));
  await untilQuiet();
  counts.rounds++;
  counts.commands += exits.length;
  const faults = [];
  for (const { argv, code, signal, out, err } of exits) {
    if (signal !== null) counts.killed++;
    else if (code === 0) counts.done++;
    else if (code === 9) counts.busy++;
    else if (TRUTHFUL.has(code) || (code === 2 && argv[0] === 'undo')) counts.refused++;
    else faults.push(`wt ${argv.join(' ')} exits with ${code}: ${out}${err}`);
  }
  const list = await run(['list', '--all']);
  if (list.code !== 0) faults.push(`wt list exits with ${list.code}: ${list.out}${list.err}`);
  return [...faults, ...findFaults()];
}

function tell() {
  process.stdout.write(
    `${Object.entries(counts)
      .map(([name, n]) => `${name} ${n}`)
      .join(', ')}, written ${written.size}\n`,
  );
}

process.stdout.write(`soak: seed ${seed}, ${processes} processes, ${seconds} s, in ${room}\n`);
execFileSync('git', ['init', '-q', '-b', 'main', root], { env });
git('commit', '-q', '--allow-empty', '-m', 'first');
await run(['create', 's1']);
const end = Date.now() + seconds * 1000;
let toldAt = Date.now();
let faults = [];
while (Date.now() < end && faults.length === 0) {
  faults = await round();
  if (Date.now() - toldAt > 10_000) {
    tell();
    toldAt = Date.now();
  }
}
tell();
if (faults.length === 0) rmSync(room, { recursive: true, force: true });
else {
  process.stdout.write(`\nbroken with seed ${seed}; the repository is kept in ${root}\n  ${faults.join('\n  ')}\n`);
  process.exitCode = 1;
}
