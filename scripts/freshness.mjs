// Is what was installed and built still what the sources ask for? Shared by bootstrap.mjs and build.mjs, which must
// agree. No dependencies: this runs before they are installed.
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url));

const buildStamp = 'dist/.build.json';

/** Files that decide what the build puts into dist/; src/ comes on top. */
const buildFiles = [
  'package.json',
  'package-lock.json',
  'tsconfig.json',
  'scripts/build.mjs',
  'scripts/licenses.mjs',
  'scripts/pack.mjs',
  'scripts/warm.mjs',
];

/** True when npm's own record of node_modules has every package of the lockfile, at its version. */
export function isInstalled() {
  const installed = readIfThere('node_modules/.package-lock.json');
  if (installed === undefined) return false; // npm writes it last: a broken-off install has none
  const have = JSON.parse(installed).packages;
  const want = Object.entries(JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages);
  return want.every(([path, entry]) => path === '' || entry.optional || have[path]?.version === entry.version);
}

export function isBuilt() {
  return existsSync(join(root, 'dist/main.js')) && readBuildStamp()?.inputs === hashInputs();
}

/** What the last build noted: `inputs`, the hash of what it was made from, and `chunks`, the files it made. */
export function readBuildStamp() {
  const stamp = readIfThere(buildStamp);
  return stamp === undefined ? undefined : JSON.parse(stamp);
}

export function writeBuildStamp(stamp) {
  writeFileSync(join(root, buildStamp), JSON.stringify(stamp));
}

/** Until the next stamp is written, the build counts as one that is not done. */
export function forgetBuildStamp() {
  rmSync(join(root, buildStamp), { force: true });
}

export function hashInputs() {
  const hash = createHash('sha256');
  const sources = readdirSync(join(root, 'src'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name).slice(root.length))
    .toSorted();
  for (const file of [...buildFiles, ...sources])
    hash
      .update(file)
      .update('\0')
      .update(readFileSync(join(root, file)));
  return hash.digest('hex');
}

function readIfThere(file) {
  try {
    return readFileSync(join(root, file), 'utf8');
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  }
}
