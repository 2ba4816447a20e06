import path from 'node:path';
import { withEnd, withStart, type ProcessEnd } from '../agents/changes.ts';
import { howToInstall } from '../agents/install.ts';
import { announceChange } from '../agents/notify.ts';
import { agentFiles } from '../agents/place.ts';
import { readFacts, recordNews } from '../agents/record.ts';
import type { Spec, SpecInput, Word } from '../agents/supervise.ts';
import { WtError } from '../core/errors.ts';
import { parseJson } from '../core/json.ts';
import { lstatOf, readTail, removeFile, replaceFile } from '../platform/files.ts';
import { describeProcess } from '../platform/identity.ts';
import { endGently } from '../platform/members.ts';
import { ownWords } from '../platform/program.ts';
import { throwIfInterrupted, type RunResult } from '../platform/runner.ts';
import { liveRecord } from '../registry/live-record.ts';
import type { Repo } from './repo.ts';
import type { Claim, RunPlan } from './run.ts';
import { writeStartFiles } from './run-plan.ts';

/** An agent that has been started. `end`: it has ended by now. */
export interface Started {
  readonly pid: number | null;
  readonly end: ProcessEnd | null;
  /** As a shell has it: 128 and the number of the signal. */
  readonly exitCode: number;
}

type Began = Claim & { readonly plan: RunPlan };

/** In the foreground: wt itself waits for it, and hands the terminal over. */
export async function startHere(repo: Repo, began: Began, onStart?: () => void): Promise<Started> {
  const { deps } = repo;
  const { plan, run, by } = began;
  const { launch, env, cwd } = plan.start;
  const [file = '', ...args] = launch.argv;
  const id = run.owner.nonce;
  await writeStartFiles(plan.session, plan.admin, plan.start);
  const live = liveRecord(plan.admin.directory, launch.argv.join(' '));
  let pid: number | null = null;
  let told: Promise<unknown> = Promise.resolve();
  const begin = (found: number): void => {
    pid = found;
    live.begin(found);
    const owner = describeProcess(found, file);
    const at = deps.clock.now().toISOString();
    const { isResumed } = plan.request;
    told = recordNews(deps, plan.place, (facts) => withStart(facts, id, { pid: found, owner, isResumed, at, by }));
    told.catch(() => {}); // what it does counts, not that it could be written down
  };
  onStart?.();
  const stdio = plan.request.output === 'aside' ? 'aside' : 'inherit';
  const input = launch.stdin === undefined ? {} : { input: launch.stdin };
  let result: RunResult;
  try {
    result = await deps.run({ file, args, cwd, env, stdio, ownsTerminal: true, onStart: begin, ...input });
  } finally {
    await told.catch(() => {});
    await live.end();
  }
  if (pid === null) throw await whyNotStarted(began, result.exitCode === 126 ? 'EACCES' : 'ENOENT');
  const end = { exitCode: result.signal === undefined ? result.exitCode : null, signal: result.signal ?? null };
  const at = deps.clock.now().toISOString();
  const { agent } = run;
  await recordNews(deps, plan.place, (facts) => withEnd(facts, id, { agent, end, at, by: agent })).then(
    (change) => announceChange(repo.deps, plan.place, change),
    () => {},
  );
  return { pid, end, exitCode: result.exitCode };
}

/** How a start failed that came to no process. */
async function whyNotStarted({ plan }: Began, reason: string): Promise<WtError> {
  const { start, session, adapter } = plan;
  if ((await lstatOf(start.cwd)) === undefined)
    return new WtError('path.unsafe', { path: session.path, reason: 'its folder is gone', fix: ['wt', 'doctor'] });
  const [program = ''] = start.launch.argv;
  if (reason === 'ENOENT') return new WtError('program.missing', { program, why: howToInstall(adapter.name) });
  if (reason === 'E2BIG')
    return new WtError('usage.invalid', {
      option: '--prompt',
      reason: 'it and the environment are too long to start a program with',
    });
  return new WtError('io.failed', {
    path: program,
    syscall: 'spawn',
    errno: reason,
    message: `${program} cannot be started`,
  });
}

/** Spares memory: it is there once for every agent. Words, not NODE_OPTIONS, which the agent would inherit. */
const LIGHT = ['--max-semi-space-size=1', '--max-old-space-size=64', '--no-warnings'];
const SUPERVISE = '--supervise';

