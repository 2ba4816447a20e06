import { findNodeAtLocation, parseTree, type Node } from 'jsonc-parser';
import { readSmallFile, realPathOf } from '../platform/files.ts';
import { parseGitConfig } from './formats/git-config.ts';
import { lineInToml } from './formats/read.ts';

const LIMIT_BYTES = 1024 * 1024;

/** The line of a place like `setup.run[0]` in a definition; undefined when it cannot be told. */
export async function findLine(file: string, at: string): Promise<number | undefined> {
  const content = await readSmallFile(await realPathOf(file), LIMIT_BYTES);
  if (content === undefined || 'refused' in content) return undefined;
  return lineOf({ file, text: content.text }, at);
}

/** Pure. */
export function lineOf(
  { file, text }: { readonly file: string; readonly text: string },
  at: string,
): number | undefined {
  const parts = at.match(/[^.[\]]+/g) ?? [];
  if (file.endsWith('.toml')) return lineInToml(text, parts);
  if (!/\.jsonc?$/.test(file)) return lineInGitConfig({ file, text }, parts);
  const offset = nearest(parseTree(text, [], { allowTrailingComma: true }), parts)?.offset;
  return offset === undefined ? undefined : text.slice(0, offset).split('\n').length;
}

/** The node at the place, or the nearest around it: one shell command may stand where a list could. */
function nearest(tree: Node | undefined, parts: readonly string[]): Node | undefined {
  if (tree === undefined || parts.length === 0) return undefined;
  const location = parts.map((part) => (/^\d+$/.test(part) ? Number(part) : part));
  return findNodeAtLocation(tree, location) ?? nearest(tree, parts.slice(0, -1));
}

function lineInGitConfig(
  written: { readonly file: string; readonly text: string },
  parts: readonly string[],
): number | undefined {
  const index = Number(parts.at(-1));
  const key = (Number.isNaN(index) ? parts : parts.slice(0, -1)).join('.').toLowerCase();
  return parseGitConfig(written).filter((entry) => entry.key === key)[Number.isNaN(index) ? 0 : index]?.line;
}
