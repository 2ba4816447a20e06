import path from 'node:path';
import { parseJson } from '../core/json.ts';
import { readSmallFile } from '../platform/files.ts';
import type { Finding } from './finding.ts';
import type { Check } from './scene.ts';

/** What lies at the top of the main worktree: texts of files by name, as far as a tool's rule asks for them. */
interface Top {
  readonly read: (name: string) => Promise<string | undefined>;
  readonly manifest: Readonly<Record<string, unknown>>;
}

/** What is set up at the top: where, and the text that decides what the tool looks at. */
interface SetUp {
  readonly file: string;
  readonly text: string;
}

interface Tool {
  readonly name: string;
  /** How it is set up here; undefined when it is not, or keeps out of folders that begin with a dot as it is. */
  readonly find: (top: Top) => Promise<SetUp | undefined>;
  /** Whether with that text it enters `.worktrees`. */
  readonly enters: (text: string) => boolean;
  readonly why: string;
  readonly line: string;
  /** Default: warning. A watcher that looks at more than it must only costs. */
  readonly severity?: 'warning' | 'info';
}

const LIMIT = 512 * 1024;
const SCRIPTS = ['js', 'mjs', 'cjs', 'ts', 'mts', 'cts'];
const named = (base: string, endings: readonly string[]): readonly string[] => endings.map((end) => `${base}.${end}`);
const never = (text: string): boolean => !text.includes('.worktrees');

/**
 * Only tools that were seen to enter a folder `.worktrees` by themselves (ESLint 9, Jest 30, Vitest 4, Prettier 3, Biome 2,
 * TypeScript 7), and, as notes, three that look at all below their root by their own documentation. Not those that stay out: ESLint's old configuration, oxlint, ruff and Nx, which read `.git/info/exclude`
 * or pass over such folders, and pytest and Go, which pass over them too.
 */
const TOOLS: readonly Tool[] = [
  {
    name: 'ESLint',
    find: (top) => firstOf(top, named('eslint.config', SCRIPTS)),
    enters: never,
    why: '"eslint ." lints every session too; ESLint has no default that leaves out folders with a dot.',
    line: "{ ignores: ['.worktrees/'] }",
  },
  {
    name: 'Jest',
    find: async (top) =>
      (await firstOf(top, [...named('jest.config', SCRIPTS), 'jest.config.json'])) ??
      keyOf(top, 'jest') ??
      (dependsOn(top, 'jest') ? { file: 'package.json', text: '' } : undefined),
    enters: (text) => never(text) && !isRooted(text),
    why: 'It runs the tests of every session too, and finds each package and mock twice.',
    line: "modulePathIgnorePatterns: ['<rootDir>/\\\\.worktrees/']",
  },
  {
    name: 'Vitest',
    find: async (top) => {
      const own = await firstOf(top, named('vitest.config', SCRIPTS));
      if (own !== undefined || !dependsOn(top, 'vitest')) return own;
      return (await firstOf(top, named('vite.config', SCRIPTS))) ?? { file: 'vitest.config.ts', text: '' };
    },
    enters: (text) => never(text) && !isAnchored(text),
    why: 'It runs the tests of every session too; its patterns match folders with a dot.',
    line: "test: { exclude: [...configDefaults.exclude, '.worktrees/**'] }",
  },
  {
    name: 'Prettier',
    find: async (top) => {
      const configs = ['json', 'yaml', 'yml', 'json5', 'toml', ...SCRIPTS];
      const found =
        (await firstOf(top, ['.prettierrc', ...named('.prettierrc', configs), ...named('prettier.config', SCRIPTS)])) ??
        keyOf(top, 'prettier');
      if (found === undefined) return undefined;
      const texts = await Promise.all(['.prettierignore', '.gitignore'].map((name) => top.read(name)));
      return { file: '.prettierignore', text: texts.join('\n') };
    },
    enters: never,
    why: '"prettier --write ." rewrites the files of every session.',
    line: '.worktrees/',
  },
  {
    name: 'Biome',
    find: (top) => firstOf(top, ['biome.json', 'biome.jsonc']),
    enters: (text) => never(text) && !/"useIgnoreFile"\s*:\s*true/.test(text),
    why: 'It checks every session too, and stops at the configuration it finds there: "nested root configuration".',
    line: '"files": { "includes": ["**", "!.worktrees"] }',
  },
  {
    name: 'TypeScript',
    find: (top) => firstOf(top, ['tsconfig.json', 'jsconfig.json']),
    enters: (text) => never(excluded(text)) && dotPatterns(text).length > 0,
    why: 'A pattern of its "include" names folders with a dot, so it compiles every session too.',
    line: '"exclude": [".worktrees"]',
  },
  {
    name: 'VS Code',
    find: (top) => firstOf(top, ['.vscode/settings.json']),
    enters: never,
    why: 'It watches the files of every session too, which takes handles of the system and time.',
    line: '"files.watcherExclude": { "**/.worktrees/**": true }, "search.exclude": { "**/.worktrees": true }',
    severity: 'info',
  },
  {
    name: 'Watchman',
    find: (top) => firstOf(top, ['.watchmanconfig']),
    enters: never,
    why: 'It watches the files of every session too, and so does what is built on it.',
    line: '"ignore_dirs": [".worktrees"]',
    severity: 'info',
  },
  {
    name: 'Metro',
    find: (top) => firstOf(top, named('metro.config', SCRIPTS)),
    enters: never,
    why: 'It finds the packages of every session too, and stops at two of one name.',
    line: String.raw`resolver: { blockList: [/\/\.worktrees\/.*/] }`,
    severity: 'info',
  },
];

