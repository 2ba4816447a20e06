// The main job, played for real: a scratch repository in a temporary folder, five sessions made at the same moment, five
// scripted agents at work in parallel, review, landing, a conflict that is refused, and cleaning up. Every line after a
// "$" is run by sh exactly as it stands, with this package's own program. Nothing stays behind. No dependencies.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { devNull, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('../bin/wt.js', import.meta.url));
const isTerminal = process.stdout.isTTY === true;
const hasColor = isTerminal && !process.env.NO_COLOR;
const LIMIT_MS = 120_000;

const scratch = mkdtempSync(join(realpathSync(tmpdir()), 'wt-demo-'));
const shop = join(scratch, 'shop');
const running = new Map();
const failed = new AbortController();
process.on('exit', discard);
for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
])
  process.on(signal, () => void stop(code));
process.stdout.on('error', () => void stop(1)); // `npm run demo | head`

const project = {
  'package.json': '{ "name": "shop", "type": "module", "scripts": { "test": "node test/all.js" } }\n',
  'README.md': '# shop\n\nA small shop: a price list, a search, a login.\n',
  'src/price.js': `export function total(items) {
  return items.reduce((sum, item) => sum + item.price * item.count, 0);
}
`,
  'src/search.js': `export function search(items, word) {
  return items.filter((item) => item.name.includes(word));
}
`,
  'src/login.js': `export function afterLogin(request) {
  return { status: 302, location: '/' };
}
`,
  'test/all.js': `import { readdirSync } from 'node:fs';

const files = readdirSync(new URL('.', import.meta.url)).filter((name) => name.endsWith('.test.js'));
for (const name of files) await import(new URL(name, import.meta.url));
console.log(files.length + ' test files passed');
`,
  'test/price.test.js': `import assert from 'node:assert';
import { total } from '../src/price.js';

assert.equal(total([{ price: 2, count: 3 }]), 6);
`,
  'test/search.test.js': `import assert from 'node:assert';
import { search } from '../src/search.js';

assert.equal(search([{ name: 'Tea' }, { name: 'Cup' }], 'Tea').length, 1);
`,
};

/** The scripted agents. Each works in the folder it is started in, as any agent does. `pause` is where the demo looks. */
const sessions = {
  login: {
    agent: 'claude',
    task: 'Go back to the page asked for',
    work: [
      {
        write: {
          'src/login.js': `export function afterLogin(request) {
  return { status: 302, location: isOwn(request.next) ? request.next : '/' };
}

function isOwn(url) {
  return typeof url === 'string' && /^\\/(?!\\/)/.test(url);
}
`,
        },
      },
      { commit: 'Go back to the page asked for' },
      {
        write: {
          'test/login.test.js': `import assert from 'node:assert';
import { afterLogin } from '../src/login.js';

assert.equal(afterLogin({ next: '/cart' }).location, '/cart');
assert.equal(afterLogin({ next: '//evil.example' }).location, '/');
`,
        },
      },
      { pause: true },
      { commit: 'Test where a login leads' },
    ],
  },
  search: {
    agent: 'codex',
    task: 'Find without regard to case',
    work: [
      {
        write: {
          'src/search.js': `export function search(items, word) {
  const wanted = word.toLowerCase();
  return items.filter((item) => item.name.toLowerCase().includes(wanted));
}
`,
        },
      },
      { commit: 'Find without regard to case' },
      { pause: true },
    ],
  },
  discount: {
    agent: 'gemini',
    task: 'Take discount codes',
    work: [
      {
        write: {
          'src/price.js': `export function total(items, discount = 0) {
  return (1 - discount) * items.reduce((sum, item) => sum + item.price * item.count, 0);
}
`,
        },
      },
      { pause: true },
      { commit: 'Take discount codes' },
    ],
  },
  vat: {
    agent: 'claude',
    task: 'Add VAT to the total',
    work: [
      {
        write: {
          'src/price.js': `export function total(items, vat = 0) {
  return (1 + vat) * items.reduce((sum, item) => sum + item.price * item.count, 0);
}
`,
        },
      },
      { pause: true },
      { commit: 'Add VAT to the total' },
    ],
  },
  docs: {
    agent: 'aider',
    task: 'Describe the functions',
    work: [
      {
        write: { 'docs/api.md': '# Functions\n\n- `total(items)`\n- `search(items, word)`\n- `afterLogin(request)`\n' },
      },
      { pause: true },
      {
        write: {
          'README.md':
            '# shop\n\nA small shop: a price list, a search, a login.\n\nSee [its functions](docs/api.md).\n',
        },
      },
    ],
  },
};
const ids = Object.keys(sessions);

