import { randomUUID } from 'node:crypto';
import path from 'node:path';
import type { Adapter, Launch, StartRequest, Wiring } from '../agents/adapter.ts';
import { hookWords } from '../agents/adapters.ts';
import { briefFor } from '../agents/brief.ts';
import { CLAIM } from '../agents/changes.ts';
import { findHookFile } from '../agents/hooks/files.ts';
import type { AgentFacts, Way } from '../agents/facts.ts';
import { howToInstall } from '../agents/install.ts';
import { agentFiles } from '../agents/place.ts';
import { WtError } from '../core/errors.ts';
import type { Env } from '../platform/deps.ts';
import { makeDirectory, makePrivateDirectory, readText, replaceFile } from '../platform/files.ts';
import { RUN_MARK } from '../platform/members.ts';
import { findProgram, isExecutable, ownWords } from '../platform/program.ts';
import type { AdminEntry } from '../registry/notes.ts';
import type { Session } from './book.ts';
import { loadVariables, sessionEnvironment } from './environment.ts';
import { writeTaskFile } from './facts.ts';
import type { Repo } from './repo.ts';
import type { RunRequest } from './run.ts';

/** With what words, variables and files an agent starts. */
export interface StartPlan {
  /** What the run is known by: nonce of its owner's record, and a variable of its environment. */
  readonly run: string;
  readonly launch: Launch;
  readonly env: Env;
  /** Its PATH decides which program it is. */
  readonly path: string | undefined;
  readonly cwd: string;
  readonly prompt: string | undefined;
  readonly conversation: string | undefined;
  readonly brief: string;
  readonly hasHooks: boolean;
  /** A folder without which it would not look for its hooks. */
  readonly hookFolder: string | undefined;
  /** The words without the prompt: what may be written down and shown. */
  readonly shownWords: readonly string[];
}

interface PlanFacts {
  readonly session: Session;
  readonly admin: AdminEntry;
  readonly adapter: Adapter;
  readonly facts: AgentFacts;
  readonly request: RunRequest;
  readonly how: Way;
  /** Whether it may be made to tell what it does. */
  readonly mayTell: boolean;
}

/** Reads only. Throws `agent.not-resumable`, and `usage.invalid` when nobody says what it is to do. */
export async function planStart(repo: Repo, plan: PlanFacts): Promise<StartPlan> {
  const { session, admin, adapter, facts, request } = plan;
  const { deps } = repo;
  const files = agentFiles(admin.directory);
  const isFirst = !hasStarted(facts) && !request.isResumed;
  const prompt = request.prompt ?? (isFirst ? (session.row.task ?? undefined) : undefined);
  requireWork(plan, prompt);
  const conversation = chooseConversation(plan);
  const brief = briefFor({
    id: session.id,
    branch: session.row.branch,
    base: session.row.base.branch ?? session.row.base.commit,
    worktree: session.path,
    main: repo.isBare ? undefined : repo.root,
  });
  const wiring = plan.mayTell
    ? { argv: [...ownWords(deps.program), ...hookWords(adapter)], folder: files.folder }
    : undefined;
  const start: StartRequest = {
    prompt,
    isHeadless: request.how !== 'tmux' && (request.how === 'background' || !deps.io.stdinIsTTY || !deps.io.stdoutIsTTY),
    conversation,
    worktree: session.path,
    gitDirectories: [admin.directory, repo.commonDir],
    brief: { text: brief, file: files.brief },
    wiring,
    args: request.args,
  };
  const launch = planLaunch(adapter, start, { isResumed: request.isResumed, promptFile: files.prompt });
  if (launch === undefined) throw notResumable(session.id, adapter.name, 'it keeps no conversation that could be');
  const run = randomUUID();
  const own: Env = {
    ...UNNESTED,
    ...sessionEnvironment(repo, session, await loadVariables(repo)),
    ...launch.env,
    WT_AGENT: adapter.name,
    WT_BRIEF_FILE: files.brief,
    ...(prompt === undefined ? { WT_PROMPT_FILE: undefined } : { WT_PROMPT_FILE: files.prompt }),
    [RUN_MARK]: run,
  };
  return {
    run,
    launch,
    env: own,
    path: 'PATH' in own ? own['PATH'] : deps.env['PATH'],
    cwd: session.path,
    prompt,
    conversation,
    brief,
    hasHooks:
      wiring !== undefined && (await isTold(adapter, launch, wiring, { worktree: session.path, main: repo.root })),
    hookFolder: hookFolderIn(session.path, adapter),
    shownWords: wordsWithout(launch.argv, prompt),
  };
}

/** By these Claude Code sees that it is inside of another one, and refuses to start: an agent may start others by wt. */
const UNNESTED: Env = { CLAUDECODE: undefined, CLAUDE_CODE_ENTRYPOINT: undefined };

