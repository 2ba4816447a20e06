import path from 'node:path';
import { parseJson } from '../core/json.ts';
import { listDirectory, readSmallFile } from '../platform/files.ts';

/** A command that a repository is installed or tested with, and the file it was seen by. */
export interface Seen {
  readonly command: string;
  readonly file: string;
}

/** What is known of a folder: its names, and how its small files are read. */
export interface Folder {
  /** Relative to the root; '' is the root. */
  readonly at: string;
  readonly names: ReadonlySet<string>;
  /** '' for what is not there or no small plain file. */
  readonly read: (name: string) => Promise<string>;
}

const LIMIT_BYTES = 4 * 1024 * 1024;

export async function readFolder(root: string, at: string): Promise<Folder> {
  const directory = path.join(root, at);
  const entries = await listDirectory(directory);
  return {
    at,
    names: new Set(entries.map(({ name }) => name)),
    async read(name) {
      const content = await readSmallFile(path.join(directory, name), LIMIT_BYTES);
      return content === undefined || 'refused' in content ? '' : content.text;
    },
  };
}

type Finder = (folder: Folder) => Seen | undefined | Promise<Seen | undefined>;

/** A lockfile that says it all. */
const by =
  (command: string, ...files: readonly string[]): Finder =>
  ({ names }) => {
    const file = files.find((name) => names.has(name));
    return file === undefined ? undefined : { command, file };
  };

const firstOf =
  (...finders: readonly Finder[]): Finder =>
  async (folder) => {
    for (const find of finders) {
      const found = await find(folder);
      if (found !== undefined) return found;
    }
    return undefined;
  };

/** What installs exactly what the lockfile says, by package manager of JavaScript. */
const NODE: Readonly<
  Record<string, { readonly locks: readonly string[]; readonly plain: string; readonly exact: string }>
> = {
  pnpm: { locks: ['pnpm-lock.yaml'], plain: 'pnpm install', exact: 'pnpm install --frozen-lockfile' },
  yarn: { locks: ['yarn.lock'], plain: 'yarn install', exact: 'yarn install --frozen-lockfile' },
  bun: { locks: ['bun.lock', 'bun.lockb'], plain: 'bun install', exact: 'bun install --frozen-lockfile' },
  npm: { locks: ['package-lock.json', 'npm-shrinkwrap.json'], plain: 'npm install', exact: 'npm ci' },
};

/** The package manager that a project names (nodejs.org, corepack), and whether it is a Yarn of today. */
async function nodeManager(folder: Folder): Promise<{ name: string; file: string } | undefined> {
  const named = (parseJson(await folder.read('package.json')) as { packageManager?: unknown } | undefined)
    ?.packageManager;
  const name = typeof named === 'string' ? (/^([a-z]+)@/.exec(named)?.[1] ?? '') : '';
  const own = NODE[name];
  if (own !== undefined) return { name, file: own.locks.find((lock) => folder.names.has(lock)) ?? 'package.json' };
  for (const [other, { locks }] of Object.entries(NODE)) {
    const file = locks.find((lock) => folder.names.has(lock));
    if (file !== undefined) return { name: other, file };
  }
  return undefined;
}

async function findNode(folder: Folder): Promise<Seen | undefined> {
  const manager = await nodeManager(folder);
  const how = NODE[manager?.name ?? ''];
  if (manager === undefined || how === undefined) return undefined;
  const { file } = manager;
  if (!how.locks.includes(file)) return { command: how.plain, file };
  const isBerry =
    manager.name === 'yarn' && (folder.names.has('.yarnrc.yml') || /^__metadata:/m.test(await folder.read(file)));
  return { command: isBerry ? 'yarn install --immutable' : how.exact, file };
}

const isFlutter: Finder = async (folder) =>
  folder.names.has('pubspec.lock') && /^\s*sdk:\s*flutter\b/m.test(await folder.read('pubspec.yaml'))
    ? { command: 'flutter pub get', file: 'pubspec.lock' }
    : undefined;

/** One finder for each language; what stands first in one wins. */
const FINDERS: readonly Finder[] = [
  firstOf(findNode, by('deno install --frozen', 'deno.lock')),
  firstOf(
    by('uv sync --locked', 'uv.lock'),
    by('poetry install', 'poetry.lock'),
    by('pdm sync', 'pdm.lock'),
    by('pipenv sync', 'Pipfile.lock'),
    by('python3 -m venv .venv && .venv/bin/pip install -r requirements.txt', 'requirements.txt'),
  ),
  firstOf(by('cargo fetch --locked', 'Cargo.lock'), by('cargo fetch', 'Cargo.toml')),
  by('go mod download', 'go.mod'),
  by('bundle install', 'Gemfile.lock'),
  by('composer install', 'composer.lock'),
  by('mix deps.get', 'mix.lock'),
  by('dotnet restore --locked-mode', 'packages.lock.json'),
  firstOf(isFlutter, by('dart pub get', 'pubspec.lock')),
];

/** What installs the dependencies: of the root, and of a folder below it where the root has nothing of that kind. */
export async function findInstalls(root: Folder, below: readonly Folder[]): Promise<readonly Seen[]> {
  const found = await Promise.all(
    FINDERS.map(async (find) => {
      const own = await find(root);
      if (own !== undefined) return [own];
      return Promise.all(below.map(async (folder) => inFolder(folder.at, await find(folder))));
    }),
  );
  return found.flat().filter((one) => one !== undefined);
}

function inFolder(at: string, seen: Seen | undefined): Seen | undefined {
  return seen === undefined ? undefined : { command: `cd ${at} && ${seen.command}`, file: `${at}/${seen.file}` };
}

/** Installs of these make no `.venv` of their own in the folder, or another one than wt proposes. */
const OTHER_LOCKS = ['pdm.lock', 'Pipfile.lock'];

/** What tests the repository. */
export const findTest: Finder = firstOf(
  async (folder) => {
    const scripts = (parseJson(await folder.read('package.json')) as { scripts?: Record<string, unknown> } | undefined)
      ?.scripts;
    const script = scripts?.['test'];
    if (typeof script !== 'string' || script.includes('no test specified')) return undefined;
    const name = (await nodeManager(folder))?.name ?? 'npm';
    return { command: name === 'bun' ? 'bun run test' : `${name} test`, file: 'package.json' };
  },
  async (folder) =>
    /^test\s*:/m.test(await folder.read('Makefile')) ? { command: 'make test', file: 'Makefile' } : undefined,
  by('cargo test', 'Cargo.toml'),
  by('go test ./...', 'go.mod'),
  async (folder) => {
    if (!/\bpytest\b/.test(await folder.read('pyproject.toml'))) return undefined;
    const command = folder.names.has('uv.lock')
      ? 'uv run pytest'
      : folder.names.has('poetry.lock')
        ? 'poetry run pytest'
        : folder.names.has('requirements.txt') && !OTHER_LOCKS.some((name) => folder.names.has(name))
          ? '.venv/bin/pytest'
          : 'pytest';
    return { command, file: 'pyproject.toml' };
  },
  by('mix test', 'mix.exs'),
);