const agentProgram = `
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
const scratch = ${JSON.stringify(scratch)};
const sessions = ${JSON.stringify(sessions)};
const rest = (ms) => new Promise((done) => setTimeout(done, ms));
const say = (text) => console.log(process.env.WT_ID.padEnd(8) + ' | ' + process.argv[2] + ' ' + text);
for (const step of sessions[process.env.WT_ID].work) {
  await rest(150 + 200 * Math.random());
  for (const [name, text] of Object.entries(step.write ?? {})) {
    mkdirSync(dirname(name), { recursive: true });
    writeFileSync(name, text);
    say('writes ' + name);
  }
  if (step.commit) {
    execFileSync('git', ['add', '--all']);
    execFileSync('git', ['commit', '--quiet', '--message', step.commit]);
    say('commits "' + step.commit + '"');
  }
  if (step.pause) {
    writeFileSync(join(scratch, 'at-work-' + process.env.WT_ID), '');
    for (const end = Date.now() + ${LIMIT_MS}; !existsSync(join(scratch, 'go')) && Date.now() < end; ) await rest(30);
  }
}
`;

const env = sealedEnv();
const startedAt = Date.now();
try {
  await play();
  discard();
  say(`\nThat took ${Math.round((Date.now() - startedAt) / 1000)} s; the scratch repository is gone again.`);
  say('In a repository of yours: wt create fix-login --task "…", or read wt --help.');
} catch (error) {
  if (!failed.signal.aborted)
    process.stderr.write(`\ndemo failed: ${error instanceof Error ? error.message : String(error)}\n`);
  await stop(1);
}

