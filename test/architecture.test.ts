import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { table } from '#src/cli/table.ts';

const ROOT = path.resolve(import.meta.dirname, '..');
const read = (name: string): string => readFileSync(path.join(ROOT, name), 'utf8');
const names = readdirSync(path.join(ROOT, 'src'), { recursive: true, encoding: 'utf8' });
const sources = names.filter((name) => name.endsWith('.ts')).map((name) => name.replaceAll('\\', '/'));

interface Import {
  readonly from: string;
  /** A package, or a file of src by its path in it. */
  readonly to: string;
  readonly isType: boolean;
  readonly isDynamic: boolean;
}

/** Every import of a file: `import x from`, `import 'x'`, `export … from`, `import('x')`, also over several lines. */
function importsOf(file: string, text = read(`src/${file}`)): readonly Import[] {
  const resolve = (to: string): string => (to.startsWith('.') ? path.posix.join(path.posix.dirname(file), to) : to);
  // A name with a place in it stands in a text that is written for another program.
  const fixed = [...text.matchAll(/^\s*(?:import|export)\s+(type\s)?(?:[^'"`;]*?\sfrom\s+)?['"]([^'"$]+)['"]/gm)];
  const dynamic = [...text.matchAll(/\b(?:import|require)\s*\(\s*['"`]([^'"`]+)['"`]/g)];
  return [
    ...fixed.map(([, type, to = '']) => ({
      from: file,
      to: resolve(to),
      isType: type !== undefined,
      isDynamic: false,
    })),
    ...dynamic.map(([, to = '']) => ({ from: file, to: resolve(to), isType: false, isDynamic: true })),
  ];
}

const imports = sources.flatMap((file) => importsOf(file));
const isOurs = (to: string): boolean => to.endsWith('.ts');
/** The room a file of src is in; main.ts and hook.ts are rooms of their own. */
const roomOf = (file: string): string => (file.includes('/') ? (file.split('/')[0] ?? '') : file);

const DOMAIN = ['sessions', 'landing', 'health'];
const BELOW_DOMAIN = ['setup', 'agents', 'git', 'registry', 'config', 'platform', 'core'];

/** Whom a room may import, besides itself. */
const ARROWS: Readonly<Record<string, readonly string[]>> = {
  core: [],
  platform: ['core'],
  git: ['platform', 'core'],
  registry: ['platform', 'core'],
  config: ['platform', 'core'],
  setup: ['git', 'registry', 'config', 'platform', 'core'],
  agents: ['git', 'registry', 'config', 'platform', 'core'],
  sessions: [...DOMAIN, ...BELOW_DOMAIN],
  landing: [...DOMAIN, ...BELOW_DOMAIN],
  health: [...DOMAIN, ...BELOW_DOMAIN],
  ui: ['core'],
  commands: ['cli', 'ui', ...DOMAIN, ...BELOW_DOMAIN],
  cli: ['ui', 'platform', 'core'],
  'main.ts': ['cli', 'platform', 'core'],
  'start.ts': ['platform'],
  'quick.ts': ['sessions', 'start.ts'],
  'hook.ts': ['agents', 'platform', 'core'],
  'supervise.ts': ['agents', 'platform', 'core'],
};
/** What ui may know of the domain: its types. */
const UI_TYPES = [...DOMAIN, 'agents', 'setup', 'registry', 'config', 'git'];
/** Rooms that cli opens only while a verb runs, so that a start loads nothing of them. */
const CLI_LOADS = ['commands', ...DOMAIN];

function isAllowed({ from, to, isType, isDynamic }: Import): boolean {
  const [room, other] = [roomOf(from), roomOf(to)];
  if (room === other || ARROWS[room]?.includes(other)) return true;
  if (room === 'ui') return isType && UI_TYPES.includes(other);
  return room === 'cli' && isDynamic && CLI_LOADS.includes(other);
}

const show = ({ from, to, isType, isDynamic }: Import): string =>
  `${from} → ${to}${isType ? ' (types)' : ''}${isDynamic ? ' (on demand)' : ''}`;

describe('an import', () => {
  test('is seen in every form it can have', () => {
    const text = [
      "import a from 'a';",
      "import type { B } from './b.ts';",
      "import {\n  c,\n  type D,\n} from '../core/c.ts';",
      "export { e } from 'e';",
      "import 'f';",
      "const g = await import('g');",
      "const h = require('h');",
      "import * as i from 'node:i';",
    ].join('\n');
    expect(importsOf('ui/x.ts', text).map(({ to, isType, isDynamic }) => [to, isType, isDynamic])).toEqual([
      ['a', false, false],
      ['ui/b.ts', true, false],
      ['core/c.ts', false, false],
      ['e', false, false],
      ['f', false, false],
      ['node:i', false, false],
      ['g', false, true],
      ['h', false, true],
    ]);
    expect(imports.length).toBeGreaterThan(sources.length);
  });

  test('follows the arrows of the house', () => {
    expect(
      imports
        .filter(({ to }) => isOurs(to))
        .filter((one) => !isAllowed(one))
        .map(show),
    ).toEqual([]);
  });

  test('of a file of ours names one that is there, by its relative path', () => {
    expect(imports.filter(({ to }) => isOurs(to) && !sources.includes(to)).map(show)).toEqual([]);
    expect(imports.filter(({ to }) => to.startsWith('#')).map(show)).toEqual([]);
  });

  test('of a command leads to no other command', () => {
    const between = imports.filter(({ from, to }) => roomOf(from) === 'commands' && roomOf(to) === 'commands');
    expect(between.map(show)).toEqual([]);
  });

  test('of core brings in zod and what hashes, and nothing else', () => {
    const packages = imports.filter(({ from, to }) => roomOf(from) === 'core' && !isOurs(to)).map(({ to }) => to);
    expect([...new Set(packages)]).toEqual(['zod', 'node:crypto']);
  });
});

test('every folder of src has its arrows', () => {
  expect([...new Set(sources.map(roomOf))].filter((room) => !(room in ARROWS))).toEqual([]);
});

describe('a fence', () => {
  const FENCES: readonly (readonly [RegExp, string, RegExp])[] = [
    [/^execa$/, 'execa', /^platform\/runner\.ts$/],
    [/^chalk$/, 'chalk', /^ui\/theme\.ts$/],
    [/^commander$/, 'commander', /^cli\//],
    [/^ora$/, 'ora', /^platform\/progress\.ts$/],
    [/^@clack\/prompts$/, '@clack/prompts', /^platform\/prompt\.ts$/],
    [/^(?:node:)?process$/, 'node:process', /^(?:(?:main|start|quick|hook|supervise)\.ts|platform\/.*)$/],
    [/^(?:node:)?child_process$/, 'node:child_process', /^platform\/capture\.ts$/],
  ];

  test.each(FENCES)('holds around %s: %s', (pattern, _, door) => {
    expect(imports.filter(({ from, to }) => pattern.test(to) && !door.test(from)).map(show)).toEqual([]);
  });

  test('stands around something that is there', () => {
    for (const name of ['execa', 'chalk', 'commander', 'ora']) expect(imports.map(({ to }) => to)).toContain(name);
  });

  test('keeps heavy packages out of the start', () => {
    const heavy = imports.filter(({ to }) => to === 'ora' || to === '@clack/prompts');
    expect(heavy.length).toBeGreaterThan(0);
    expect(heavy.filter(({ isDynamic, isType }) => !isDynamic && !isType).map(show)).toEqual([]);
  });

  test('keeps every package out of the runtime dependencies', () => {
    const { dependencies = {}, devDependencies } = JSON.parse(read('package.json')) as {
      dependencies?: Record<string, string>;
      devDependencies: Record<string, string>;
    };
    const packages = new Set(imports.map(({ to }) => to).filter((to) => !isOurs(to) && !to.startsWith('node:')));
    expect(dependencies).toEqual({});
    expect([...packages].filter((name) => !(name in devDependencies))).toEqual([]);
    expect(Object.entries(devDependencies).filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version))).toEqual([]);
  });
});

describe('a verb', () => {
  const verbs = Object.keys(table).toSorted();

  test('has a file of its name, and no file is without a verb', () => {
    expect(sources.filter((file) => roomOf(file) === 'commands').toSorted()).toEqual(
      verbs.map((verb) => `commands/${verb}.ts`),
    );
  });

  test('has a test of its name', () => {
    expect(verbs.filter((verb) => !existsSync(path.join(ROOT, 'test', 'commands', `${verb}.test.ts`)))).toEqual([]);
  });

  test('loads the file of its name', () => {
    const loaded = [
      ...read('src/cli/table.ts').matchAll(/^ {2}'?([\w-]+)'?: \{[^}]*?import\('\.\.\/commands\/([\w-]+)\.ts'\)/gms),
    ];
    expect(loaded.map(([, verb = '']) => verb).toSorted((a, b) => a.localeCompare(b))).toEqual(verbs);
    expect(loaded.filter(([, verb, file]) => verb !== file)).toEqual([]);
  });
});

test('the oldest Node is the same everywhere it is said', () => {
  const { engines } = JSON.parse(read('package.json')) as { engines: { node: string } };
  const [, major, minor] = /^>=(\d+)\.(\d+)$/.exec(engines.node) ?? [];
  const launcher = read('bin/wt.js');
  expect(launcher).toContain(`found[0] < ${major} || (found[0] === ${major} && found[1] < ${minor})`);
  expect(launcher).toContain(`wt needs Node.js ${major}.${minor} or newer`);
  expect(read('AGENTS.md')).toContain(`Node ${major}.${minor} is the floor`);
});
