// One program that plays seven coding agents, by the name in FAKE_AGENT_NAME: it reads their words and settings, runs their hooks and
// paints their screens, as fake-kinds.mjs has them. What it does comes from a script; what happens to it is written down in
// `calls.jsonl` of FAKE_AGENT_DIR. See agents.ts for both.
import { spawn, spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import {
  appendFileSync,
  existsSync,
  fstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { KINDS, Refusal } from './fake-kinds.mjs';

const { FAKE_AGENT_NAME: NAME, FAKE_AGENT_DIR: CONTROL, ...env } = process.env;
const kind = KINDS[NAME];
const started = process.cwd();
let cwd = started;
const who = env.WT_SESSION ?? path.basename(cwd);

function record(entry) {
  appendFileSync(
    path.join(CONTROL, 'calls.jsonl'),
    `${JSON.stringify({ pid: process.pid, agent: NAME, who, ...entry })}\n`,
  );
}

// The call ---------------------------------------------------------------------------------------------------------

const argv = process.argv.slice(2);
record({ what: 'start', argv, cwd, env, ppid: process.ppid, isTerminal: process.stdin.isTTY === true });
mkdirSync(path.join(CONTROL, 'conversations'), { recursive: true });

const call = attempt(() => kind.parse(argv, env));
if (call.prints !== undefined) quit(call.prints);
if (call.printsFile !== undefined) {
  const file = path.join(CONTROL, call.printsFile);
  quit(existsSync(file) ? readFileSync(file, 'utf8') : call.otherwise);
}
if (typeof call.cwd === 'string') cwd = path.resolve(cwd, call.cwd);

const isTerminal = process.stdin.isTTY === true && process.stdout.isTTY === true;
const isFifo = fstatSync(0).isFIFO();
const takesLines = call.takesJsonLines === true || (isFifo && call.takesLines === true && !call.isHeadless);
if (!isTerminal && call.goesHeadless) call.isHeadless = true;
if (!isTerminal && !call.isHeadless && !takesLines) refuse('Error: stdin is not a terminal');
if (call.readsStdin && !process.stdin.isTTY && !takesLines) {
  const piped = readFileSync(0, 'utf8');
  record({ what: 'stdin', text: piped });
  call.prompt = [call.prompt, piped].filter((part) => part !== undefined && part !== '').join('\n\n') || undefined;
}
if (call.isHeadless && call.prompt === undefined && !takesLines && (kind !== KINDS.claude || call.resume === undefined))
  refuse('Error: Input must be provided either through stdin or as a prompt argument');

function quit(text) {
  process.stdout.write(`${text.trimEnd()}\n`);
  process.exit(0);
}

function refuse(message, code = 1) {
  record({ what: 'refusal', message, code });
  process.stderr.write(`${message}\n`);
  process.exit(code);
}

function attempt(action) {
  try {
    return action();
  } catch (error) {
    if (error instanceof Refusal) refuse(error.message, error.code);
    throw error;
  }
}

// The conversation -------------------------------------------------------------------------------------------------

const fileOf = (id) => path.join(CONTROL, 'conversations', `${NAME}-${encodeURIComponent(id).slice(0, 200)}.json`);
const readConversation = (id) => (existsSync(fileOf(id)) ? JSON.parse(readFileSync(fileOf(id), 'utf8')) : undefined);

function openConversation() {
  if (call.resume !== undefined) {
    const id = call.resume === true ? latest() : call.resume === 'here' ? kind.newId({ cwd }) : call.resume;
    const known = id === undefined ? undefined : readConversation(id);
    if (known !== undefined && call.forks) return { ...known, id: call.assigned ?? kind.newId({ cwd }) };
    if (known !== undefined) return known;
    const message = kind.noConversation(id);
    if (message !== undefined) refuse(message);
  }
  if (call.assigned !== undefined && readConversation(call.assigned) !== undefined)
    refuse(`Error: Session ID ${call.assigned} is already in use.`);
  const id = call.assigned ?? kind.newId({ cwd });
  return { id, cwd, prompts: [] };
}

function latest() {
  const all = readdirSync(path.join(CONTROL, 'conversations'))
    .filter((name) => name.startsWith(`${NAME}-`))
    .map((name) => JSON.parse(readFileSync(path.join(CONTROL, 'conversations', name), 'utf8')));
  return all
    .filter((one) => one.cwd === cwd)
    .toSorted((a, b) => a.at - b.at)
    .at(-1)?.id;
}

const conversation = openConversation();
const isResumed = conversation.prompts.length > 0 || call.resume !== undefined;
const keep = () => writeFileSync(fileOf(conversation.id), JSON.stringify({ ...conversation, at: Date.now() }));
keep();

// Hooks ------------------------------------------------------------------------------------------------------------

const home = env.HOME ?? '/';
let handlers = await load();
const plugins = await loadPlugins();
record({ what: 'hooks', events: [...new Set(handlers.map(({ event }) => event))], plugins: plugins.length });

async function load() {
  try {
    return await kind.load({ cwd, home, env, call });
  } catch (error) {
    if (error instanceof Refusal) refuse(error.message, error.code);
    throw error;
  }
}

async function loadPlugins() {
  const files = (await kind.plugins?.({ cwd, home, env })) ?? [];
  const loaded = [];
  for (const file of files) {
    const module = await import(pathToFileURL(file).href).catch(async (error) => {
      if (!(error instanceof SyntaxError)) throw error;
      return import(`data:text/javascript;base64,${readFileSync(file).toString('base64')}`); // Bun takes every .js for a module
    });
    const input = {
      project: { id: 'p', worktree: cwd },
      client: fakeClient(),
      $: shell,
      directory: cwd,
      worktree: cwd,
    };
    for (const make of new Set(Object.values(module))) if (typeof make === 'function') loaded.push(await make(input));
  }
  return loaded;
}

function fakeClient() {
  return new Proxy(() => Promise.resolve({ data: undefined }), {
    get: (_, name) => (name === 'then' ? undefined : fakeClient()),
  });
}

/** A little of Bun's shell: a template that runs, its values as one word each. */
function shell(parts, ...values) {
  const quote = (value) => `'${String(value).replaceAll("'", `'\\''`)}'`;
  const script = parts
    .map((part, i) => part + (i < values.length ? [values[i]].flat().map(quote).join(' ') : ''))
    .join('');
  const promise = new Promise((resolve) => {
    const child = spawn('/bin/sh', ['-c', script], { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
    let stdout = '';
    child.stdout.on('data', (piece) => (stdout += piece));
    child.on('close', (exitCode) => resolve({ exitCode, stdout, text: () => stdout }));
  });
  for (const name of ['quiet', 'nothrow', 'cwd', 'env']) promise[name] = () => promise;
  promise.text = () => promise.then(({ stdout }) => stdout);
  return promise;
}

const state = {
  pending: Promise.resolve(),
  isHasty: false,
  turn: undefined,
  prompt: '',
  message: '',
  subagent: undefined,
  isPlaying: true,
};

/** Tells a moment to all hooks that listen to it; waits for them. Returns the answers that were read. */
async function tell(moment, data = {}) {
  const about = {
    conversation: conversation.id,
    cwd,
    home,
    turn: state.turn,
    root: started,
    subagent: state.subagent,
    prompt: state.prompt,
    message: state.message,
    background: [],
    ...data,
  };
  const told = kind.moments[moment]?.(about);
  if (told === undefined) return [];
  const [event, extra, matched] = told;
  return runHooks(event, extra, matched);
}

async function runHooks(event, extra, matched) {
  if (kind.plugins !== undefined) return runPlugins(event, extra, matched);
  const about = { conversation: conversation.id, cwd, home, turn: state.turn, root: started, subagent: state.subagent };
  const name = kind.hasNoEventName || event === 'notify' ? {} : { hook_event_name: event };
  const base = event === 'notify' ? {} : kind.base(about);
  const payload = JSON.stringify({ ...base, ...name, ...extra });
  const listening = handlers.filter((one) => one.event === event && matches(one.matcher, matched));
  const answers = await Promise.all(listening.map((one) => runHook(one, payload, kind.env(about))));
  return answers.filter((answer) => answer !== undefined);
}

function matches(matcher, value) {
  if (matcher === undefined || matcher === '' || matcher === '*' || value === undefined) return true;
  return new RegExp(`^(?:${matcher})$`).test(value);
}

async function runHook(handler, payload, more) {
  const begun = Date.now();
  const done = runProgram(handler, payload, more).then((exit) => {
    const { event, argv: words } = handler;
    record({ what: 'hook', event, payload: JSON.parse(payload), argv: words, ms: Date.now() - begun, ...exit });
    return exit;
  });
  if (handler.isAsync) {
    state.pending = state.pending.then(() => done);
    return undefined;
  }
  const { stdout, code } = await done;
  if (!kind.readsAnswers || code !== 0) return undefined;
  try {
    return JSON.parse(stdout);
  } catch {
    return stdout === '' ? undefined : { text: stdout };
  }
}

function runProgram({ argv: words, isLastWord, hasNoInput, timeoutMs, env: own, cwd: place }, payload, more) {
  return new Promise((resolve) => {
    const [file, ...args] = isLastWord ? [...words, payload] : words;
    const child = spawn(file, args, { cwd: place ?? cwd, env: { ...env, ...more, ...own }, timeout: timeoutMs });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (piece) => (stdout += piece));
    child.stderr.on('data', (piece) => (stderr += piece));
    child.on('error', (error) => resolve({ code: -1, stdout, stderr: String(error) }));
    child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
    child.stdin.on('error', () => {}); // a hook need not read
    child.stdin.end(isLastWord || hasNoInput ? '' : payload);
  });
}

async function runPlugins(type, properties, args) {
  for (const plugin of plugins) {
    const own = plugin[type];
    if (own !== undefined) await own(properties, { args });
    else if (plugin.event !== undefined && !type.startsWith('tool.'))
      await plugin.event({ event: { type, properties } });
  }
  record({ what: 'hook', event: type, payload: properties });
  return [];
}

// The screen -------------------------------------------------------------------------------------------------------

const screen = { lines: [...(isTerminal ? kind.look.welcome : [])], line: '', below: undefined, isPasting: false };

function say(line) {
  if (!isTerminal) return void process.stdout.write(`${line}\n`);
  screen.lines.push(...line.split('\n'));
  paint();
}

/** The end of what was said, and below it what the agent is at. */
function paint(below = screen.below) {
  screen.below = below;
  if (!isTerminal || below === undefined) return;
  const parts = below(screen.line);
  const room = Math.max((process.stdout.rows ?? 24) - parts.length - 1, 0);
  const rows = [...screen.lines.slice(-room), ...parts].map((row) => row.slice(0, (process.stdout.columns ?? 80) - 1));
  process.stdout.write(`\u001B[H\u001B[2J${rows.join('\r\n')}`);
}

const show = {
  ready: () => paint((line) => kind.look.ready(line)),
  working: () => paint((line) => kind.look.working(line)),
  blocked: (tool) => paint(() => ['', ...kind.look.blocked(tool)]),
};

// Input: lines that were entered, and keys pressed while a dialogue is open ------------------------------------------

const input = { lines: [], wake: undefined, dialogue: undefined, isAtEnd: false };

function enter(line) {
  record({ what: 'line', text: line });
  input.lines.push(line);
  input.wake?.();
}

async function nextLine() {
  while (input.lines.length === 0 && !input.isAtEnd) await new Promise((resolve) => (input.wake = resolve));
  return input.lines.shift();
}

function onKeys(chunk) {
  record({
    what: 'keys',
    text: chunk,
    during: input.dialogue === undefined ? (state.turn === undefined ? 'ready' : 'turn') : 'dialogue',
  });
  if (input.dialogue !== undefined) return input.dialogue(chunk);
  const isBurst = kind.pastes === true && chunk.length > 1 && !chunk.includes('\u001B[200~');
  for (const key of chunk.match(/\u001B\[(?:\d+~|\d*[A-Z])|\u001B|[^]/gu) ?? []) onKey(key, isBurst);
  paint();
}

function onKey(key, isBurst) {
  if (key === '\u001B[200~') screen.isPasting = true;
  else if (key === '\u001B[201~') screen.isPasting = false;
  else if (key === '\r' && (screen.isPasting || isBurst)) screen.line += '\n';
  else if (key === '\r') {
    const line = screen.line;
    screen.line = '';
    if (line.trim() !== '') enter(line);
  } else if (key === '\u0003') void pressInterrupt();
  else if (key === '\u0004') void leave(0, kind.reasons.exit);
  else if (key === '\u007F') screen.line = screen.line.slice(0, -1);
  else if (!key.startsWith('\u001B')) screen.line += key;
}

function listen() {
  process.stdin.setEncoding('utf8');
  process.stdin.on('error', () => {});
  process.stdin.on('end', () => {
    input.isAtEnd = true;
    input.wake?.();
  });
  if (isTerminal) {
    process.stdin.setRawMode(true);
    process.stdout.write('\u001B[?2004h');
    process.stdin.on('data', onKeys);
    process.stdout.on('resize', () => paint());
  } else if (takesLines) {
    let rest = '';
    process.stdin.on('data', (chunk) => {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop();
      for (const line of lines)
        if (line.trim() !== '') enter(call.takesJsonLines ? JSON.parse(line).message.content : line);
    });
  }
}

// What it does -----------------------------------------------------------------------------------------------------

async function beginTurn(prompt) {
  if (state.turn !== undefined) return;
  await think();
  state.turn = randomUUID();
  state.prompt = prompt ?? 'go on';
  conversation.prompts.push(state.prompt);
  keep();
  if (isTerminal) say(kind.look.asked(state.prompt));
  show.working();
  await tell('prompt');
}

/** A model thinks longer than any hook takes: what has been told is through when the next is. */
async function think() {
  if (state.isHasty) return;
  await state.pending;
  if (plugins.length > 0) while (childrenOf(process.pid) !== '') await sleep(5);
}

const childrenOf = (pid) => readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();

async function endTurn(data = {}) {
  if (state.turn === undefined) return;
  await think();
  await tell('stop', data);
  await tell('stopped', data);
  state.turn = undefined;
  show.ready();
  if (!call.isHeadless) await tell('ready');
}

async function useTool(tool = newTool()) {
  await tell('toolStart', tool);
  await tell('toolEnd', tool);
}

const newTool = (command = 'npm test') => ({
  name: 'Bash',
  input: { command },
  id: `toolu_${randomUUID().slice(0, 8)}`,
});

async function askPermission(command) {
  const tool = newTool(command || undefined);
  await think();
  await tell('toolStart', tool);
  show.blocked(tool);
  const answers = await tell('ask', tool);
  const answer = answers.map((one) => one.hookSpecificOutput?.decision?.behavior).find((one) => one !== undefined);
  const timer = setTimeout(() => void tell('asked', tool), 300);
  const isAllowed = answer === undefined ? await waitForPerson() : answer === 'allow';
  clearTimeout(timer);
  input.dialogue = undefined;
  record({ what: 'permission', isAllowed });
  show.working();
  await tell('answered', tool);
  if (isAllowed) await tell('toolEnd', tool);
  else await endTurn();
}

/** A key of the dialogue, or a file `<session>.allow` or `<session>.deny`, which is used up. */
async function waitForPerson() {
  let pressed;
  input.dialogue = (chunk) => {
    if (/^[1y\r]/i.test(chunk)) pressed = true;
    else if (/^(?:[3ns]|\u001B$|\u0003)/i.test(chunk)) pressed = false;
  };
  for (;;) {
    if (pressed !== undefined) return pressed;
    for (const [ending, isAllowed] of [
      ['allow', true],
      ['deny', false],
    ]) {
      const file = path.join(CONTROL, `${who}.${ending}`);
      if (!existsSync(file)) continue;
      rmSync(file);
      return isAllowed;
    }
    await sleep(20);
  }
}

let interrupts = 0;
let isStubborn = false;

/** As a key: the first ends the turn's work or asks, the second leaves in good order. */
function pressInterrupt() {
  if (isStubborn) return undefined;
  if (interrupts++ === 0) return say('  Press Ctrl-C again to exit');
  return leave(0, kind.reasons.exit);
}

async function interrupt(signal) {
  record({ what: 'signal', signal, isStubborn });
  if (isStubborn) return;
  await leave(128 + { SIGINT: 2, SIGTERM: 15, SIGHUP: 1 }[signal], kind.reasons.signal);
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => void interrupt(signal));

let isLeaving = false;

async function leave(code, reason) {
  if (isLeaving) return new Promise(() => {}); // the first one ends it
  isLeaving = true;
  await think();
  await tell('end', { reason });
  end(code);
}

function end(code) {
  if (isTerminal) {
    process.stdout.write('\u001B[?2004l\r\n');
    process.stdin.setRawMode(false);
  }
  record({ what: 'end', code });
  process.exit(code);
}

function leaveChild(seconds, isDetached) {
  const child = spawn('sleep', [seconds || '300'], { stdio: 'ignore', detached: isDetached });
  child.unref();
  record({ what: 'child', child: child.pid });
}

function sh(command) {
  const { status, stdout, stderr } = spawnSync('/bin/sh', ['-c', command], { cwd, env, encoding: 'utf8' });
  record({ what: 'ran', command, code: status, stdout, stderr });
  for (const line of `${stdout}${stderr}`.trimEnd().split('\n')) if (line !== '') say(line);
}

function write(words) {
  const [name, ...rest] = words.split(' ');
  mkdirSync(path.dirname(path.resolve(cwd, name)), { recursive: true });
  writeFileSync(path.resolve(cwd, name), `${rest.join(' ') || `by ${NAME}`}\n`);
}

async function waitFor(file) {
  while (!existsSync(path.resolve(CONTROL, file))) await sleep(20);
}

/** The commands of a script; each gets the rest of its line. */
const COMMANDS = {
  async turn(words) {
    await beginTurn(words || call.prompt);
    await useTool();
    await endTurn();
  },
  async work(seconds) {
    await beginTurn(call.prompt);
    await useTool();
    await sleep(Number(seconds || 0) * 1000);
  },
  async ask(words) {
    await beginTurn(call.prompt);
    await askPermission(words.replace(/^permission ?/, ''));
  },
  async idle(seconds) {
    await endTurn();
    await sleep(Number(seconds || 0) * 1000);
  },
  async fail(words) {
    const [code = '1', error = 'server_error'] = words.split(' ').filter((word) => word !== '');
    await beginTurn(call.prompt);
    await tell('failure', { error });
    state.turn = undefined;
    say(`API Error: ${error}`);
    if (Number(code) > 0) await leave(Number(code), kind.reasons.done);
    show.ready();
  },
  say: (words) => {
    state.message = words;
    say(kind.look.said(words));
  },
  print: (words) => process.stdout.write(words),
  flood: (count) => {
    for (let i = 0; i < Number(count); i++) process.stdout.write(`line ${i} ${'x'.repeat(60)}\n`);
  },
  write,
  run: sh,
  commit: (words) => sh(`git add -A && git commit -qm '${(words || 'work').replaceAll("'", '')}'`),
  'wait-for': waitFor,
  touch: (file) => writeFileSync(path.resolve(CONTROL, file), ''),
  sleep: (seconds) => sleep(Number(seconds) * 1000),
  hang: () => sleep(2 ** 31 - 1),
  exit: (code) => leave(Number(code || 0), kind.reasons.done),
  crash: (code) => end(Number(code || 70)),
  die: (signal) => {
    process.kill(process.pid, signal || 'SIGKILL');
    return sleep(2 ** 31 - 1);
  },
  stubborn: () => void (isStubborn = true),
  hasty: () => void (state.isHasty = true),
  child: (words) => leaveChild(words.replace('detached', '').trim(), words.includes('detached')),
  background: (words) =>
    endTurn({ background: [{ id: 'b1', type: 'shell', status: 'running', description: words, command: words }] }),
  notify: (words) => tell('notify', { kind: words.split(' ')[0], message: words.split(' ').slice(1).join(' ') }),
  async subagent() {
    state.subagent = `helper-${randomUUID().slice(0, 8)}`;
    await tell('subagentStart');
    await useTool();
    await tell('subagentStop');
    state.subagent = undefined;
  },
  /** A second agent of the same kind in the same place, whose hooks run too. */
  async nested() {
    const { id } = conversation;
    conversation.id = kind.newId({ cwd });
    await tell('start', { source: 'startup' });
    await tell('prompt');
    await tell('stop');
    await tell('stopped');
    await tell('end', { reason: kind.reasons.done });
    conversation.id = id;
  },
  /** As /clear does: another conversation in the same process. */
  async clear() {
    await endTurn();
    await tell('end', { reason: kind.reasons.clear });
    Object.assign(conversation, { id: kind.newId({ cwd }), prompts: [] });
    keep();
    await tell('start', { source: 'clear' });
  },
  async hook(words) {
    const [event, ...rest] = words.split(' ');
    await runHooks(event, rest.length === 0 ? {} : JSON.parse(rest.join(' ')));
  },
  reload: async () => void (handlers = await load()),
  /** Waits for a line at its prompt and does it. */
  async listen() {
    await endTurn();
    const line = await nextLine();
    if (line === undefined) return leave(0, kind.reasons.exit);
    await perform(line);
  },
};

/** A line that begins with `!` is a script, any other is a prompt that it works at for a moment. */
async function perform(line) {
  if (line.startsWith('!')) return play(line.slice(1));
  await beginTurn(line);
  await useTool();
  say(kind.look.said(`done: ${line}`));
  if (call.takesJsonLines)
    process.stdout.write(`${JSON.stringify({ type: 'result', subtype: 'success', result: 'done' })}\n`);
  await endTurn();
}

async function play(script) {
  for (const line of script.split(/[;\n]/).map((one) => one.trim())) {
    if (line === '' || line.startsWith('#')) continue;
    const space = `${line} `.indexOf(' ');
    const command = COMMANDS[line.slice(0, space)];
    if (command === undefined) refuse(`fake agent: no command ${line}`, 99);
    await command(line.slice(space + 1));
  }
}

/** Its script, from where it finds one first. */
function findScript() {
  const given = /^!(.*)$/m.exec(call.prompt ?? '')?.[1];
  if (given !== undefined) return given;
  const name = isResumed ? `${who}.resume` : `${who}.script`;
  for (const file of [name, `${NAME}.script`].map((one) => path.join(CONTROL, one)))
    if (existsSync(file)) return readFileSync(file, 'utf8');
  const { FAKE_AGENT_SCRIPT: said } = env;
  if (said !== undefined && said !== '') return existsSync(said) ? readFileSync(said, 'utf8') : said;
  return call.prompt === undefined ? '' : 'turn';
}

listen();
show.ready();
const answers = await tell('start', { source: isResumed ? 'resume' : 'startup' });
const context = answers
  .map((one) => one.hookSpecificOutput?.additionalContext ?? one.text)
  .filter((one) => one !== undefined);
if (context.length > 0) record({ what: 'context', text: context.join('\n') });
await play(findScript());
if (call.isHeadless && !takesLines) {
  await endTurn();
  await leave(0, kind.reasons.done);
}
for (;;) await COMMANDS.listen();
