// Lets the program compile its verbs once, so that no test and no measurement is the first to run one.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { root } from './freshness.mjs';

const program = join(root, 'bin', 'wt.js');

/** What is most often called, each after what it needs. */
const CALLS = [
  ['create', 'a'],
  ['list'],
  ['show', 'a'],
  ['conflicts'],
  ['commit', 'a', '-m', 'x'],
  ['merge', 'a', '--yes'],
  ['remove', 'a'],
];

/** Without git, or where something is in the way, nothing is compiled ahead. */
export async function warm() {
  const room = mkdtempSync(join(tmpdir(), 'wt-warm-'));
  const env = {
    PATH: process.env.PATH,
    HOME: room,
    GIT_AUTHOR_NAME: 'a',
    GIT_AUTHOR_EMAIL: 'a@example.org',
    GIT_COMMITTER_NAME: 'a',
    GIT_COMMITTER_EMAIL: 'a@example.org',
    GIT_CONFIG_NOSYSTEM: '1',
  };
  const at = join(room, 'repo');
  const run = (file, args, cwd) => execFileSync(file, args, { cwd, env, stdio: 'ignore' });
  try {
    run('git', ['init', '-q', at], room);
    writeFileSync(join(at, 'file'), 'x\n');
    run('git', ['add', '-A'], at);
    run('git', ['commit', '-qm', 'x'], at);
    for (const call of CALLS) {
      if (call[0] === 'commit') writeFileSync(join(at, '.worktrees', 'a', 'other'), 'x\n');
      run(process.execPath, [program, ...call], at);
    }
  } catch (error) {
    if (process.env.WT_WARM_VERBOSE) console.error(error);
  } finally {
    rmSync(room, { recursive: true, force: true });
  }
}
