import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Adapter, Launch } from '#src/agents/adapter.ts';
import { hookCommand } from '#src/agents/hooks/command.ts';
import { customAdapter } from '#src/agents/custom.ts';
import { listKnownAdapters } from '#src/agents/known.ts';
import { requestOf, WIRING } from './requests.ts';

const ID = '7f1e2d3c-0000-4000-8000-000000000001';
const KNOWN = listKnownAdapters();

/** As a person would type it. */
function lineOf(launch: Launch | undefined): string {
  if (launch === undefined) return 'none';
  const words = launch.argv.map((word) => (/^[\w./=:@,{}-]+$/.test(word) ? word : JSON.stringify(word)));
  return [...words, ...(launch.stdin === undefined ? [] : [`< ${JSON.stringify(launch.stdin)}`])].join(' ');
}

const lines = (of: (adapter: Adapter) => Launch | undefined): string =>
  `\n${KNOWN.map((adapter) => lineOf(of(adapter))).join('\n')}\n`;

describe('an agent is started', () => {
  test('at a terminal with what it is to do', () => {
    expect(lines((one) => one.start(requestOf({ conversation: ID })))).toMatchInlineSnapshot(`
      "
      claude --session-id 7f1e2d3c-0000-4000-8000-000000000001 --append-system-prompt "You are here." -- "Fix the login"
      codex --add-dir /main/.git/worktrees/a --add-dir /main/.git -- "Fix the login\\n\\nYou are here."
      gemini --session-id 7f1e2d3c-0000-4000-8000-000000000001 "--prompt-interactive=Fix the login\\n\\nYou are here."
      opencode "--prompt=Fix the login\\n\\nYou are here."
      aider --read /main/.git/worktrees/a/wt-agent/brief.md "--message=Fix the login"
      copilot --session-id 7f1e2d3c-0000-4000-8000-000000000001 "--interactive=Fix the login\\n\\nYou are here."
      cursor-agent -- "Fix the login\\n\\nYou are here."
      "
    `);
  });

  test('at a terminal without a word', () => {
    expect(lines((one) => one.start(requestOf({ prompt: undefined })))).toMatchInlineSnapshot(`
      "
      claude --append-system-prompt "You are here."
      codex --add-dir /main/.git/worktrees/a --add-dir /main/.git
      gemini
      opencode
      aider --read /main/.git/worktrees/a/wt-agent/brief.md
      copilot
      cursor-agent
      "
    `);
  });

  test('alone, without a terminal', () => {
    expect(lines((one) => one.start(requestOf({ isHeadless: true, conversation: ID })))).toMatchInlineSnapshot(`
      "
      claude --print --session-id 7f1e2d3c-0000-4000-8000-000000000001 --append-system-prompt "You are here." < "Fix the login"
      codex exec --add-dir /main/.git/worktrees/a --add-dir /main/.git - < "Fix the login\\n\\nYou are here."
      gemini --session-id 7f1e2d3c-0000-4000-8000-000000000001 "--prompt=Fix the login\\n\\nYou are here."
      opencode run < "Fix the login\\n\\nYou are here."
      aider --read /main/.git/worktrees/a/wt-agent/brief.md --yes-always --no-pretty "--message=Fix the login"
      copilot --session-id 7f1e2d3c-0000-4000-8000-000000000001 "--prompt=Fix the login\\n\\nYou are here."
      cursor-agent --print -- "Fix the login\\n\\nYou are here."
      "
    `);
  });

  test('with words of the person before the prompt', () => {
    const args = ['--model', 'x'];
    for (const isHeadless of [false, true])
      for (const adapter of KNOWN) {
        const { argv } = adapter.start(requestOf({ isHeadless, args }));
        const at = argv.indexOf('--model');
        expect([adapter.name, argv[at + 1]]).toEqual([adapter.name, 'x']);
        expect([adapter.name, argv.indexOf('--') === -1 || at < argv.indexOf('--')]).toEqual([adapter.name, true]);
      }
  });
});