/** In the background: returns once the agent runs and has not ended within a moment. Throws `agent.failed` with its last lines. */
export async function startAway(repo: Repo, began: Began): Promise<Started> {
  const { deps } = repo;
  const { plan, run } = began;
  await writeStartFiles(plan.session, plan.admin, plan.start);
  const spec = await specOf(repo, began);
  throwIfInterrupted(deps.signal);
  const words: Word[] = [];
  const talk = await converse(repo, spec, (word) => words.push(word));
  const started = words.find(({ word }) => word === 'started');
  const failed = words.find(({ word }) => word === 'failed');
  const ended = words.find(({ word }) => word === 'ended');
  if (started?.word === 'started' && ended?.word === 'ended') {
    const { exitCode, signal } = ended;
    if (exitCode === 0) return { pid: started.pid, end: { exitCode, signal }, exitCode };
    throw await endedAtOnce(began, { exitCode, signal });
  }
  throwIfInterrupted(deps.signal);
  if (started?.word === 'started') return { pid: started.pid, end: null, exitCode: 0 };
  if (failed?.word === 'failed' && failed.reason === 'lost') throw await whoTookIt(plan);
  if (failed?.word === 'failed') throw await whyNotStarted(began, failed.reason);
  throw new WtError('io.failed', {
    path: run.log,
    syscall: 'spawn',
    errno: 'ECHILD',
    message: `what was to start ${run.agent} has ended before it did (${talk})`,
  });
}

/** Until it has said all that is waited for. An interrupt ends it, and the agent with it. */
async function converse(repo: Repo, spec: Spec, onWord: (word: Word) => void): Promise<string> {
  const { deps, layout } = repo;
  let isDone: () => void = () => {};
  const done = new Promise<void>((resolve) => (isDone = resolve));
  const onLine = (line: string): void => {
    const word = parseJson(line) as Word | undefined;
    if (word === undefined) return;
    onWord(word);
    if (word.word !== 'started') isDone();
  };
  const [node, program] = ownWords(deps.program);
  const args = [...LIGHT, program, SUPERVISE, spec.id];
  const child = deps.detach({ file: node, args, cwd: layout.state, talk: { input: JSON.stringify(spec), onLine } });
  const onAbort = (): void => {
    if (child.pid !== undefined) endGently(child.pid);
  };
  deps.signal.addEventListener('abort', onAbort, { once: true });
  await Promise.race([done, child.over]);
  deps.signal.removeEventListener('abort', onAbort);
  child.letGo();
  return `process ${child.pid ?? '?'}`;
}

async function specOf(repo: Repo, { plan, run, by }: Began): Promise<Spec> {
  const { session, admin, start, request } = plan;
  const { launch } = start;
  return {
    id: session.id,
    agent: run.agent,
    adminDirectory: admin.directory,
    events: { events: repo.layout.events, eventsLock: repo.layout.eventsLock, inbox: repo.layout.inbox },
    run: run.owner.nonce,
    isResumed: request.isResumed,
    by,
    argv: launch.argv,
    cwd: start.cwd,
    env: Object.fromEntries(Object.entries(start.env).map(([name, value]) => [name, value ?? null])),
    log: run.log ?? '',
    input: await makeInput(repo, plan, run.input),
  };
}

async function makeInput({ deps }: Repo, { admin, start }: RunPlan, pipe: string | null): Promise<SpecInput> {
  const { stdin } = start.launch;
  const { folder } = agentFiles(admin.directory);
  if (pipe !== null) {
    await removeFile(pipe);
    const { exitCode } = await deps.run({ file: 'mkfifo', args: ['-m', '600', pipe], cwd: folder });
    if (exitCode === 0) return { kind: 'pipe', file: pipe, first: stdin ?? null };
  }
  if (stdin === undefined) return { kind: 'none' };
  const file = path.join(folder, 'stdin');
  await replaceFile(file, stdin);
  return { kind: 'file', file };
}

const SHOWN_BYTES = 8192;
const SHOWN_LINES = 12;

async function endedAtOnce({ plan, run }: Began, { exitCode, signal }: ProcessEnd): Promise<WtError> {
  const text = run.log === null ? '' : await readTail(run.log, SHOWN_BYTES);
  const output = text.split(/\r?\n/).filter((line) => line.trim() !== '');
  return new WtError(
    'agent.failed',
    { id: plan.session.id, agent: run.agent, exitCode, signal, log: run.log, output: output.slice(-SHOWN_LINES) },
    { changed: true },
  );
}

/** Somebody else has started one, or has stopped this one, before it was there. */
async function whoTookIt({ session, admin }: RunPlan): Promise<WtError> {
  const { run } = await readFacts(admin.directory);
  if (run === null || run.stoppingAt !== null) return new WtError('interrupted', { signal: 'SIGTERM' });
  const { agent, owner, startedAt, how } = run;
  return new WtError('agent.running', { id: session.id, agent, pid: owner.pid, since: startedAt, how });
}
