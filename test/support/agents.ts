import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import type { Room } from './room.ts';

export const FAKE_KINDS = ['claude', 'codex', 'gemini', 'opencode', 'aider', 'copilot', 'cursor-agent'] as const;
export type FakeKind = (typeof FAKE_KINDS)[number];

/** One line of what the fake agents have written down; which of the fields are there depends on `what`. */
export interface FakeCall {
  readonly pid: number;
  readonly agent: FakeKind;
  /** The session: WT_SESSION, else the name of its folder. */
  readonly who: string;
  readonly what:
    | 'start'
    | 'refusal'
    | 'stdin'
    | 'hooks'
    | 'hook'
    | 'context'
    | 'line'
    | 'keys'
    | 'permission'
    | 'signal'
    | 'child'
    | 'ran'
    | 'end';
  readonly argv?: readonly string[];
  readonly cwd?: string;
  readonly ppid?: number;
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly isTerminal?: boolean;
  readonly text?: string;
  readonly message?: string;
  readonly event?: string;
  readonly events?: readonly string[];
  readonly payload?: Readonly<Record<string, unknown>>;
  readonly code?: number | null;
  readonly stdout?: string;
  readonly stderr?: string;
  readonly ms?: number;
  readonly during?: 'ready' | 'turn' | 'dialogue';
  readonly isAllowed?: boolean;
  readonly signal?: string;
  readonly child?: number;
}

export interface FakeAgents {
  /** Folder of the programs; the first of the room's PATH. */
  readonly bin: string;
  /** Folder of scripts, of files that are waited for, and of what was written down. */
  readonly control: string;
  /**
   * What an agent does when it starts in a session (or: what every agent of a kind does), one command a line or between semicolons:
   * `turn [prompt]`, `work [seconds]`, `ask permission [command]`, `idle [seconds]`, `say`, `write <file> [text]`, `commit <message>`,
   * `run <shell command>`, `wait-for <file>`, `sleep <seconds>`, `fail [code] [error]` (0: it stays), `exit [code]`, `crash [code]`
   * (without a word to its hooks), `die <signal>`, `hang`, `stubborn` (deaf for SIGINT, SIGTERM, SIGHUP), `child [seconds] [detached]`,
   * `listen` (one line at its prompt), `background <command>`, `notify <kind> [message]`, `subagent`, `nested`, `clear`,
   * `hook <event> [json]`, `hasty` (waits for none of its asynchronous hooks), `flood <lines>`, `print <text>`, `touch <file>`. After it an agent at a terminal listens for ever, one
   * without a terminal ends. A line of a prompt that begins with `!` is a script too, as is FAKE_AGENT_SCRIPT (its text or its file). Without
   * any: one turn for its prompt.
   */
  script(session: string, ...lines: string[]): Promise<void>;
  /** What it does when it takes up a conversation; without it the same as without a script. */
  onResume(session: string, ...lines: string[]): Promise<void>;
  /** Makes a file that a script waits for. */
  release(file: string): Promise<void>;
  /** Answers an open permission dialogue of a session, as a person would. */
  answer(session: string, isAllowed: boolean): Promise<void>;
  calls(what?: FakeCall['what'], session?: string): Promise<readonly FakeCall[]>;
  /** Waits for a call that fulfils a condition. */
  call(what: FakeCall['what'], session: string, holds?: (call: FakeCall) => boolean): Promise<FakeCall>;
}

/** Puts programs of the agents' names first on the PATH of a room. All of them are one: fake-agent.mjs. */
export async function fakeAgents(room: Room, kinds: readonly FakeKind[] = FAKE_KINDS): Promise<FakeAgents> {
  const bin = path.join(room.dir, 'agents', 'bin');
  const control = path.join(room.dir, 'agents');
  await mkdir(bin, { recursive: true });
  const program = path.join(import.meta.dirname, 'fake-agent.mjs');
  for (const kind of kinds) {
    const text = `#!/bin/sh\nFAKE_AGENT_NAME=${kind} FAKE_AGENT_DIR='${control}' exec '${process.execPath}' '${program}' "$@"\n`;
    await writeFile(path.join(bin, kind), text);
    await chmod(path.join(bin, kind), 0o755);
  }
  Object.assign(room.env, { PATH: `${bin}${path.delimiter}${room.env['PATH'] ?? ''}` });
  const put = (name: string, text = ''): Promise<void> => writeFile(path.join(control, name), text);
  const calls: FakeAgents['calls'] = async (what, session) => {
    const text = await readFile(path.join(control, 'calls.jsonl'), 'utf8').catch(() => '');
    const all = text
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as FakeCall);
    return all.filter((one) => (what ?? one.what) === one.what && (session ?? one.who) === one.who);
  };
  onTestFinished(() => endAll(calls));
  return {
    bin,
    control,
    calls,
    script: (session, ...lines) => put(`${session}.script`, lines.join('\n')),
    onResume: (session, ...lines) => put(`${session}.resume`, lines.join('\n')),
    release: (file) => put(file),
    answer: (session, isAllowed) => put(`${session}.${isAllowed ? 'allow' : 'deny'}`),
    async call(what, session, holds = () => true) {
      for (;;) {
        const found = (await calls(what, session)).find((one) => holds(one));
        if (found !== undefined) return found;
        await sleep(20);
      }
    },
  };
}

/** Agents in the background and their children outlive what has started them; a test ends them all, and waits for who waits for them. */
async function endAll(calls: FakeAgents['calls']): Promise<void> {
  const all = await calls();
  const pids = all.flatMap(({ what, pid, child }) => (what === 'start' ? [pid] : (child ?? [])));
  for (const pid of pids) if (/fake-agent|^sleep/.test(await commandOf(pid))) process.kill(pid, 'SIGKILL');
  const parents = all.flatMap(({ what, ppid = 0 }) => (what === 'start' ? [ppid] : []));
  for (const pid of parents) while ((await commandOf(pid)).includes('supervise')) await sleep(20);
}

async function commandOf(pid: number): Promise<string> {
  return readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
}
