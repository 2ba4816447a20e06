// Makes `npm test` or `npm run demo` work as the only command typed in a fresh clone: installs what is missing, builds
// what is out of date, and is done in milliseconds when there is nothing to do. No dependencies.
// Usage: node scripts/bootstrap.mjs [--install-only]
import { linkSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { isBuilt, isInstalled, root } from './freshness.mjs';

const installOnly = process.argv.includes('--install-only');
const lock = join(root, '.cache', 'bootstrap.lock');
const staleAfterMs = 15 * 60_000;

const isReady = () => isInstalled() && (installOnly || isBuilt());

if (!isReady()) {
  await takeLock();
  try {
    if (!isInstalled()) await install();
    if (!installOnly && !isBuilt()) await build();
  } finally {
    rmSync(lock, { force: true });
  }
}

/** `--include=dev` because NODE_ENV=production would leave everything out; the log level because of `npm --silent`. */
async function install() {
  say('installing packages (npm ci) …');
  const args = [
    'ci',
    '--include=dev',
    '--loglevel=error',
    '--no-audit',
    '--no-fund',
    '--no-progress',
    '--prefer-offline',
  ];
  const npm = process.env.npm_execpath;
  await (npm?.endsWith('.js') ? run(process.execPath, [npm, ...args]) : run('npm', args));
}

async function build() {
  say('building dist/ …');
  await run(process.execPath, [join(root, 'scripts', 'build.mjs'), '--quiet']);
}

/** One set-up at a time: a second one waits for the first, and then finds nothing left to do. */
async function takeLock() {
  mkdirSync(join(root, '.cache'), { recursive: true });
  const mine = `${lock}.${process.pid}`;
  writeFileSync(mine, String(process.pid));
  try {
    for (let round = 0; !tryLink(mine); round++) {
      if (isAbandoned()) rmSync(lock, { force: true });
      else {
        if (round === 0) say('waiting for another set-up …');
        await sleep(100);
      }
    }
  } finally {
    rmSync(mine);
  }
}

function tryLink(mine) {
  try {
    linkSync(mine, lock);
    return true;
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw error;
  }
}

function isAbandoned() {
  try {
    if (Date.now() - statSync(lock).mtimeMs > staleAfterMs) return true;
    process.kill(Number(readFileSync(lock, 'utf8')), 0);
    return false;
  } catch (error) {
    return error.code === 'ESRCH'; // ENOENT: just released, try again; EPERM: alive, somebody else's
  }
}

async function run(command, args) {
  const { spawnSync } = await import('node:child_process');
  const shell = process.platform === 'win32' && command === 'npm';
  const { error, status, signal } = spawnSync(command, args, {
    cwd: root,
    shell,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  if (status === 0) return;
  say(`failed: ${command} ${args.join(' ')} (${error?.message ?? signal ?? `exit ${status}`})`);
  rmSync(lock, { force: true });
  process.exit(1);
}

function say(text) {
  process.stderr.write(`wt: ${text}\n`);
}
