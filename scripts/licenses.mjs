// The licences of everything that esbuild put into the bundle, from its metafile.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const rule = '-'.repeat(80);

/** Throws when an inlined package does not say what its licence is: such a package cannot be shipped. */
export function formatThirdPartyLicenses(metafile, root) {
  const packages = listInlinedPackages(metafile).map((dir) => readPackage(dir, join(root, dir)));
  const intro = 'The program contains the following packages. Each comes under its own licence, given here in full.';
  const parts = packages
    .toSorted((a, b) => (a.title < b.title ? -1 : 1))
    .map(({ title, license, text }) => `${rule}\n${title}\nLicence: ${license}\n${rule}\n\n${text}`);
  return `${[intro, ...new Set(parts)].join('\n\n')}\n`;
}

function listInlinedPackages(metafile) {
  const files = Object.values(metafile.outputs).flatMap((output) => Object.keys(output.inputs));
  const dirs = files.map((file) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)?.[0]);
  return [...new Set(dirs)].filter((dir) => dir !== undefined);
}

function readPackage(dir, path) {
  const { name, version, license } = JSON.parse(readFileSync(join(path, 'package.json'), 'utf8'));
  const file = readdirSync(path).find((entry) => /^(licen[cs]e|copying)/i.test(entry));
  if (!license || !file) throw new Error(`${dir}: no licence ${license ? 'text' : 'field'}, so it cannot be bundled`);
  return { title: `${name} ${version}`, license, text: readFileSync(join(path, file), 'utf8').trim() };
}
