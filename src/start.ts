import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { Script } from 'node:vm';
import { listCacheFolders, openCodeCache, type CodeCache } from './platform/code-cache.ts';

/**
 * What `dist/main.js` is: the table of the program's modules, each loaded when something of it is first used, with the code that V8
 * has compiled for this verb before. scripts/build.mjs makes the chunks and fills this in.
 */
declare const __WT_CHUNKS__: {
  /** Hash of all chunks: compiled code of another build is for another text. */
  readonly build: string;
  readonly files: readonly string[];
  /** For each module the chunk that has it, or the name of Node's own module. */
  readonly homes: readonly (number | string)[];
  readonly verbs: readonly string[];
};

type Exports = Record<string, unknown>;
interface Cell {
  exports: Exports;
}
type Maker = (exports: Exports, cell: Cell) => void;
type Chunk = (makers: Maker[], find: (module: number) => Exports, define: typeof defineExports) => void;

const { build, files, homes, verbs } = __WT_CHUNKS__;
const FOLDER = join(__dirname, 'chunks');
const HEAD = '(function(module,require){';

const load = createRequire(__filename);
const cells: (Cell | undefined)[] = [];
const makers: Maker[] = [];
const argv = process.argv.slice(2);
const cache = isTraced() ? undefined : openCache();

find(0);

/** The values of a module, which is run the first time. */
function find(module: number): Exports {
  return (cells[module] ?? run(module)).exports;
}

function run(module: number): Cell {
  const home = homes[module];
  if (typeof home === 'string') return (cells[module] = { exports: load(home) as Exports });
  if (makers[module] === undefined) readChunk(files[home ?? 0] ?? '')(makers, find, defineExports);
  const cell: Cell = { exports: {} };
  cells[module] = cell;
  makers[module]?.(cell.exports, cell);
  return cell;
}

function defineExports(target: Exports, values: Readonly<Record<string, () => unknown>>): void {
  for (const name of Object.keys(values))
    Object.defineProperty(target, name, { get: values[name] as () => unknown, enumerable: true });
}

function readChunk(name: string): Chunk {
  const file = join(FOLDER, name);
  if (cache === undefined) return load(file) as Chunk;
  // All of it is ASCII: reading it as bytes is the quickest.
  const text = `${HEAD}${readFileSync(file, 'latin1')}\n})`;
  const cachedData = cache.find(name);
  const script = new Script(text, {
    filename: file,
    columnOffset: -HEAD.length,
    ...(cachedData === undefined ? {} : { cachedData }),
  });
  cache.note(name, script);
  const module = { exports: undefined as unknown };
  (script.runInThisContext() as (module: object, require: NodeJS.Require) => void)(module, load);
  return module.exports as Chunk;
}

/** Places in a trace are those of the sources only when Node itself loads the files. */
function isTraced(): boolean {
  const own = argv.slice(0, argv.includes('--') ? argv.indexOf('--') : undefined);
  const isAsked = own.includes('-v') || own.includes('--verbose');
  if (isAsked) process.setSourceMapsEnabled(true);
  return isAsked || /--enable-source-maps/.test(`${process.env['NODE_OPTIONS'] ?? ''} ${process.execArgv.join(' ')}`);
}

/** One cache a verb: what another needs would only be read in vain. */
function openCache(): CodeCache | undefined {
  const verb = argv.find((word) => verbs.includes(word)) ?? 'none';
  return openCodeCache(listCacheFolders(__dirname, process.env), `${build}-${process.version}-${process.arch}`, verb);
}
