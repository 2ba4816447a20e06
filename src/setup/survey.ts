import { FORMATS } from '../config/schema.ts';
import { WtError } from '../core/errors.ts';
import type { Git } from '../git/git.ts';
import { listIgnored } from '../git/ignore.ts';
import { listDirectory } from '../platform/files.ts';
import { listFound } from './formats/formats.ts';
import { findInstalls, findTest, readFolder, type Folder, type Seen } from './install.ts';

/** A port that a service of the repository listens on. */
export interface PortSeen {
  /** A name that `ports` takes. */
  readonly name: string;
  readonly port: number;
  readonly file: string;
}

/** What a look at a repository has found. Nothing of it has been run. */
export interface Survey {
  readonly installs: readonly Seen[];
  /** Ignored files that hold settings, as patterns. */
  readonly envFiles: readonly string[];
  readonly test: Seen | undefined;
  readonly ports: readonly PortSeen[];
  /** Definitions of other tools, by their file and what they hold. */
  readonly others: readonly { readonly format: string; readonly file: string }[];
  /** What takes care of itself, or needs a word. */
  readonly notes: readonly string[];
}

const PLAIN = /^[A-Za-z0-9_.@/-]+$/;

/** Looks at the main worktree; reads only. Throws `config.invalid` for another tool's file that cannot be understood. */
export async function surveyRepository(root: string, git: Git): Promise<Survey> {
  const top = await readFolder(root, '');
  const below = await Promise.all((await listPlainFolders(root)).map((at) => readFolder(root, at)));
  const [installs, test, envFiles, ports, others, notes] = await Promise.all([
    findInstalls(top, below),
    findTest(top),
    findEnvFiles(git),
    findPorts(top),
    findOthers(root),
    findNotes(top),
  ]);
  return { installs, test, envFiles, ports, others, notes };
}

const PASSED_OVER = /^(?:\.|node_modules$|target$|vendor$|dist$|build$|venv$)/;

async function listPlainFolders(root: string): Promise<readonly string[]> {
  return (await listDirectory(root))
    .filter(
      (entry) =>
        entry.isDirectory() && !PASSED_OVER.test(entry.name) && PLAIN.test(entry.name) && !entry.name.startsWith('-'),
    )
    .map(({ name }) => name)
    .toSorted()
    .slice(0, 100);
}

/** Secrets that no agent needs. */
const OF_PRODUCTION = /\.(?:prod|production|live|staging)(?:\.|$)/;

/** One pattern finds a name in every folder. */
async function findEnvFiles(git: Git): Promise<readonly string[]> {
  const names = (await listIgnored(git, 'standard')).filter(
    (file) => PLAIN.test(file) && /(?:^|\/)\.env(?:\.[^/]+)?$/.test(file) && !OF_PRODUCTION.test(file),
  );
  return [...new Set(names.map((file) => file.slice(file.lastIndexOf('/') + 1)))].toSorted();
}

async function findOthers(root: string): Promise<Survey['others']> {
  try {
    return (await listFound(root, FORMATS)).map(({ format, file }) => ({ format, file }));
  } catch (error) {
    if (!WtError.is(error, 'config.invalid')) throw error;
    return [{ format: 'unreadable', file: error.details.path }];
  }
}

const COMPOSE = ['compose.yaml', 'compose.yml', 'docker-compose.yaml', 'docker-compose.yml'];

async function findPorts(top: Folder): Promise<readonly PortSeen[]> {
  const compose = COMPOSE.find((name) => top.names.has(name));
  const envs = [...top.names].filter((name) =>
    /^\.env(?:\.(?:example|sample|template|local|development))?$/.test(name),
  );
  const seen = [
    ...(compose === undefined ? [] : portsOfCompose(await top.read(compose), compose)),
    ...(await Promise.all(envs.toSorted().map(async (file) => portsOfEnv(await top.read(file), file)))).flat(),
  ];
  const byName = new Map<string, PortSeen>();
  const taken = new Set<number>();
  for (const one of seen) {
    if (byName.has(one.name) || taken.has(one.port)) continue;
    byName.set(one.name, one);
    taken.add(one.port);
  }
  return [...byName.values()].slice(0, 20);
}

