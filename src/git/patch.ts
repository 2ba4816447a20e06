import type { Git } from './git.ts';

/**
 * What a commit does, by path, in a form that is the same wherever in a file it does it: as git-patch-id(1) sees it with
 * whitespace counted, and with the modes. Undefined when it cannot be told exactly.
 */
export type Patch = ReadonlyMap<string, string> | undefined;

/**
 * A commit against another one; undefined for a first commit, that has no parent. A parent is always to be named: git takes
 * the one that it is given as the commit's own from there on, for all lines to come.
 */
export interface PatchRequest {
  readonly commit: string;
  readonly against: string | undefined;
}

/** Patches in the order asked, from one process (git-diff-tree(1) --stdin). */
export async function readPatches(git: Git, requests: readonly PatchRequest[]): Promise<readonly Patch[]> {
  if (requests.length === 0) return [];
  const { stdout } = await git(
    [
      'diff-tree',
      '--stdin',
      '--always',
      '--root',
      '-r',
      '-z',
      '--raw',
      '--patch',
      '--full-index',
      '--unified=3',
      '--inter-hunk-context=0',
      '--no-ext-diff',
      '--no-textconv',
      '--no-renames',
      '--no-color',
      '--submodule=short',
      '--ignore-submodules=none',
    ],
    { input: requests.map(({ commit, against }) => `${[commit, against].filter(Boolean).join(' ')}\n`).join('') },
  );
  const found = parsePatches(stdout);
  return requests.map(({ commit }, i) => (found[i]?.commit === commit ? found[i].patch : undefined));
}

/** Pure half: an id; raw records (":modes ids S", path), an empty field, then the text; the next id begins a line of its own. */
export function parsePatches(stdout: string): readonly { readonly commit: string; readonly patch: Patch }[] {
  const found: { commit: string; patch: Patch }[] = [];
  const header = /(?:[0-9a-f]{64}|[0-9a-f]{40})\0/y;
  for (let at = 0; at < stdout.length;) {
    header.lastIndex = at;
    const commit = header.exec(stdout)?.[0].slice(0, -1);
    if (commit === undefined) break;
    at += commit.length + 1;
    const raw: Raw[] = [];
    while (stdout[at] === ':') {
      const afterMeta = stdout.indexOf('\0', at) + 1;
      const afterPath = stdout.indexOf('\0', afterMeta) + 1;
      raw.push({ meta: stdout.slice(at, afterMeta - 1), path: stdout.slice(afterMeta, afterPath - 1) });
      at = afterPath;
    }
    // Every line of a patch begins with something else than a hexadecimal id: names that could look so are quoted.
    const start = stdout[at] === '\0' ? at + 1 : at;
    const next = /(?<![^\n])(?:[0-9a-f]{64}|[0-9a-f]{40})\0/g;
    next.lastIndex = start;
    const end = start === at ? at : (next.exec(stdout)?.index ?? stdout.length);
    found.push({ commit, patch: combine(raw, stdout.slice(start, end)) });
    at = end;
  }
  return found;
}

interface Raw {
  readonly meta: string;
  readonly path: string;
}

/** Text that git could not hand over as it is: two different bytes look the same there. */
const LOST = '\u{FFFD}';
/** Only after a line feed: `^` would find one after a carriage return within a line, too. */
const HUNK = /(?<![^\n])@@ /;

function combine(raw: readonly Raw[], text: string): Patch {
  const sections = text === '' ? [] : text.split(/(?<![^\n])(?=diff --git )/);
  const all = new Map<string, string>();
  let next = 0;
  for (const { meta, path } of raw) {
    if (path.includes(LOST)) return undefined;
    const [from = '', to = '', fromId = '', toId = '', status = ''] = meta.slice(1).split(' ');
    // A file that becomes a link is shown as one that goes and one that comes.
    const count = status === 'T' ? 2 : 1;
    const own = sections.slice(next, next + count);
    next += count;
    if (own.length !== count) return undefined;
    const isExact = own.every((section) => HUNK.test(section) && !section.includes(LOST));
    all.set(path, `${from} ${to} ${status}\n${isExact ? own.map(hunksOf).join('\n') : `${fromId} ${toId}`}`);
  }
  return next === sections.length ? all : undefined;
}

/** Without what says where in the file it is. */
function hunksOf(section: string): string {
  return section.slice(section.search(HUNK)).replaceAll(/(?<![^\n])@@ [^\n]*/g, '@@');
}

/** Whether one commit does, among other things perhaps, all that another does. Pure. */
export function includesPatch(larger: Patch, smaller: Patch): boolean {
  return (
    larger !== undefined && smaller !== undefined && [...smaller].every(([path, change]) => larger.get(path) === change)
  );
}
