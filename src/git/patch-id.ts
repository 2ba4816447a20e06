import type { Git } from './git.ts';

const SCAN_LIMIT = 500;
const PATH_LIMIT = 500;

/**
 * Whether a line of history has a session's changes under other commits: as one squashed commit, or each commit on its
 * own (git-patch-id(1), whitespace counted). Changes to binary files are never proven this way.
 */
export async function hasSamePatches(
  git: Git,
  range: { mergeBase: string; tip: string; target: string; paths: readonly string[] },
): Promise<boolean> {
  const { mergeBase, tip, target, paths } = range;
  if (paths.length > PATH_LIMIT) return false;
  const whole = (await git(['diff', ...PATCH, mergeBase, tip])).stdout;
  if (whole === '' || hasBinary(whole)) return false;
  const [squashed] = await patchIds(git, whole);
  if (squashed === undefined) return false;
  const pathspecs = paths.map((path) => `:(top,literal)${path}`);
  const landed = (
    await git([
      'log',
      '--format=commit %H',
      '--no-merges',
      `--max-count=${SCAN_LIMIT}`,
      ...PATCH,
      `${mergeBase}..${target}`,
      '--',
      ...pathspecs,
    ])
  ).stdout;
  const known = new Set(await patchIds(git, landed));
  if (known.has(squashed)) return true;
  // What a merge commit changed by hand is in none of the other commits.
  const { stdout: merges } = await git(['rev-list', '--merges', '--max-count=1', `${mergeBase}..${tip}`]);
  if (merges !== '') return false;
  const own = (await git(['log', '--format=commit %H', '--no-merges', ...PATCH, `${mergeBase}..${tip}`])).stdout;
  const each = await patchIds(git, own);
  return each.length > 0 && each.every((id) => known.has(id));
}

const PATCH = [
  '--patch',
  '--full-index',
  '--no-ext-diff',
  '--no-textconv',
  '--no-renames',
  '--no-color',
  '--unified=3',
];

function hasBinary(patch: string): boolean {
  return /^Binary files .* differ$/m.test(patch);
}

async function patchIds(git: Git, patches: string): Promise<readonly string[]> {
  const verbatim = await git(['patch-id', '--verbatim'], { input: patches, expect: [0, 129] });
  const { stdout } = verbatim.exitCode === 0 ? verbatim : await git(['patch-id', '--stable'], { input: patches });
  return stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => line.split(' ')[0] ?? '');
}
