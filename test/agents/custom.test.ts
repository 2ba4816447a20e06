import { describe, expect, test } from 'vitest';
import { findAdapter, hookWords, listAgentNames, requireAdapter } from '#src/agents/adapters.ts';
import type { Adapter, StartRequest } from '#src/agents/adapter.ts';
import { customAdapter } from '#src/agents/custom.ts';
import { listKnownAdapters } from '#src/agents/known.ts';
import { Agents, KNOWN_AGENTS, type AgentConfig } from '#src/config/agents.ts';
import { requestOf } from './requests.ts';

const configOf = (value: object): AgentConfig => Object.values(Agents.parse({ x: value }))[0] as AgentConfig;
const adapterOf = (name: string, value: object): Adapter => customAdapter(name, configOf(value));
const start = (adapter: Adapter, changes: Partial<StartRequest> = {}): readonly string[] =>
  adapter.start(requestOf(changes)).argv;

const ID = '7f1e2d3c-0000-4000-8000-000000000001';

describe('a program that wt does not know', () => {
  test('gets what it is to do, and where it is, as its last word', () => {
    expect(start(adapterOf('mine', {}), { args: ['-v'] })).toEqual(['mine', '-v', 'Fix the login\n\nYou are here.']);
  });

  test('is started by the words that the person gives it', () => {
    const mine = adapterOf('mine', { command: ['/opt/mine', 'chat'], args: ['--fast'], headless: ['--batch'] });
    expect(start(mine, { args: ['-v'], prompt: undefined })).toEqual(['/opt/mine', 'chat', '--fast', '-v']);
    expect(start(mine, { isHeadless: true, prompt: undefined })).toEqual(['/opt/mine', 'chat', '--fast', '--batch']);
  });

  test.for<[AgentConfig['prompt'], readonly string[], string | undefined]>([
    ['argument', ['mine', 'Fix the login'], undefined],
    ['stdin', ['mine'], 'Fix the login'],
    ['file', ['mine', '/main/.git/worktrees/a/wt-agent/prompt.md'], undefined],
    [['--task', '{prompt}'], ['mine', '--task', 'Fix the login'], undefined],
    [['--task={prompt}', '--go'], ['mine', '--task=Fix the login', '--go'], undefined],
  ])('gets what it is to do by %j', ([prompt, argv, stdin]) => {
    const launch = adapterOf('mine', { prompt }).start(requestOf());
    expect([launch.argv, launch.stdin]).toEqual([argv, stdin]);
    expect(launch.files?.map(({ text }) => text) ?? []).toEqual(prompt === 'file' ? ['Fix the login'] : []);
  });

  test('fills what it is to do in as it is', () => {
    const mine = adapterOf('mine', { prompt: ['--task={prompt}'] });
    expect(start(mine, { prompt: "$& {prompt} $1 '" })).toEqual(['mine', "--task=$& {prompt} $1 '"]);
  });

  test('can be taken up again only when the configuration says how', () => {
    expect(adapterOf('mine', {}).resume(requestOf())).toBeUndefined();
    const mine = adapterOf('mine', { resume: ['--session', '{conversation}'], prompt: 'argument' });
    expect(mine.conversations).toBe('learnt');
    expect(mine.resume(requestOf({ prompt: undefined, conversation: ID }))?.argv).toEqual(['mine', '--session', ID]);
    expect(adapterOf('mine', { resume: ['--last'] }).conversations).toBe('none');
  });

  test('is given an id for its conversation when the configuration says how', () => {
    const mine = adapterOf('mine', { start: ['--id={conversation}'] });
    expect(mine.conversations).toBe('assigned');
    expect(start(mine, { conversation: ID, prompt: undefined })).toEqual(['mine', `--id=${ID}`]);
    expect(start(mine, { prompt: undefined })).toEqual(['mine']);
  });

  test('has its lines and its variables from the configuration', () => {
    const mine = adapterOf('mine', { lines: true, env: { MINE: '1' } });
    expect([mine.takesLines, mine.start(requestOf()).env]).toEqual([true, { MINE: '1' }]);
  });
});

describe('a known agent with other words', () => {
  test('keeps its flags and its hooks', () => {
    const mine = adapterOf('work-claude', {
      like: 'claude',
      command: ['my-claude', '--profile', 'work'],
      args: ['--x'],
    });
    expect(start(mine, { conversation: ID })).toEqual([
      'my-claude',
      '--profile',
      'work',
      '--session-id',
      ID,
      '--append-system-prompt',
      'You are here.',
      '--x',
      '--',
      'Fix the login',
    ]);
    expect([mine.name, mine.like, hookWords(mine)]).toEqual([
      'work-claude',
      'claude',
      ['hook', 'work-claude', '--like', 'claude'],
    ]);
    expect(mine.resume(requestOf({ prompt: undefined, conversation: ID }))?.argv.slice(3, 5)).toEqual(['--resume', ID]);
  });

  test('is like itself under its own name', () => {
    const mine = adapterOf('codex', { args: ['--sandbox', 'workspace-write'] });
    expect([mine.like, hookWords(mine)]).toEqual([undefined, ['hook', 'codex']]);
    expect(start(mine, { isHeadless: true })).toEqual([
      'codex',
      'exec',
      '--add-dir',
      '/main/.git/worktrees/a',
      '--add-dir',
      '/main/.git',
      '--sandbox',
      'workspace-write',
      '-',
    ]);
  });

  test('has its words for a conversation in the place of its own', () => {
    const mine = adapterOf('claude', { resume: ['--again', '{conversation}'], start: ['--named', '{conversation}'] });
    expect(start(mine, { conversation: ID, prompt: undefined }).slice(0, 3)).not.toContain('--session-id');
    expect(start(mine, { conversation: ID, prompt: undefined })).toContain('--named');
    const { argv = [] } = mine.resume(requestOf({ conversation: ID, prompt: undefined })) ?? {};
    expect([argv.includes('--resume'), argv.includes('--continue'), argv.includes('--again')]).toEqual([
      false,
      false,
      true,
    ]);
  });

  test('gets what it is to do by the configuration alone', () => {
    const mine = adapterOf('gemini', { prompt: ['--ask', '{prompt}'] });
    expect(start(mine)).toEqual(['gemini', '--ask', 'Fix the login']);
  });
});

describe('an agent is found', () => {
  const agents = Agents.parse({ mine: {}, claude: { args: ['--x'] } });

  test('by its name, the configuration first', () => {
    expect(findAdapter('codex', agents)?.name).toBe('codex');
    expect(start(requireAdapter('claude', agents))).toContain('--x');
    expect(requireAdapter('mine', agents).command).toEqual(['mine']);
    expect(findAdapter('constructor', agents)).toBeUndefined();
  });

  test('or near names are named', () => {
    expect(() => requireAdapter('cluade', agents)).toThrow(
      expect.objectContaining({
        code: 'agent.unknown',
        details: { agent: 'cluade', near: ['claude'], known: [...KNOWN_AGENTS, 'mine'] },
      }) as Error,
    );
    expect(() => requireAdapter(null, agents)).toThrow(
      expect.objectContaining({ details: { agent: null, near: [], known: [...KNOWN_AGENTS, 'mine'] } }) as Error,
    );
    expect(listAgentNames(agents)).toEqual([...KNOWN_AGENTS, 'mine']);
  });

  test('and the settings know the same agents as the code', () => {
    expect(listKnownAdapters().map(({ name }) => name)).toEqual(KNOWN_AGENTS);
  });
});
