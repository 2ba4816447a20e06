import { getNodeValue, parse, parseTree, stripComments, type ParseError } from 'jsonc-parser';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Wiring } from '#src/agents/adapter.ts';
import { isOwnCommand } from '#src/agents/hooks/command.ts';
import { findHookFile, HOOK_FILES } from '#src/agents/hooks/files.ts';
import type { HookSupport } from '#src/agents/hooks/support.ts';

const wiring: Wiring = { argv: ['/opt/no de/node', "/home/o'neil/wt.js", 'hook', 'x'], folder: '/x' };
const other: Wiring = { argv: ['/usr/bin/node', '/elsewhere/wt.js', 'hook', 'x'], folder: '/x' };
const JSON_FILES = HOOK_FILES.filter(({ file }) => file.endsWith('.json'));
const fileOf = (agent: string): HookSupport => findHookFile(agent) as HookSupport;

/** Values of a file, comments and commas aside. */
function valueOf(text: string): Record<string, unknown> {
  const errors: ParseError[] = [];
  const tree = parseTree(text.replace(/^\uFEFF/, ''), errors, { allowTrailingComma: true });
  expect(errors).toEqual([]);
  return tree === undefined ? {} : getNodeValue(tree);
}

/** Every command below `hooks`, by event. */
function commandsIn(text: string): readonly [string, string][] {
  const found: [string, string][] = [];
  const walk = (event: string, value: unknown): void => {
    if (Array.isArray(value)) for (const one of value) walk(event, one);
    else if (typeof value === 'object' && value !== null) {
      const { command, bash, hooks } = value as Record<string, unknown>;
      const line = command ?? bash;
      if (typeof line === 'string') found.push([event, line]);
      walk(event, hooks);
    }
  };
  for (const [event, list] of Object.entries(valueOf(text)['hooks'] ?? {})) walk(event, list);
  return found;
}

describe.for(JSON_FILES)('the hook file of $agent', (hooks) => {
  test('is made where there is none, and nothing is left when it is taken away', () => {
    const made = hooks.install(undefined, wiring, 'session');
    expect(commandsIn(made).every(([, command]) => isOwnCommand(command))).toBe(true);
    expect(commandsIn(made).length).toBeGreaterThan(4);
    expect(JSON.parse(made)).toBeTypeOf('object');
    expect(hooks.remove(made)).toBeUndefined();
  });

  test('is the same when it is installed twice', () => {
    for (const text of [undefined, '', '{}', '{"hooks":{}}', '{"a":1}\n', '{ "hooks": { "Stop": [] } }']) {
      const once = hooks.install(text, wiring, 'main');
      expect(hooks.install(once, wiring, 'main')).toBe(once);
    }
  });

  test('says whether its hooks are there, and whether they are the ones of this program', () => {
    const made = hooks.install('{"a": 1}', wiring, 'session');
    expect(hooks.stateOf('{"a": 1}', wiring, 'session')).toBe('absent');
    expect(hooks.stateOf(made, wiring, 'session')).toBe('current');
    expect(hooks.stateOf(made, other, 'session')).toBe('outdated');
    expect(commandsIn(hooks.install(made, other, 'session')).some(([, line]) => line.includes("o'"))).toBe(false);
  });

  test.for([
    ['{"hooks": []}', '"hooks" is no object'],
    ['{"hooks": {"Stop": {}}}', '"hooks.Stop" is no list'],
    ['[]', 'it holds no object'],
    ['{"a": 1', 'line 1 cannot be read'],
    ['{\n"a": 1\n"b" 2}', 'line 3 cannot be read'],
    ['{"hooks": {}, "hooks": {}}', '"hooks" stands in it twice'],
    ['{"hooks": {"Stop": [], "Stop": []}}', '"Stop" stands in it twice'],
  ] as const)('is left alone when it is %j', ([text, reason]) => {
    expect(hooks.whyUnfit(text)).toContain(reason);
  });
});

describe('hooks of a person', () => {
  const own = `{
  // mine
  "permissions": { "allow": ["Bash(ls)"] }, // kept
  "hooks": {
    "Stop": [
      { "hooks": [{ "type": "command", "command": "say done" }] } // my own
    ],
    "PostToolUse": [{ "matcher": "Edit|Write", "hooks": [{ "type": "command", "command": "prettier -w" },] }],
  },
}
`;

  test('stay where they are, with every comment', () => {
    const claude = fileOf('claude');
    const made = claude.install(own, wiring, 'session');
    for (const comment of ['// mine', '// kept', '// my own']) expect(made).toContain(comment);
    const before = commandsIn(own);
    expect(commandsIn(made).filter(([, line]) => !isOwnCommand(line))).toEqual(before);
    const bare = (text: string | undefined): string | undefined => text?.replaceAll(/\s/g, '');
    expect(bare(claude.remove(made))).toBe(bare(own));
  });

  test('that were added beside wt’s own are all that is left', () => {
    const claude = fileOf('claude');
    const made = claude.install(undefined, wiring, 'session');
    const mixed = made.replace('"hooks": [', '"hooks": [\n{ "type": "command", "command": "mine" },');
    const left = claude.remove(mixed) ?? '';
    expect(commandsIn(left)).toEqual([['SessionStart', 'mine']]);
  });

  test('of worktrees are the only ones that make worktrees', () => {
    const claude = fileOf('claude');
    const text = '{"hooks": {"WorktreeCreate": [{"hooks": [{"type": "command", "command": "mine"}]}]}}';
    const made = claude.install(text, wiring, 'main');
    expect(commandsIn(made).filter(([event]) => event.startsWith('Worktree'))).toEqual([['WorktreeCreate', 'mine']]);
    expect(claude.listObstacles(made, 'main').join()).toContain('your own WorktreeCreate hook');
    expect(claude.listObstacles(made, 'session')).toEqual([]);
    const alone = claude.install('{}', wiring, 'main');
    expect(commandsIn(alone).map(([event]) => event)).toEqual(
      expect.arrayContaining(['WorktreeCreate', 'WorktreeRemove']),
    );
  });

  test('are not run by an agent that takes plain JSON when the file has comments, and that is said', () => {
    expect(fileOf('claude').listObstacles('{} // x', 'session')).toHaveLength(1);
    expect(fileOf('codex').listObstacles('{"a": 1,}', 'main')).toHaveLength(1);
    expect(fileOf('gemini').listObstacles('{} // x', 'session')).toEqual([]);
    expect(fileOf('gemini').listObstacles('{"a": 1,}', 'session')).toEqual([
      'it cannot read a comma at the end, and stops at it',
    ]);
  });
});