/** Tools at the top of the main worktree that would go through every session as well. */
export const checkCrawlers: Check = async ({ repo, book }) =>
  repo.isBare || book.sessions.size === 0 ? [] : listCrawlers(repo.root);

/** The same, before there is any session. */
export async function listCrawlers(root: string): Promise<readonly Finding[]> {
  const read = async (name: string): Promise<string | undefined> => {
    const content = await readSmallFile(path.join(root, name), LIMIT);
    return content !== undefined && 'text' in content ? content.text : undefined;
  };
  const parsed = parseJson(await read('package.json'));
  const manifest = typeof parsed === 'object' && parsed !== null ? (parsed as Top['manifest']) : {};
  const found = await Promise.all(
    TOOLS.map(async (tool): Promise<Finding | undefined> => {
      const setUp = await tool.find({ read, manifest });
      return setUp !== undefined && tool.enters(setUp.text) ? crawls(tool, setUp.file) : undefined;
    }),
  );
  return found.filter((finding) => finding !== undefined);
}

function crawls({ name, why, line, severity = 'warning' }: Tool, file: string): Finding {
  return {
    check: 'tool.crawls',
    severity,
    session: null,
    message: `${name}, run in the main worktree, goes into .worktrees`,
    why,
    fix: { kind: 'by-hand', does: `add to ${file}: ${line}` },
  };
}

async function firstOf({ read }: Top, names: readonly string[]): Promise<SetUp | undefined> {
  for (const file of names) {
    const text = await read(file);
    if (text !== undefined) return { file, text };
  }
  return undefined;
}

function keyOf({ manifest }: Top, key: string): SetUp | undefined {
  const value = manifest[key];
  return value === undefined ? undefined : { file: 'package.json', text: JSON.stringify({ [key]: value }) };
}

function dependsOn({ manifest }: Top, name: string): boolean {
  return ['dependencies', 'devDependencies'].some((key) => {
    const value = manifest[key];
    return typeof value === 'object' && value !== null && Object.hasOwn(value, name);
  });
}

/** Jest looks only below its roots; projects have roots of their own. Pure. */
function isRooted(text: string): boolean {
  if (/["']?\b(?:rootDir|projects)["']?\s*:/.test(text)) return true;
  const roots = listAfter(text, 'roots');
  return roots !== undefined && !roots.some((root) => /^(?:<rootDir>|\.)?\/?$/.test(root));
}

/** Vitest looks only where a pattern can match: one that begins with a folder's name never enters another. Pure. */
function isAnchored(text: string): boolean {
  if (/["']?\b(?:dir|root|projects|workspace)["']?\s*:/.test(text)) return true;
  const own = text.replaceAll(
    /\b(?:coverage|typecheck|benchmark|browser|deps|optimizeDeps)["']?\s*:\s*\{[^{}]*\}/g,
    '',
  );
  const include = listAfter(own, 'include');
  return include !== undefined && include.every((pattern) => /^(?:\.\/)?[\w@-]/.test(pattern));
}

/** The strings of `key: ['a', 'b']`; undefined when there is no such list, or one with other things in it. Pure. */
function listAfter(text: string, key: string): readonly string[] | undefined {
  const [, body] = new RegExp(`["']?\\b${key}["']?\\s*:\\s*\\[([^\\]]*)\\]`).exec(text) ?? [];
  return body === undefined ? undefined : [...body.matchAll(/(["'`])(.*?)\1/g)].map(([, , item = '']) => item);
}

function excluded(text: string): string {
  return (listAfter(text, 'exclude') ?? []).join('\n');
}

/** Patterns with a part that begins with a dot and can be `.worktrees`: only so does TypeScript enter it. Pure. */
function dotPatterns(text: string): readonly string[] {
  return (listAfter(text, 'include') ?? []).filter((pattern) =>
    pattern.split('/').some((part) => part === '.worktrees' || /^\.[*?]/.test(part)),
  );
}