describe('an agent is taken up again', () => {
  test('in its conversation', () => {
    expect(lines((one) => one.resume(requestOf({ prompt: undefined, conversation: ID })))).toMatchInlineSnapshot(`
      "
      claude --resume 7f1e2d3c-0000-4000-8000-000000000001 --append-system-prompt "You are here."
      codex --add-dir /main/.git/worktrees/a --add-dir /main/.git resume 7f1e2d3c-0000-4000-8000-000000000001
      gemini --resume 7f1e2d3c-0000-4000-8000-000000000001
      opencode --session 7f1e2d3c-0000-4000-8000-000000000001
      aider --restore-chat-history --read /main/.git/worktrees/a/wt-agent/brief.md
      copilot --resume=7f1e2d3c-0000-4000-8000-000000000001
      cursor-agent --resume=7f1e2d3c-0000-4000-8000-000000000001
      "
    `);
  });

  test('in its last conversation there, when no id is known', () => {
    expect(lines((one) => one.resume(requestOf({ prompt: undefined })))).toMatchInlineSnapshot(`
      "
      claude --continue --append-system-prompt "You are here."
      codex --add-dir /main/.git/worktrees/a --add-dir /main/.git resume --last
      gemini --resume latest
      opencode --continue
      aider --restore-chat-history --read /main/.git/worktrees/a/wt-agent/brief.md
      copilot --continue
      cursor-agent --continue
      "
    `);
  });

  test('alone, with something to do', () => {
    expect(lines((one) => one.resume(requestOf({ prompt: undefined, isHeadless: true, conversation: ID }))))
      .toMatchInlineSnapshot(`
        "
        claude --print --resume 7f1e2d3c-0000-4000-8000-000000000001 --append-system-prompt "You are here." < "Go on where you left off."
        codex exec --add-dir /main/.git/worktrees/a --add-dir /main/.git resume 7f1e2d3c-0000-4000-8000-000000000001 - < "Go on where you left off."
        gemini --resume 7f1e2d3c-0000-4000-8000-000000000001 "--prompt=Go on where you left off."
        opencode run --session 7f1e2d3c-0000-4000-8000-000000000001 < "Go on where you left off."
        aider --restore-chat-history --read /main/.git/worktrees/a/wt-agent/brief.md --yes-always --no-pretty "--message=Go on where you left off."
        copilot --resume=7f1e2d3c-0000-4000-8000-000000000001 "--prompt=Go on where you left off."
        cursor-agent --print --resume=7f1e2d3c-0000-4000-8000-000000000001 -- "Go on where you left off."
        "
      `);
  });
});

describe('what an agent is to do', () => {
  const programs = [...KNOWN, customAdapter('mine', { args: [], env: {}, hooks: true })];

  test('is never taken for a flag, nor for a command of the program', () => {
    const anyPrompt = fc.oneof(
      fc.string({ minLength: 1 }),
      fc.constantFrom('-p', '--yolo', '--', 'login', 'update', '-'),
    );
    fc.assert(
      fc.property(anyPrompt, fc.boolean(), fc.boolean(), (prompt, isHeadless, isResumed) => {
        const launch = (adapter: Adapter, text: string): readonly string[] => {
          const request = requestOf({ prompt: text, isHeadless, conversation: ID });
          return (isResumed ? adapter.resume(request) : adapter.start(request))?.argv ?? [];
        };
        for (const adapter of programs) {
          const [words, others] = [launch(adapter, prompt), launch(adapter, 'something else')];
          expect(words).toHaveLength(others.length);
          const unsafe = words.filter((word, i) => word !== others[i] && !isSafe(word, words[i - 1]));
          expect([adapter.name, unsafe]).toEqual([adapter.name, []]);
        }
      }),
      { numRuns: 300 },
    );
  });

  function isSafe(word: string, before: string | undefined): boolean {
    return /^--[a-z-]+=/.test(word) || (before === '--' && /\s|^-/.test(word)) || !word.startsWith('-');
  }
});

describe('an agent that wt makes tell of itself', () => {
  test('gets its hooks by a file that no worktree has', () => {
    const { argv, files = [] } = KNOWN[0]?.start(requestOf({ wiring: WIRING })) ?? { argv: [] };
    expect(argv.slice(argv.indexOf('--settings'), argv.indexOf('--settings') + 2)).toEqual([
      '--settings',
      '/main/.git/worktrees/a/wt-agent/claude.json',
    ]);
    expect(files.map(({ path }) => path)).toEqual(['/main/.git/worktrees/a/wt-agent/claude.json']);
    const { hooks } = JSON.parse(files[0]?.text ?? '') as { hooks: Record<string, unknown> };
    expect(hooks['Stop']).toEqual([{ hooks: [{ type: 'command', command: hookCommand(WIRING), timeout: 10 }] }]);
    expect(hooks['PostToolUse']).toMatchObject([{ hooks: [{ async: true }] }]);
  });

  test('keeps the settings that the person gives it', () => {
    const args = ['--settings', '/home/tess/mine.json'];
    const { argv, files } = KNOWN[0]?.start(requestOf({ wiring: WIRING, args })) ?? { argv: [] };
    expect(argv.filter((word) => word === '--settings')).toHaveLength(1);
    expect(files).toEqual([]);
    expect(argv).toContain('--append-system-prompt');
  });

  test('gets the words of a shell where it takes no others', () => {
    const aider = KNOWN.find(({ name }) => name === 'aider');
    const { argv } = aider?.start(
      requestOf({ wiring: { ...WIRING, argv: [...WIRING.argv.slice(0, 3), 'aider'] } }),
    ) ?? {
      argv: [],
    };
    expect(argv.find((word) => word.startsWith('--notifications-command'))).toBe(
      `--notifications-command=/usr/bin/node '/opt/it'\\''s wt/bin/wt.js' hook aider`,
    );
  });
});
