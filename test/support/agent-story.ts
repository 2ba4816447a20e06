import { spawn } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fakeAgents, type FakeAgents, type FakeKind } from './agents.ts';
import { makeRoom, type Env, type Room } from './room.ts';
import { askWt, PROGRAM, runWt, type Exit } from './spawn.ts';

/** What `wt list --json` says of an agent, as far as the stories look at it. */
export interface SeenAgent {
  readonly agent: string;
  readonly state: string;
  readonly reason: string | null;
  readonly source: string;
  readonly at: string;
  readonly isAsserted: boolean;
  readonly isAlive: boolean;
  readonly pid: number;
  readonly exitCode: number | null;
  readonly conversation: string | null;
}

export interface SeenEvent {
  readonly seq: number;
  readonly event: string;
  readonly session: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** The built program and the fake agents on one repository. */
export interface Story {
  readonly room: Room;
  readonly root: string;
  readonly agents: FakeAgents;
  wt: (...argv: string[]) => Promise<Exit>;
  ask: <T = Record<string, unknown>>(...argv: string[]) => Promise<T>;
  /** Folder of a session. */
  at: (id: string) => string;
  create: (id: string, kind: FakeKind, ...script: string[]) => Promise<void>;
  /** Status and agent of each session. */
  look: () => Promise<Readonly<Record<string, { status: string; agent: SeenAgent | null }>>>;
  events: () => Promise<readonly SeenEvent[]>;
  /** The stored facts of a session's agent, and their change. */
  facts: (id: string, change?: (text: string) => string) => Promise<string>;
}

export async function makeStory(name = 'app'): Promise<Story> {
  const room = await makeRoom();
  const root = await room.repo(name);
  const agents = await fakeAgents(room);
  const wt = (...argv: string[]): Promise<Exit> => runWt(room, root, argv);
  const ask = <T>(...argv: string[]): Promise<T> => askWt<T>(room, root, argv);
  const at = (id: string): string => path.join(root, '.worktrees', id);
  return {
    room,
    root,
    agents,
    wt,
    ask,
    at,
    async create(id, kind, ...script) {
      await agents.script(id, ...script);
      await ask('create', id, '--agent', kind, '--no-setup');
    },
    async look() {
      const { sessions } = await ask<{ sessions: { id: string; status: string; agentStatus: SeenAgent | null }[] }>(
        'list',
        '--all',
      );
      return Object.fromEntries(sessions.map(({ id, status, agentStatus }) => [id, { status, agent: agentStatus }]));
    },
    events: async () => (await ask<{ events: SeenEvent[] }>('events')).events,
    async facts(id, change) {
      const pointer = await readFile(path.join(at(id), '.git'), 'utf8');
      const file = path.join(pointer.replace('gitdir: ', '').trim(), 'wt-agent.json');
      const text = await readFile(file, 'utf8');
      if (change !== undefined) await writeFile(file, change(text));
      return text;
    },
  };
}

/** One call of `wt hook <agent>`, as an agent makes it. `isOpen`: its input never ends. */
export function callHook(
  room: Room,
  cwd: string,
  [agent, ...words]: readonly [string, ...string[]],
  input: string | Buffer,
  { isOpen = false, env = {} }: { isOpen?: boolean; env?: Env } = {},
): Promise<Exit & { readonly ms: number }> {
  return new Promise((resolve, reject) => {
    const begun = Date.now();
    const child = spawn(process.execPath, [PROGRAM, 'hook', agent, ...words], { cwd, env: { ...room.env, ...env } });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code: code ?? -1, signal, stdout, stderr, ms: Date.now() - begun }));
    child.stdin.on('error', () => {}); // it need not read all
    if (isOpen) child.stdin.write(input);
    else child.stdin.end(input);
  });
}
