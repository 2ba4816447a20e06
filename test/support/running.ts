import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { onTestFinished } from 'vitest';
import { parseFacts, type AgentFacts, type AgentRun } from '#src/agents/facts.ts';
import { lifeOf } from '#src/agents/status.ts';
import { describeProcess } from '#src/platform/identity.ts';
import { PROGRAM, until } from './spawn.ts';
import { makeBench, type Bench, type Stage } from './wt.ts';

/** What `--json` says of an agent that was started. */
export interface RunAnswer {
  readonly session: string;
  readonly agent: string;
  readonly pid: number;
  readonly how: string;
  readonly log: string;
  readonly conversation: string | null;
  readonly startedAt: string;
  readonly argv: readonly string[];
  readonly ended?: { readonly exitCode: number | null; readonly signal: string | null };
}

/**
 * Agents of a test's own. `sh`: its prompt is a script. `talk`: says its words and what it reads, and has conversations. `lines`: says
 * each line it reads.
 */
const AGENTS = {
  sh: { command: ['sh', '-c'], prompt: 'argument' },
  talk: {
    command: ['sh', '-c', 'echo "words: $*"; echo "task: $(cat)"; . "$HOME/then.sh"', 'talk'],
    prompt: 'stdin',
    start: ['--new', '{conversation}'],
    resume: ['--again', '{conversation}'],
  },
  lines: {
    command: ['sh', '-c', 'while read -r line; do echo "got $line"; [ "$line" != end ] || exit 0; done'],
    prompt: 'stdin',
    lines: true,
  },
  words: {
    command: [process.execPath, '-e', 'console.log(JSON.stringify(process.argv.slice(1)))', '--'],
    prompt: 'argument',
  },
  nowhere: { command: ['no-such-agent'] },
};

export interface AgentBench extends Bench {
  /** Facts of the agent of a session. */
  facts: (id: string) => Promise<AgentFacts>;
  run: (id: string) => Promise<AgentRun>;
  /** Starts a script in the background. */
  start: (id: string, script: string, stage?: Stage) => Promise<RunAnswer>;
  /** Names of the events of agents, in order. */
  events: () => Promise<readonly string[]>;
  /** Waits until a file of the room has a whole line, and gives it. */
  line: (name: string) => Promise<string>;
}

/** A repository, agents that are scripts, and wt that can start itself again. */
export async function makeAgentBench(agents: object = {}): Promise<AgentBench> {
  const bench = await makeBench();
  const { room, root } = bench;
  await addAgents(bench, agents);
  await writeFile(path.join(room.dir, 'then.sh'), '');
  const wt: Bench['wt'] = (...argv) => bench.wt(...withProgram(argv));
  const data: Bench['data'] = (...argv) => bench.data(...withProgram(argv));
  const facts = async (id: string): Promise<AgentFacts> =>
    parseFacts(await readFile(factsFile(root, id), 'utf8').catch(() => undefined));
  const run = async (id: string): Promise<AgentRun> => {
    const found = (await facts(id)).run;
    if (found === null) throw new Error(`no agent was started in ${id}`);
    return found;
  };
  onTestFinished(() => endAll(bench));
  return {
    ...bench,
    wt,
    data,
    facts,
    run,
    start: (id, script, stage = {}) => data<RunAnswer>('run', id, 'sh', '--background', '--prompt', script, stage),
    async events() {
      const { events } = await data<{ events: readonly { event: string }[] }>('events');
      return events.map(({ event }) => event).filter((name) => name.startsWith('session.agent.'));
    },
    async line(name) {
      const read = (): Promise<string> => readFile(path.join(room.dir, name), 'utf8').catch(() => '');
      await until(async () => (await read()).endsWith('\n'));
      return (await read()).trim();
    },
  };
}

/** Sets the agents of a test's own. */
export async function addAgents({ room }: Pick<Bench, 'room'>, agents: object = {}): Promise<void> {
  const folder = path.join(room.dir, '.config', 'wt');
  await mkdir(folder, { recursive: true });
  await writeFile(path.join(folder, 'config.jsonc'), JSON.stringify({ agents: { ...AGENTS, ...agents } }));
}

/** The record of an agent in the background that a reboot has cut off, with its log. */
export async function addRun({ root }: Pick<Bench, 'root'>, id: string): Promise<void> {
  const logs = path.join(root, '.git', 'wt', 'logs', 'agents');
  await mkdir(logs, { recursive: true, mode: 0o700 });
  await chmod(path.dirname(logs), 0o700);
  await writeFile(path.join(logs, `${id}.log`), 'one\ntwo\nthree\n', { mode: 0o600 });
  const owner = { ...describeProcess(process.pid, 'talk'), pid: 1, boot: 'before', nonce: 'n' };
  const at = '2026-03-01T12:00:00.000Z';
  const conversation = { id: '6f9619ff-8b86-4d01-b42d-00cf4fc964ff', agent: 'talk', from: 'assigned', at };
  const run = {
    agent: 'talk',
    how: 'background',
    owner,
    startedAt: at,
    argv: ['talk'],
    hasHooks: false,
    log: path.join(logs, `${id}.log`),
    input: null,
    tmux: null,
    end: null,
  };
  const facts = { version: 1, run, conversation, hook: null, turnEndedAt: null, seenAt: at };
  await writeFile(factsFile(root, id), JSON.stringify(facts));
}

export function factsFile(root: string, id: string): string {
  return path.join(root, '.git', 'worktrees', id, 'wt-agent.json');
}

function withProgram(argv: readonly (string | Stage)[]): (string | Stage)[] {
  const stage = argv.find((word) => typeof word !== 'string') ?? {};
  return [...argv.filter((word) => typeof word === 'string'), { program: PROGRAM, ...stage }];
}

/** No agent of a test outlives it. */
async function endAll(bench: Bench): Promise<void> {
  await bench.wt('stop', '--all', '--kill');
}

/** What has ended and was not asked after yet does not count. */
export function isAlive(pid: number): boolean {
  return describeProcess(pid, '') !== undefined;
}

/** Waits until a process is gone, or dead and not asked after yet. */
export async function untilGone(pid: number): Promise<void> {
  await until(() => !isAlive(pid));
}

/** Waits until the end of a session's run is written down. */
export async function untilEnded(bench: AgentBench, id: string): Promise<AgentRun> {
  await until(async () => (await bench.run(id)).end !== null);
  return bench.run(id);
}

/** Its process lives, and it is the one that was started. */
export async function isAtWork(bench: AgentBench, id: string): Promise<boolean> {
  const { end, owner } = await bench.run(id);
  return end === null && lifeOf(owner) === 'alive';
}

/** Process ids of the supervisors of a room's agents. */
export async function supervisorOf(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'latin1');
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
}

/** The agent goes on, and nobody stays beside it. */
export async function killSupervisor(pid: number): Promise<void> {
  const supervisor = await supervisorOf(pid);
  process.kill(supervisor, 'SIGKILL');
  await untilGone(supervisor);
}
