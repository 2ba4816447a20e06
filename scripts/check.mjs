// Everything that is no test, side by side: node scripts/check.mjs [name…]; `--list` prints the names.
import { spawn } from 'node:child_process';
import { delimiter, join } from 'node:path';

import { root } from './freshness.mjs';

const checks = {
  format: ['oxfmt', '--check'],
  lint: ['oxlint', '--deny-warnings'],
  types: ['tsc', '--noEmit'],
  unused: ['knip', '--no-progress'],
  package: ['publint', '--strict'],
  docs: ['node', 'scripts/run-ts.mjs', 'scripts/docs.ts', '--check'],
};

const wanted = process.argv.slice(2);
if (wanted.includes('--list')) {
  console.log(Object.keys(checks).join('\n'));
} else {
  const unknown = wanted.filter((name) => !Object.hasOwn(checks, name));
  if (unknown.length > 0) throw new Error(`no such check: ${unknown.join(', ')}`);
  const queue = wanted.length > 0 ? wanted : Object.keys(checks);
  const worker = async () => {
    for (let name = queue.shift(); name !== undefined; name = queue.shift()) await runCheck(name, checks[name]);
  };
  await Promise.all([worker(), worker()]);
}

/** Prints one line for a check that passes, and all it said for one that fails. */
async function runCheck(name, [command, ...args]) {
  const startedAt = Date.now();
  const { code, output } = await run(command, args);
  const seconds = ((Date.now() - startedAt) / 1000).toFixed(1);
  process.stdout.write(`${code === 0 ? '✓' : '✗'} ${name} (${seconds} s)\n${code === 0 ? '' : `${output}\n`}`);
  if (code !== 0) process.exitCode = 1;
}

function run(command, args) {
  const PATH = `${join(root, 'node_modules', '.bin')}${delimiter}${process.env.PATH}`;
  const shell = process.platform === 'win32';
  const child = spawn(command, args, {
    cwd: root,
    env: { ...process.env, PATH },
    shell,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  child.stdout.on('data', (chunk) => (output += chunk));
  child.stderr.on('data', (chunk) => (output += chunk));
  return new Promise((resolve) => {
    child.on('error', (error) => resolve({ code: 1, output: error.message }));
    child.on('close', (code) => resolve({ code, output }));
  });
}