/** A claim whose wt was killed before there was an agent is no start. */
function hasStarted({ run }: AgentFacts): boolean {
  return run !== null && (run.end !== null || run.owner.command !== CLAIM);
}

/** A single word on a command line may have 128 kB with its end (MAX_ARG_STRLEN, execve(2)). */
const WORD_BYTES = 128 * 1024 - 1;

/** A prompt that is too long for a command line is in a file, and the agent is told to read it. Pure. */
function planLaunch(
  adapter: Adapter,
  request: StartRequest,
  { isResumed, promptFile }: { isResumed: boolean; promptFile: string },
): Launch | undefined {
  const launchOf = (one: StartRequest): Launch | undefined => (isResumed ? adapter.resume(one) : adapter.start(one));
  const launch = launchOf(request);
  if (launch === undefined || launch.argv.every((word) => Buffer.byteLength(word) <= WORD_BYTES)) return launch;
  const prompt = `Your task is too long for a command line. It is in the file ${promptFile} : read all of it, then do what it says.`;
  return launchOf({ ...request, prompt });
}

/** In the background nobody types anything. */
function requireWork({ adapter, request, session, how }: PlanFacts, prompt: string | undefined): void {
  if (how !== 'background' || request.isResumed || prompt !== undefined || adapter.takesLines === true) return;
  throw new WtError('usage.invalid', {
    option: '--prompt',
    reason: 'in the background nobody types anything, and the session has no task that is still to be given',
    fix: ['wt', 'run', session.id, '--background', '--prompt', '<text>'],
  });
}

function chooseConversation({ adapter, facts, request, session }: PlanFacts): string | undefined {
  if (!request.isResumed) return adapter.conversations === 'assigned' ? randomUUID() : undefined;
  if (facts.run === null && facts.conversation === null)
    throw notResumable(session.id, session.row.agent, 'no agent was started there');
  if (facts.run !== null && !hasStarted(facts)) throw notResumable(session.id, adapter.name, 'it was never started');
  return facts.conversation?.agent === adapter.name ? facts.conversation.id : undefined;
}

function notResumable(id: string, agent: string | null, reason: string): WtError {
  return new WtError('agent.not-resumable', { id, agent, reason });
}

/** Whether it will tell what it does: by its words, by a file of wt's, or by the settings that it reads. */
async function isTold(
  { name, like }: Adapter,
  { argv, files = [], env = {} }: Launch,
  wiring: Wiring,
  { worktree, main }: { worktree: string; main: string },
): Promise<boolean> {
  const said = [...argv, ...files.map(({ text }) => text), ...Object.values(env)];
  const [, program = ''] = wiring.argv;
  if (said.some((text) => text?.includes(program) === true)) return true;
  const hooks = findHookFile(like ?? name);
  if (hooks === undefined) return false;
  const file = path.join(hooks.isOnlyInMain ? main : worktree, hooks.file);
  const text = await readText(file).catch(() => undefined);
  return text !== undefined && hooks.stateOf(text, wiring, 'session') !== 'absent';
}

function hookFolderIn(worktree: string, { name, like }: Adapter): string | undefined {
  const hooks = findHookFile(like ?? name);
  return hooks?.isOnlyInMain === true ? path.join(worktree, path.dirname(hooks.file)) : undefined;
}

function wordsWithout(argv: readonly string[], prompt: string | undefined): readonly string[] {
  if (prompt === undefined) return argv;
  return argv.filter((word) => word.trim() !== prompt.trim() && !(prompt.length > 20 && word.includes(prompt)));
}

/** Throws `program.missing`. One that is named by a path is looked for where the agent will stand. */
export async function requireProgram({ launch, path: where, cwd }: StartPlan, agent: string): Promise<void> {
  const [program = ''] = launch.argv;
  const found = program.includes('/')
    ? await isExecutable(path.resolve(cwd, program))
    : (await findProgram({ PATH: where }, program)) !== undefined;
  if (!found) throw new WtError('program.missing', { program, why: howToInstall(agent) });
}

/** What has to lie there before it starts. */
export async function writeStartFiles(session: Session, admin: AdminEntry, plan: StartPlan): Promise<void> {
  const files = agentFiles(admin.directory);
  await makePrivateDirectory(files.folder);
  await writeTaskFile(session);
  await replaceFile(files.brief, `${plan.brief}\n`);
  if (plan.prompt !== undefined) await replaceFile(files.prompt, plan.prompt);
  for (const { path: file, text } of plan.launch.files ?? []) await replaceFile(file, text);
  if (plan.hasHooks && plan.hookFolder !== undefined) await makeDirectory(plan.hookFolder);
}
