import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import { describe, expect, test } from 'vitest';
import type { StartRequest } from '#src/agents/adapter.ts';
import { findKnownAdapter } from '#src/agents/known.ts';
import { startModelServer } from '../support/model-server.ts';
import { makeRoom, type Env, type Room } from '../support/room.ts';
import { askWt, PROGRAM, runWt, start, type Exit } from '../support/spawn.ts';

// The agents themselves, as npm has them:
//   npm install --prefix /some/folder @anthropic-ai/claude-code @openai/codex @google/gemini-cli
//   WT_REAL_AGENTS=/some/folder npm test -- test/e2e/real-agents.test.ts
// They speak to a model on this machine, so that they need neither an account nor the network.
const FOLDER = process.env['WT_REAL_AGENTS'];
const binOf = (agent: string): string => path.join(FOLDER ?? '', 'node_modules', '.bin', agent);
const has = (agent: string): boolean => FOLDER !== undefined && existsSync(binOf(agent));
const why = (agent: string): string =>
  FOLDER === undefined
    ? ' (skipped: WT_REAL_AGENTS names no folder)'
    : has(agent)
      ? ''
      : ` (skipped: no ${binOf(agent)})`;

const AGENTS = ['claude', 'codex', 'gemini'] as const;
type Agent = (typeof AGENTS)[number];
const cases = AGENTS.map((agent) => ({ agent, skipped: why(agent) }));

interface Place {
  readonly room: Room;
  readonly root: string;
  readonly env: Env;
  readonly at: string;
  readonly wt: (...argv: string[]) => Promise<Exit>;
  readonly run: (agent: Agent, argv: readonly string[], cwd?: string) => Promise<Exit>;
}

/** A repository with a session `a`, in which the agents find their model and what they ask of a person the first time. */
async function makePlace(): Promise<Place> {
  const room = await makeRoom();
  const root = await room.repo('app');
  const model = await startModelServer();
  const env: Env = {
    PATH: `${path.join(FOLDER ?? '', 'node_modules', '.bin')}:${process.env['PATH'] ?? ''}`,
    ANTHROPIC_API_KEY: 'none',
    ANTHROPIC_BASE_URL: model,
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
    GEMINI_API_KEY: 'none',
    GOOGLE_GEMINI_BASE_URL: model,
    GEMINI_CLI_TRUST_WORKSPACE: 'true',
    CODEX_HOME: path.join(room.dir, '.codex'),
  };
  await room.write(room.dir, {
    '.gemini/settings.json': JSON.stringify({
      security: { auth: { selectedType: 'gemini-api-key' } },
      privacy: { usageStatisticsEnabled: false },
      tools: { useRipgrep: false },
      general: { enableAutoUpdate: false, disableAutoUpdate: true },
    }),
    '.codex/config.toml': `model = "none"
model_provider = "here"
[model_providers.here]
name = "here"
base_url = "${model}/v1"
wire_api = "responses"
[projects."${root}"]
trust_level = "trusted"
`,
  });
  const wt = (...argv: string[]): Promise<Exit> => runWt(room, root, argv, { env });
  await wt('create', 'a');
  const at = path.join(root, '.worktrees', 'a');
  const run = (agent: Agent, argv: readonly string[], cwd = at): Promise<Exit> =>
    start(room, cwd, [binOf(agent), ...argv], { env }).done;
  return { room, root, env, at, wt, run };
}

/** One question, and out. Nobody looks through codex's hooks here. */
const ASK: Readonly<Record<Agent, readonly string[]>> = {
  claude: ['--print', 'say hello'],
  codex: ['exec', '--dangerously-bypass-hook-trust', 'say hello'],
  gemini: ['--prompt', 'say hello'],
};

interface Told {
  readonly event: string;
  readonly session: string | null;
  readonly by: string;
  readonly data: { readonly event?: string; readonly conversation?: string };
}
async function told({ room, root }: Place, agent: Agent): Promise<readonly Told[]> {
  const { events } = await askWt<{ events: readonly Told[] }>(room, root, ['events']);
  return events.filter(({ by, event }) => by === agent && event.startsWith('session.agent.'));
}

