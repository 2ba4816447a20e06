// Copying ignored files into a session against cp -a, side by side on this machine. Compare the ratio, not the milliseconds.
// Usage: npm run bench:copy -- [--files 30000] [--rounds 5] [--at <folder on the file system to measure>]
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';
import { env, scratch, wt } from './room.mjs';

const { values } = parseArgs({
  options: {
    files: { type: 'string', default: '30000' },
    rounds: { type: 'string', default: '5' },
    at: { type: 'string', default: scratch },
  },
});
const FILES = Number(values.files);
/** What copying may take of cp's time. */
const BAR = 1.5;

const place = values.at === scratch ? scratch : mkdtempSync(join(values.at, 'wt-bench-'));
process.on('exit', () => rmSync(place, { recursive: true, force: true, maxRetries: 5 }));
const root = join(place, 'repo');
makeRepo();
run(root, process.execPath, [wt, 'create', 'a', '--quiet', '--no-setup']);
const session = join(root, '.worktrees', 'a');
const target = join(session, 'node_modules');
const beside = join(place, 'beside');

// The function itself, so that no start of a program is measured on either side; git's part of it is.
const outfile = join(scratch, 'files.mjs');
const source = (name) => new URL(`../src/${name}`, import.meta.url).pathname;
await build({
  stdin: {
    contents: `
      export { placeFiles } from '${source('setup/files/files.ts')}';
      export { gitAt, gitIn } from '${source('git/git.ts')}';
      export { createRunner } from '${source('platform/runner.ts')}';
      export { systemClock } from '${source('platform/clock.ts')}';`,
    resolveDir: dirname(source('main.ts')),
    loader: 'ts',
  },
  outfile,
  bundle: true,
  format: 'esm',
  platform: 'node',
  banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
});
const { placeFiles, gitAt, gitIn, createRunner, systemClock: clock } = await import(outfile);
const mainGit = gitAt({ run: createRunner(env), clock, dir: root });
const made = {
  facts: { id: 'a', branch: 'wt/a', path: session, main: root },
  deps: { clock, signal: new AbortController().signal },
  mainGit,
  git: gitIn(mainGit, session),
  adminDirectory: join(root, '.git', 'worktrees', 'a'),
};

const sides = {
  wt: async () => {
    const { copied } = await placeFiles(made, []);
    if (copied < FILES) throw new Error(`only ${copied} files were copied`);
  },
  'cp -a': () => run(root, 'cp', ['-a', join(root, 'node_modules'), beside]),
};
const rounds = [];
for (let round = 0; round < Number(values.rounds); round++) {
  const taken = {};
  for (const side of round % 2 === 0 ? ['wt', 'cp -a'] : ['cp -a', 'wt']) {
    rmSync(target, { recursive: true, force: true });
    rmSync(beside, { recursive: true, force: true });
    run(root, 'sync', []);
    const startedAt = performance.now();
    await sides[side]();
    taken[side] = performance.now() - startedAt;
  }
  rounds.push(taken);
}
const median = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];
console.log(
  `node ${process.versions.node}, ${availableParallelism()} processors; ${FILES} ignored files, ${rounds.length} rounds`,
);
for (const side of Object.keys(sides))
  console.log(
    `${side.padEnd(8)} ${median(rounds.map((round) => round[side]))
      .toFixed(0)
      .padStart(7)} ms`,
  );
const ratio = median(rounds.map((round) => round.wt / round['cp -a']));
console.log(`ratio    ${ratio.toFixed(2).padStart(7)} ${ratio <= BAR ? 'within' : 'OVER'} ${BAR}`);

/** As an install leaves it: many packages with small files, a few large ones, links between them. */
function makeRepo() {
  mkdirSync(root, { recursive: true });
  run(root, 'git', ['init', '--quiet', '--initial-branch', 'main']);
  writeFileSync(join(root, '.gitignore'), 'node_modules\n');
  writeFileSync(join(root, '.worktreeinclude'), 'node_modules\n');
  run(root, 'git', ['add', '--all']);
  run(root, 'git', ['commit', '--quiet', '--message', 'first']);
  for (let i = 0; i < FILES; i++) {
    const file = join(root, 'node_modules', `package-${i % 600}`, i % 3 === 0 ? 'lib/deep' : 'lib', `file-${i}.js`);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, 'x'.repeat(i % 6000 === 0 ? 3_000_000 : 200 + ((i * 37) % 6000)));
  }
  mkdirSync(join(root, 'node_modules', '.bin'));
  for (let i = 0; i < 100; i++)
    symlinkSync(`../package-${i}/lib/file-${i}.js`, join(root, 'node_modules', '.bin', `tool-${i}`));
}

function run(cwd, file, args) {
  const { status, stderr, error } = spawnSync(file, args, { cwd, env, encoding: 'utf8' });
  if (status !== 0)
    throw new Error(`${file} ${args.join(' ')} failed: ${error?.message ?? (stderr || `exit ${status}`)}`);
}
