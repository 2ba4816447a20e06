// Runs a TypeScript file of this project: node scripts/run-ts.mjs <file.ts> [args]
// The bundle lands in node_modules/.cache, so the script must find files from the current folder, not import.meta.url.
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

import { build } from 'esbuild';

import { root } from './freshness.mjs';

const [script, ...args] = process.argv.slice(2);
if (script === undefined) throw new Error('usage: node scripts/run-ts.mjs <file.ts> [args]');

const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const outfile = join(root, 'node_modules', '.cache', 'wt', `${basename(script, '.ts')}-${process.pid}.mjs`);
mkdirSync(join(outfile, '..'), { recursive: true });

await build({
  absWorkingDir: root,
  entryPoints: [script],
  outfile,
  bundle: true,
  packages: 'external',
  format: 'esm',
  platform: 'node',
  target: 'node20',
  sourcemap: 'inline',
  define: { __WT_VERSION__: JSON.stringify(version) },
  logLevel: 'warning',
});

process.setSourceMapsEnabled(true);
process.argv = [process.argv[0], resolve(script), ...args];
process.on('exit', () => rmSync(outfile, { force: true }));
await import(pathToFileURL(outfile).href);