describe.for(cases)('$agent itself$skipped', ({ agent }) => {
  test.skipIf(!has(agent))('starts and says its version', async () => {
    const { run } = await makePlace();
    const { code, stdout } = await run(agent, ['--version']);
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringMatching(/\d+\.\d+\.\d+/) as string });
  });

  test.skipIf(!has(agent))('knows every flag that wt gives it', async () => {
    const { run } = await makePlace();
    const pages = await Promise.all(
      [['--help'], ...(agent === 'codex' ? [['exec', '--help']] : [])].map((argv) => run(agent, argv)),
    );
    const help = pages.map(({ stdout, stderr }) => stdout + stderr).join('\n');
    for (const word of wordsGiven(agent)) expect(help).toContain(word);
  });

  test.skipIf(!has(agent))('calls the hooks that wt has written, and wt knows what it does', async () => {
    const place = await makePlace();
    expect(await place.wt('hooks', 'install', agent, 'a')).toMatchObject({ code: 0 });
    expect(await place.run(agent, ASK[agent])).toMatchObject({ code: 0 });
    const events = await told(place, agent);
    expect(events.map(({ event }) => event.replace('session.agent.', ''))).toEqual([
      'started',
      'idle',
      'working',
      'idle',
      'exited',
    ]);
    expect(new Set(events.map(({ session }) => session))).toEqual(new Set(['a']));
    expect(await place.room.git(place.at, 'status', '--porcelain', '--untracked-files=all')).toBe('');
  });

  test.skipIf(!has(agent))('goes on without a word when wt is gone, and when its hooks were taken out', async () => {
    const place = await makePlace();
    await place.wt('hooks', 'install', agent, 'a');
    const file = path.join(agent === 'codex' ? place.root : place.at, FILES[agent]);
    const text = await readFile(file, 'utf8');
    await writeFile(file, text.replaceAll(PROGRAM, `${place.room.dir}/gone.js`));
    const { code, stdout, stderr } = await place.run(agent, ASK[agent]);
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining('hello there') as string });
    expect(stderr).not.toMatch(/hook.*(?:fail|error)|gone\.js/i);
    await writeFile(file, text);
    expect(await place.wt('hooks', 'remove', agent, 'a')).toMatchObject({ code: 0 });
    expect(await place.run(agent, ASK[agent])).toMatchObject({ code: 0 });
    expect(await told(place, agent)).toEqual([]);
  });

  test.skipIf(!has(agent))('is started by wt run and takes its conversation up again by wt resume', async () => {
    const place = await makePlace();
    await place.wt('hooks', 'install', agent, 'a');
    expect(await place.wt('run', 'a', agent, '--prompt', 'say hello')).toMatchObject({ code: 0 });
    expect(await place.wt('resume', 'a', '--prompt', 'again')).toMatchObject({ code: 0 });
    const { events } = await askWt<{ events: readonly Told[] }>(place.room, place.root, ['events']);
    const begun = events.filter(({ event }) => /agent\.(?:started|resumed)$/.test(event));
    expect(begun.map(({ event }) => event)).toEqual(['session.agent.started', 'session.agent.resumed']);
    expect(begun[1]?.data.conversation).toBe(begun[0]?.data.conversation);
  });
});

const FILES: Readonly<Record<Agent, string>> = {
  claude: '.claude/settings.local.json',
  codex: '.codex/hooks.json',
  gemini: '.gemini/settings.json',
};

/** Flags of every way in which wt starts and resumes an agent. */
function wordsGiven(agent: Agent): readonly string[] {
  const adapter = findKnownAdapter(agent);
  const request: StartRequest = {
    prompt: 'text',
    isHeadless: true,
    conversation: '7d7bdd99-1d10-4605-9d6e-9195e1a5eae5',
    worktree: '/w',
    gitDirectories: ['/g'],
    brief: { text: 'brief', file: '/b' },
    wiring: { argv: ['/n', '/p', 'hook', agent], folder: '/f' },
    args: [],
  };
  const all = [request, { ...request, isHeadless: false }, { ...request, wiring: undefined }];
  const words = all.flatMap((one) => [...(adapter?.start(one).argv ?? []), ...(adapter?.resume(one)?.argv ?? [])]);
  return [...new Set(words.map((word) => word.split('=')[0] ?? '').filter((word) => /^--\w/.test(word)))];
}

describe(`Claude Code's worktrees${why('claude')}`, () => {
  test.skipIf(!has('claude'))('are sessions, and it works in them', async () => {
    const place = await makePlace();
    await place.wt('hooks', 'install', 'claude');
    const { code, stderr } = await place.run('claude', ['--worktree', 'feat/one', ...ASK.claude], place.root);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const events = await told(place, 'claude');
    expect(new Set(events.map(({ session }) => session))).toEqual(new Set(['feat-one']));
    expect(events.map(({ event }) => event)).toContain('session.agent.working');
    expect(await place.room.git(place.root, 'worktree', 'list')).not.toContain('.claude/worktrees');
  });

  test.skipIf(!has('claude'))('are not made anywhere else when wt refuses', async () => {
    const place = await makePlace();
    await place.wt('hooks', 'install', 'claude');
    await place.room.git(place.root, 'branch', 'wt/feat-one');
    const { code, stderr } = await place.run('claude', ['--worktree', 'feat-one', ...ASK.claude], place.root);
    expect(code).not.toBe(0);
    expect(stderr).toContain('WorktreeCreate hook failed');
    expect(await place.room.git(place.root, 'worktree', 'list')).not.toContain('feat-one');
  });
});

describe(`settings that cannot be read${why('gemini')}`, () => {
  test.skipIf(!has('gemini'))('stop Gemini CLI, so wt writes none', async () => {
    const place = await makePlace();
    await place.room.write(place.at, { [FILES.gemini]: '{"hooks": {"SessionStart": []}' });
    expect((await place.wt('hooks', 'install', 'gemini', 'a')).code).toBe(4);
    expect((await place.run('gemini', ASK.gemini)).code).not.toBe(0);
    await place.room.write(place.at, { [FILES.gemini]: '{\n  // mine\n  "hooks": {}\n}' });
    expect((await place.wt('hooks', 'install', 'gemini', 'a')).code).toBe(0);
    expect((await place.run('gemini', ASK.gemini)).code).toBe(0);
  });
});