/** Published ports by the name of their service; enough of YAML for that (docs.docker.com, services, ports). Pure. */
export function portsOfCompose(text: string, file: string): readonly PortSeen[] {
  const found: PortSeen[] = [];
  let at = { section: '', service: '', serviceIndent: 0, portsIndent: -1 };
  for (const line of text.split(/\r?\n/).filter((one) => /^[^#]*\S/.test(one))) {
    const [, indent = '', key] = /^( *)([A-Za-z0-9_.-]+):/.exec(line) ?? [];
    if (key !== undefined) at = enter(at, key, indent.length);
    const port = at.section === 'services' && at.portsIndent >= 0 ? publishedIn(line) : undefined;
    const name = nameOfPort(at.service);
    if (port !== undefined && name !== undefined) found.push({ name, port, file });
  }
  return found;
}

interface At {
  readonly section: string;
  readonly service: string;
  readonly serviceIndent: number;
  /** Of the "ports:" that the lines are below; -1: of none. */
  readonly portsIndent: number;
}

/** Where the lines after a key stand. */
function enter(at: At, key: string, indent: number): At {
  if (indent === 0) return { section: key, service: '', serviceIndent: 0, portsIndent: -1 };
  if (at.serviceIndent === 0 || indent <= at.serviceIndent)
    return { ...at, service: key, serviceIndent: indent, portsIndent: -1 };
  if (key === 'ports') return { ...at, portsIndent: indent };
  return indent <= at.portsIndent ? { ...at, portsIndent: -1 } : at;
}

function publishedIn(line: string): number | undefined {
  const [, short] =
    /^\s*-\s*["']?(?:[\d.]+:)?(?:\$\{[A-Z0-9_]+:-)?(\d{2,5})\}?:\d{2,5}(?:\/\w+)?["']?\s*(?:#.*)?$/.exec(line) ?? [];
  const [, long] = /^\s*(?:-\s*)?published:\s*["']?(\d{2,5})\b/.exec(line) ?? [];
  const port = Number(short ?? long);
  return Number.isInteger(port) && port > 0 && port < 65_536 ? port : undefined;
}

/** `PORT`, `WEB_PORT`: the names of variables alone, no other value is looked at. Pure. */
export function portsOfEnv(text: string, file: string): readonly PortSeen[] {
  return [
    ...text.matchAll(/^\s*(?:export\s+)?(?:([A-Z][A-Z0-9_]*?)_)?PORT\s*=\s*["']?(\d{2,5})["']?\s*(?:#.*)?$/gm),
  ].flatMap(([, owner, digits]) => {
    const name = nameOfPort(owner ?? 'web');
    const port = Number(digits);
    return name === undefined || port > 65_535 ? [] : [{ name, port, file }];
  });
}

function nameOfPort(text: string): string | undefined {
  const name = text.toLowerCase().replaceAll(/[^a-z0-9_-]/g, '-');
  return /^[a-z][a-z0-9_-]{0,30}$/.test(name) ? name : undefined;
}

const MANAGERS: readonly (readonly [string, string])[] = [
  ['.husky', 'husky: its hooks run in sessions too'],
  ['lefthook.yml', 'lefthook: its hooks are in .git/hooks and run in every session'],
  ['.lefthook.yml', 'lefthook: its hooks are in .git/hooks and run in every session'],
  ['.pre-commit-config.yaml', 'pre-commit: its hooks are in .git/hooks and run in every session'],
  ['.gitmodules', 'submodules: those that are initialised here are initialised in a session too'],
  ['.envrc', 'direnv: a new folder has to be allowed, with "direnv allow"'],
  ['mise.toml', 'mise: a new folder has to be trusted, with "mise trust"'],
  ['.mise.toml', 'mise: a new folder has to be trusted, with "mise trust"'],
  ['.worktreeinclude', '.worktreeinclude: the ignored files that it names are copied'],
];

async function findNotes(top: Folder): Promise<readonly string[]> {
  const notes = MANAGERS.filter(([name]) => top.names.has(name)).map(([, note]) => note);
  const isLfs = /\bfilter=lfs\b/.test(await top.read('.gitattributes'));
  return [...new Set([...notes, ...(isLfs ? ['Git LFS: files are fetched for a session (setup.lfs)'] : [])])];
}