test.for([
  ['{\t"a": 1 }', '\n'],
  ['{\r\n\t"a": 1\r\n}\r\n', '\r\n'],
  ['\uFEFF{\r\n  "a": 1\r\n}', '\r\n'],
] as const)('a file keeps its line ends, its tabs and its mark: %j', ([text, newline]) => {
  for (const hooks of JSON_FILES) {
    const made = hooks.install(text, wiring, 'main');
    expect(made.replaceAll('\r\n', '').includes('\n')).toBe(newline === '\n');
    expect(made.startsWith('\uFEFF')).toBe(text.startsWith('\uFEFF'));
    expect(valueOf(made)).toMatchObject({ a: 1 });
    expect(made.includes('\n\t\t')).toBe(text.includes('\n\t'));
  }
});

const comment = fc.constantFrom('', '', ' /* c */ ', ' // c\n', '\n', '\r\n\t');
/** Any JSON with comments: an object with a person's settings and, sometimes, hooks. */
const jsonc = fc
  .record({
    settings: fc.dictionary(
      fc.string().filter((key) => !['hooks', 'version', '__proto__'].includes(key)),
      fc.jsonValue(),
      { maxKeys: 3 },
    ),
    hooks: fc.option(
      fc.dictionary(
        fc.constantFrom('Stop', 'stop', 'SessionStart', 'PreToolUse', 'agentStop', 'Mine'),
        fc.array(
          fc.oneof(
            fc.record({
              hooks: fc.array(fc.record({ type: fc.constant('command'), command: fc.string() }), { maxLength: 2 }),
            }),
            fc.record({ command: fc.string() }),
            fc.jsonValue(),
          ),
          { maxLength: 2 },
        ),
        { maxKeys: 3 },
      ),
      { nil: undefined },
    ),
    space: fc.constantFrom(undefined, 2, '\t'),
    isLast: fc.boolean(),
    comments: fc.array(comment, { minLength: 1, maxLength: 12 }),
  })
  .map(({ settings, hooks, space, isLast, comments }) => {
    const value = isLast ? { ...settings, ...(hooks ? { hooks } : {}) } : { ...(hooks ? { hooks } : {}), ...settings };
    const text = JSON.stringify(value, null, space);
    // Comments where one token ends and the next begins: behind brackets and commas outside of texts.
    let n = 0;
    let isText = false;
    let result = '';
    for (let i = 0; i < text.length; i++) {
      const char = text[i] ?? '';
      result += char;
      if (char === '\\') result += text[++i] ?? '';
      else if (char === '"') isText = !isText;
      else if (!isText && '{}[],'.includes(char)) result += comments[n++ % comments.length] ?? '';
    }
    return result;
  });

const isEmpty = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && Object.keys(value).length === 0;
/** Without what is empty: an event's list that holds nothing says nothing. */
function pruned(value: Record<string, unknown>): unknown {
  const { hooks, version: _, ...rest } = value;
  const events = Object.entries(hooks ?? {}).filter(([, list]) => !isEmpty(list));
  return { ...rest, hooks: Object.fromEntries(events) };
}

test('whatever JSON with comments it was, all values, hooks and comments of the person are there with wt’s hooks and after them', () => {
  fc.assert(
    fc.property(jsonc, fc.constantFrom(...JSON_FILES), (text, hooks) => {
      expect(hooks.whyUnfit(text)).toBeUndefined();
      const made = hooks.install(text, wiring, 'main');
      const before = valueOf(text);
      expect(hooks.stateOf(made, wiring, 'main')).toBe('current');
      expect(pruned(valueOf(hooks.remove(made) ?? '{}'))).toEqual(pruned(before));
      const { hooks: _, version: __, ...rest } = valueOf(made);
      const { hooks: ___, version: ____, ...restBefore } = before;
      expect(rest).toEqual(restBefore);
      const countOf = (one: string): number => one.length - stripComments(one).length;
      expect(countOf(made)).toBe(countOf(text));
      expect(hooks.install(made, wiring, 'main')).toBe(made);
    }),
    { numRuns: 300 },
  );
});

test('a mark in a text of the person’s is no hook of wt’s', () => {
  expect(isOwnCommand("echo /bin/sh -c 'x' wt-hook ")).toBe(false);
  expect(isOwnCommand(7)).toBe(false);
  expect(parse('{}')).toEqual({});
});