async function play() {
  prepare();
  await output('git init --quiet --initial-branch main && git add --all && git commit --quiet -m "Open the shop"');
  say(`Run five coding agents on one repository and lose nothing.\n`);
  say(`A scratch repository, and no set-up: wt needs none.`);
  await show('git log --oneline');
  await show('ls src test');

  say('\nFive sessions at the same moment: a branch and a worktree each.');
  await together(
    ids.map((id) => `wt create ${id} --agent ${sessions[id].agent} --task "${sessions[id].task}" &`),
    'wait',
  );
  const made = await data('list');
  must(made.sessions.length === 5, `5 sessions were to be there, not ${made.sessions.length}`);

  say('\nAn agent in each, all at work in parallel. Here they are scripted: they edit');
  say('and commit for real. Yours would be claude, codex, gemini, aider …');
  const agents = together(
    ids.map((id) => `wt exec ${id} -- agent ${sessions[id].agent} &`),
    undefined,
  );
  agents.catch(() => {}); // awaited below
  await Promise.race([agents, untilAtWork()]);
  say(`\nWhile they work${isTerminal ? '' : ' (a table on a terminal, and fields between tabs in a pipe)'}:`);
  await showList('wt list');
  must(!(await isOver(agents)), 'the agents were to be at work still');
  writeFileSync(join(scratch, 'go'), '');
  say('');
  await show('wait', { instead: () => agents });

  say('\nThey are done. What needs you comes first. Who is in whose way?');
  await showList('wt list --conflicts');
  const seen = (await data('list', '--conflicts')).sessions.find(({ id }) => id === 'vat');
  must(seen?.conflicts?.sessions.some(({ id }) => id === 'discount') === true, 'vat was to conflict with discount');
  await show('wt show vat | head -12');

  say('\nReview, uncommitted work included.');
  await show('wt diff login --stat');
  await show('wt diff search');
  say('\nThe tests, in all of them at once:');
  await show('wt exec --all -- npm test --silent');

  say('\nOne agent stopped without a commit. That does not land, and is not lost:');
  await show('wt merge docs --yes', { code: 4 });
  await show('wt commit docs');

  say('\nA person decides what lands. Each merge is built first, then main moves.');
  await show('wt merge docs --yes');
  await show('wt merge login --yes');
  await show('wt merge search --yes --strategy squash');
  await show('wt merge discount --yes');

  say('\nAnd the one that changed the same line:');
  const before = await output('git rev-parse main wt/vat && git status --porcelain');
  await show('wt merge vat --yes', { code: 6 });
  must((await output('git rev-parse main wt/vat && git status --porcelain')) === before, 'a conflict moved something');
  say('No half-made merge is left: main, the session and the checkout did not move.');

  say('\nTake away what has landed, each with the proof that nothing is lost. A squash');
  say('is seen through; work that has not landed stays, with the reason.');
  await show(isTerminal ? 'wt clean' : 'wt clean | cut -f1-3 | expand -t 10');
  const left = (await data('list')).sessions.map(({ id }) => id).join();
  must(left === 'vat', `only vat was to be left, not ${left}`);
  await showList('wt list');

  say('\nWhat happened, and who did it:');
  await show('wt events | tail -14 | grep after | cut -c1-80', { plain: true });
  say('\nAnd that is all git sees:');
  await show('git log --graph --oneline main');
}

/** The scratch folder: the repository, a `wt` and an `agent` for the PATH, and a home without any configuration but a name. */
function prepare() {
  const put = (folder, files, mode) => {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), text, { mode });
    }
  };
  const launcher = (file) => `#!/bin/sh\nexec "${process.execPath}" "${file}" "$@"\n`;
  const agentFile = join(scratch, 'agent.mjs');
  put(scratch, { 'home/.gitconfig': '[user]\n\tname = Demo\n\temail = demo@example.org\n', 'agent.mjs': agentProgram });
  put(join(scratch, 'bin'), { wt: launcher(program), agent: launcher(agentFile) }, 0o755);
  put(shop, project);
}

/** The caller's environment without its git configuration and identity. */
function sealedEnv() {
  const own = Object.entries(process.env).filter(([name]) => !/^(GIT_|WT_|NODE_EXTRA_CA_CERTS$|npm_)/.test(name));
  return {
    ...Object.fromEntries(own),
    PATH: `${join(scratch, 'bin')}:${process.env.PATH}`,
    HOME: join(scratch, 'home'),
    XDG_CONFIG_HOME: join(scratch, 'home', '.config'),
    GIT_CONFIG_GLOBAL: join(scratch, 'home', '.gitconfig'),
    GIT_CONFIG_SYSTEM: devNull,
    GIT_PAGER: 'cat',
    npm_config_update_notifier: 'false',
  };
}

/** Prints a command as typed, runs it with the terminal's own output, and insists on its exit code. */
async function show(typed, { code = 0, plain = false, instead } = {}) {
  prompt(typed);
  const found = instead === undefined ? await runShown(typed, plain) : await instead().then(() => 0);
  must(found === code, `"${typed}" ended with ${found}, and ${code} was to be`);
  if (code !== 0) say(dim(`(exit code ${code}, as it should be)`));
  if (isTerminal) await sleep(300);
}

/** A table on a terminal; off one wt prints whole values between tabs, so the fields that fit are picked. */
function showList(typed) {
  return show(isTerminal ? typed : `${typed} | cut -f1,2,7,8,10 | expand -t 10`);
}

