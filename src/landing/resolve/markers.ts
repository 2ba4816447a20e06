import type { Git } from '../../git/git.ts';

/**
 * Whether a file has more conflict markers of git's than either of its versions: a page about conflicts may well have some
 * of its own. "=======" may also underline headings of both. Pure; texts as latin1.
 */
export function hasMarkers(text: string, versions: readonly string[], size: number): boolean {
  if (text.includes('\0')) return false;
  return ['<', '|', '=', '>'].some((sign) => {
    const count = (of: string): number => countMarkers(of, sign.repeat(size));
    const counts = versions.map(count);
    return count(text) > (sign === '=' ? counts.reduce((sum, one) => sum + one, 0) : Math.max(0, ...counts));
  });
}

function countMarkers(text: string, marker: string): number {
  return text.split('\n').filter((line) => line.startsWith(`${marker} `) || line.replace(/\r$/, '') === marker).length;
}

/** How long git makes the markers of these paths, where it is told (gitattributes(5), conflict-marker-size). */
export async function markerSizes(git: Git, paths: readonly string[]): Promise<ReadonlyMap<string, number>> {
  if (paths.length === 0) return new Map();
  const input = paths.map((name) => `${name}\0`).join('');
  const { stdout } = await git(['check-attr', '-z', '--stdin', 'conflict-marker-size'], { input });
  const fields = stdout.split('\0');
  const sizes = new Map<string, number>();
  for (let i = 0; i + 2 < fields.length; i += 3) {
    const size = Number(fields[i + 2]);
    if (Number.isInteger(size) && size > 0) sizes.set(fields[i] ?? '', size);
  }
  return sizes;
}
