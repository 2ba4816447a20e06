// Bundles src/main.ts and every package it needs into dist/: main.js, hook.js (`wt hook` alone), and one chunk for each
// `import()`, so that a verb loads only its own code. Usage: node scripts/build.mjs [--quiet] [--clean]
//
// A `wt` that runs meanwhile may still load a chunk of the build before. So dist/ is not emptied first: chunk names carry
// a hash, each file is moved into place whole, main.js last, and old chunks go one build later (`--clean`: now).
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

import { build } from 'esbuild';

import { hashInputs, readBuildStamp, root, writeBuildStamp } from './freshness.mjs';
import { formatThirdPartyLicenses } from './licenses.mjs';

const startedAt = Date.now();
const inputs = hashInputs();
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

const common = {
  absWorkingDir: root,
  outdir: 'dist',
  write: false,
  metafile: true,
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  mainFields: ['module', 'main'], // jsonc-parser's "main" is of a kind that cannot be bundled
  sourcemap: 'linked',
  minifyWhitespace: true,
  minifySyntax: true,
  legalComments: 'eof',
  define: { __WT_VERSION__: JSON.stringify(version) },
  logLevel: 'warning',
};

const program = await build({
  ...common,
  entryPoints: {
    main: 'src/main.ts',
    supervise: 'src/supervise.ts',
    'after-change': 'src/agents/after-change.ts',
  },
  splitting: true,
  chunkNames: 'chunks/[name]-[hash]',
  banner: {
    // CommonJS packages in the bundle call `require` for Node's own modules; a module has none.
    js: "import{createRequire as __createRequire}from'node:module';const require=__createRequire(import.meta.url);",
  },
});

// Agents wait for it: one file loads in two thirds of the time of a dozen. What it needs but seldom is left to the program's build.
const hook = await build({
  ...common,
  entryPoints: ['src/hook.ts'],
  plugins: [
    {
      name: 'after-change-apart',
      setup(builder) {
        builder.onResolve({ filter: /\/after-change\.ts$/ }, () => ({ path: './after-change.js', external: true }));
      },
    },
  ],
});

const { metafile } = program;
const outputFiles = [...program.outputFiles, ...hook.outputFiles];
const files = new Map(outputFiles.map(({ path, contents }) => [path, contents]));
files.set(join(root, 'dist', 'THIRD-PARTY-LICENSES.txt'), formatThirdPartyLicenses(metafile, root));

const main = join(root, 'dist', 'main.js');
for (const [path, contents] of files) if (path !== main) replaceFile(path, contents);
replaceFile(main, files.get(main));
const chunks = [...files.keys()].map((path) => basename(path));
removeChunksExcept([...chunks, ...(process.argv.includes('--clean') ? [] : (readBuildStamp()?.chunks ?? []))]);
writeBuildStamp({ inputs, chunks });

if (!process.argv.includes('--quiet')) {
  const sizeBytes = outputFiles.reduce(
    (sum, { path, contents }) => sum + (path.endsWith('.js') ? contents.length : 0),
    0,
  );
  console.log(`built dist/: ${Math.round(sizeBytes / 1024)} KiB of code in ${Date.now() - startedAt} ms`);
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
