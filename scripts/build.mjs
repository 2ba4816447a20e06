// Bundles src/ and every package it needs into dist/, as CommonJS, which Node starts quicker. main.js is the program: a table
// of its modules, and src/start.ts, which loads them from chunks/ when they are first needed. hook.js, quick.js, supervise.js
// and after-change.js are one file each: they are small, and started often.
// Usage: node scripts/build.mjs [--quiet] [--clean]
//
// A `wt` that runs meanwhile may still load a chunk of the build before. So dist/ is not emptied first: chunk names carry
// a hash, each file is moved into place whole, main.js last, and old chunks go one build later (`--clean`: now).
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

import { build } from 'esbuild';

import { forgetBuildStamp, hashInputs, readBuildStamp, root, writeBuildStamp } from './freshness.mjs';
import { formatThirdPartyLicenses } from './licenses.mjs';
import { formatChunk, readModules, splitModules } from './pack.mjs';
import { warm } from './warm.mjs';

const startedAt = Date.now();
const isClean = process.argv.includes('--clean');
const inputs = hashInputs();
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

const common = {
  absWorkingDir: root,
  outdir: 'dist',
  write: false,
  metafile: true,
  bundle: true,
  format: 'cjs',
  platform: 'node',
  target: 'node20',
  supported: { 'dynamic-import': false }, // becomes require(): Node need not load what it has for ES modules
  mainFields: ['module', 'main'], // jsonc-parser's "main" is of a kind that cannot be bundled
  sourcemap: 'linked',
  minifyWhitespace: true,
  minifySyntax: true,
  legalComments: 'none', // THIRD-PARTY-LICENSES.txt has them all
  define: { __WT_VERSION__: JSON.stringify(version) },
  logLevel: 'warning',
};

const files = new Map();
const { modules, metafiles } = await readModules({ root, entry: 'src/main.ts', common });
const homes = modules.map(({ name }) => (name.startsWith('node:') ? name : undefined));
const chunkNames = [];
for (const [name, numbers] of splitModules(modules)) {
  const { text, map } = formatChunk(modules, numbers);
  const hash = createHash('sha256').update(text).digest('hex').slice(0, 8).toUpperCase();
  const file = `${name}-${hash}.js`;
  for (const number of numbers) homes[number] = chunkNames.length;
  chunkNames.push(file);
  files.set(join(root, 'dist', 'chunks', file), `${text}//# sourceMappingURL=${file}.map\n`);
  files.set(join(root, 'dist', 'chunks', `${file}.map`), map);
}
const verbs = listVerbs(readFileSync(join(root, 'src/cli/table.ts'), 'utf8'));
const table = { files: chunkNames, homes, verbs };
const key = createHash('sha256').update(JSON.stringify(table)).digest('hex').slice(0, 12);

const single = await build({
  ...common,
  entryPoints: {
    main: 'src/start.ts',
    hook: 'src/hook.ts',
    quick: 'src/quick.ts',
    supervise: 'src/supervise.ts',
    'after-change': 'src/agents/after-change.ts',
  },
  define: { ...common.define, __WT_CHUNKS__: JSON.stringify({ build: key, ...table }) },
  plugins: [
    {
      name: 'apart',
      setup(builder) {
        // A hook seldom needs it; the quick way, only when it is not sure of itself.
        for (const name of ['after-change', 'start'])
          builder.onResolve({ filter: new RegExp(String.raw`/${name}\.ts$`) }, ({ kind }) =>
            kind === 'entry-point' ? undefined : { path: `./${name === 'start' ? 'main' : name}.js`, external: true },
          );
      },
    },
  ],
});
for (const { path, contents } of single.outputFiles) files.set(path, contents);
const metafile = { outputs: Object.assign({}, ...[...metafiles, single.metafile].map(({ outputs }) => outputs)) };
files.set(join(root, 'dist', 'THIRD-PARTY-LICENSES.txt'), formatThirdPartyLicenses(metafile, root));
files.set(join(root, 'dist', 'package.json'), '{"type":"commonjs"}\n');

const main = join(root, 'dist', 'main.js');
for (const [path, contents] of files) if (path !== main) replaceFile(path, contents);
replaceFile(main, files.get(main));
const names = [...files.keys()].map((path) => basename(path));
const before = isClean ? [] : (readBuildStamp()?.chunks ?? []);
removeChunksExcept([...names, ...before]);
forgetBuildStamp();
rmSync(join(root, 'dist', 'cache'), { recursive: true, force: true });
if (!isClean) await warm();
writeBuildStamp({ inputs, chunks: names });

if (!process.argv.includes('--quiet')) {
  const sizeBytes = [...files].reduce((sum, [path, contents]) => sum + (path.endsWith('.js') ? contents.length : 0), 0);
  console.log(`built dist/: ${Math.round(sizeBytes / 1024)} KiB of code in ${Date.now() - startedAt} ms`);
}

/** The words that name a verb: each has compiled code of its own. */
function listVerbs(text) {
  return [...text.matchAll(/^ {2}'?([\w-]+)'?: \{|alias: '(\w+)'/gm)].map(([, name, alias]) => name ?? alias);
}

function replaceFile(path, contents) {
  mkdirSync(dirname(path), { recursive: true });
  const draft = `${path}.${process.pid}`;
  writeFileSync(draft, contents);
  renameSync(draft, path);
}

function removeChunksExcept(keep) {
  const dir = join(root, 'dist', 'chunks');
  mkdirSync(dir, { recursive: true });
  for (const name of readdirSync(dir)) if (!keep.includes(name)) rmSync(join(dir, name));
}