/** Commands that run at the same time; their lines come as they are written. */
async function together(typed, last) {
  typed.forEach(prompt);
  if (last !== undefined) prompt(last);
  const codes = await Promise.all(
    typed.map(async (line) => {
      const { code, out } = await runCaptured(line.replace(/ &$/, ''), hasColor, last === undefined);
      if (last !== undefined) process.stdout.write(out);
      return code;
    }),
  );
  codes.forEach((code, i) => must(code === 0, `"${typed[i]}" ended with ${code}`));
}

/** `data` of a `--json` answer, not shown. */
async function data(...argv) {
  const answer = JSON.parse(await output(`wt ${argv.join(' ')} --json`));
  must(answer.ok === true, `wt ${argv.join(' ')} failed: ${answer.error?.message}`);
  return answer.data;
}

async function output(command) {
  const { code, out } = await runCaptured(command, false, false);
  must(code === 0, `"${command}" ended with ${code}: ${out}`);
  return out;
}

async function runShown(typed, plain) {
  // Piped, both streams go through here, so that they stay in order.
  if (!isTerminal) return (await runCaptured(typed, false, true)).code;
  const child = start(typed, ['ignore', 'inherit', 'inherit'], plain ? { NO_COLOR: '1' } : {});
  return ended(child);
}

async function runCaptured(typed, withColor, isEchoed) {
  const child = start(typed, ['ignore', 'pipe', 'pipe'], withColor ? { FORCE_COLOR: '1' } : {});
  let out = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text) => {
      out += text;
      if (isEchoed) process.stdout.write(text);
    });
  return { code: await ended(child), out };
}

/** In a process group of its own, so that all of it can be ended. */
function start(typed, stdio, extra) {
  failed.signal.throwIfAborted();
  const child = spawn('sh', ['-c', typed], { cwd: shop, env: { ...env, ...extra }, stdio, detached: true });
  const closed = new Promise((resolve) => {
    child.on('error', (error) => resolve(`an error (${error.message})`));
    child.on('close', (code, signal) => resolve(code ?? signal));
  });
  running.set(child, closed);
  void closed.then(() => running.delete(child));
  return child;
}

async function ended(child) {
  const late = setTimeout(() => end(child, 'SIGKILL'), LIMIT_MS);
  const code = await running.get(child);
  clearTimeout(late);
  failed.signal.throwIfAborted();
  return code;
}

async function untilAtWork() {
  const deadlineMs = Date.now() + LIMIT_MS;
  while (!ids.every((id) => existsSync(join(scratch, `at-work-${id}`)))) {
    must(Date.now() < deadlineMs, 'the agents did not begin');
    await sleep(30);
  }
}

async function isOver(promise) {
  return (await Promise.race([promise.then(() => true), sleep(0, false)])) === true;
}

function end(child, signal) {
  try {
    process.kill(-child.pid, signal);
  } catch {
    // it has ended already
  }
}

/** Ends what runs, takes the scratch folder away, and goes. */
async function stop(code) {
  if (failed.signal.aborted) return;
  failed.abort();
  const open = [...running];
  for (const [child] of open) end(child, 'SIGTERM');
  await Promise.race([Promise.all(open.map(([, closed]) => closed)), sleep(3000)]);
  for (const [child] of running) end(child, 'SIGKILL');
  await Promise.race([Promise.all(open.map(([, closed]) => closed)), sleep(1000)]);
  discard();
  process.exit(code);
}

function discard() {
  rmSync(scratch, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
}

function must(holds, otherwise) {
  if (!holds) throw new Error(otherwise);
}

function prompt(typed) {
  process.stdout.write(`${hasColor ? `\u001b[1m$ ${typed}\u001b[22m` : `$ ${typed}`}\n`);
}

function say(text) {
  process.stdout.write(`${hasColor ? `\u001b[36m${text}\u001b[39m` : text}\n`);
}

function dim(text) {
  return hasColor ? `\u001b[2m${text}\u001b[22m` : text;
}
