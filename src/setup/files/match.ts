import path from 'node:path';
import { leadsOut } from '../../config/names.ts';
import { foldersAbove, keepIgnored, listIgnored, listIgnoredFiles, type IgnoreRules } from '../../git/ignore.ts';
import { readSmallFile } from '../../platform/files.ts';
import type { Place } from '../place.ts';
import type { FileRule } from '../step.ts';

/** What a rule named and did not get, with why. */
export interface Skipped {
  readonly path: string;
  readonly reason: string;
}

/** What is to come into a session, relative to the main worktree. A path that ends in "/" is a folder with all that is in it. */
export interface Matches {
  readonly copies: readonly string[];
  readonly links: readonly string[];
  /** What a rule leaves out of itself, also below a folder that is copied; without "/" at the end. */
  readonly except: readonly string[];
  readonly skipped: readonly Skipped[];
}

/** Named so in Claude Code, Codex, Conductor, worktrunk and others: gitignore patterns of what a new worktree gets. */
export const INCLUDE_FILE = '.worktreeinclude';
const INCLUDE_LIMIT_BYTES = 1024 * 1024;
const WITHOUT_IGNORE = 'git does not ignore it: the next "git add" would take it along';

/** Whether a path is git's, wt's, or the session's own. Pure. */
export function isOutOfBounds({ facts }: Place, name: string): boolean {
  const parts = name.toLowerCase().split('/');
  const session = path.relative(facts.main, facts.path);
  return parts.includes('.git') || parts[0] === '.worktrees' || `${name}/`.startsWith(`${session}/`);
}

/**
 * Asks git what `.worktreeinclude` and the rules name: what they match, git ignores in the main worktree, and git would ignore in
 * the session too.
 */
export async function gatherMatches(place: Place, rules: readonly FileRule[]): Promise<Matches> {
  const judged = rules.map((rule) => requirePlain(rule));
  const plain = judged.filter(({ patterns }) => patterns.length > 0); // git takes no empty list
  const include = await findInclude(place);
  const copies: readonly IgnoreRules[] = [
    ...(include.rules === undefined ? [] : [include.rules]),
    ...plain.filter(({ kind }) => kind === 'copy').map(({ patterns }) => ({ patterns })),
  ];
  const links = plain.filter(({ kind }) => kind === 'link').map(({ patterns }) => ({ patterns }));
  const skipped = [...include.skipped, ...judged.flatMap((one) => one.skipped)];
  if (copies.length + links.length === 0 || !(await hasWorktree(place)))
    return { copies: [], links: [], except: [], skipped };
  const [ignored, copied, linked] = await Promise.all([
    listIgnored(place.mainGit, 'standard'),
    Promise.all(copies.map((one) => listIgnored(place.mainGit, one))),
    Promise.all(links.map((one) => listIgnored(place.mainGit, one))),
  ]);
  const known = new Set(ignored);
  const own = plain.filter(({ kind }) => kind === 'copy');
  const except = await listExcepted(place, own, copied);
  const toCopy = among(place, copied.flat(), known);
  const toLink = among(place, linked.flat(), known);
  const kept = await keepForSession(place, toCopy.found);
  return {
    copies: kept.found,
    links: toLink.found,
    except,
    skipped: [...skipped, ...toCopy.skipped, ...toLink.skipped, ...kept.skipped],
  };
}

/** What rules leave out of themselves and no other one names. `copied` ends with what each of the rules matched. */
async function listExcepted(
  { mainGit }: Place,
  rules: readonly FileRule[],
  copied: readonly (readonly string[])[],
): Promise<readonly string[]> {
  const first = copied.length - rules.length;
  const lists = await Promise.all(
    rules.map(async ({ except = [] }, i) => {
      if (except.length === 0) return [];
      const others = new Set(copied.filter((_, at) => at !== first + i).flat());
      const names = await listIgnored(mainGit, { patterns: except });
      return names.filter((name) => !isIn(others, name));
    }),
  );
  return lists.flat().map((name) => name.replace(/\/$/, ''));
}

/** A bare repository has no files to give. */
async function hasWorktree({ mainGit }: Place): Promise<boolean> {
  const { stdout } = await mainGit(['rev-parse', '--is-inside-work-tree'], { expect: [0, 128] });
  return stdout.trim() === 'true';
}

interface PlainRule extends FileRule {
  readonly skipped: readonly Skipped[];
}

/** A rule without patterns that lead out: gitignore has no such thing, so they could only be a mistake or a trap. */
function requirePlain(rule: FileRule): PlainRule {
  const bad = rule.patterns.filter((pattern) => leadsOut(pattern));
  if (bad.length === 0) return { ...rule, skipped: [] };
  const { file } = rule.source;
  return {
    ...rule,
    patterns: rule.patterns.filter((pattern) => !leadsOut(pattern)),
    skipped: bad.map((pattern) => ({ path: pattern, reason: `${path.basename(file)}: leads out of the repository` })),
  };
}

async function findInclude({
  facts,
}: Place): Promise<{ readonly rules: IgnoreRules | undefined; readonly skipped: readonly Skipped[] }> {
  const file = path.join(facts.main, INCLUDE_FILE);
  const content = await readSmallFile(file, INCLUDE_LIMIT_BYTES);
  if (content === undefined) return { rules: undefined, skipped: [] };
  if ('refused' in content)
    return { rules: undefined, skipped: [{ path: INCLUDE_FILE, reason: `is not read: ${content.refused}` }] };
  const bad = content.text.split(/\r?\n/).filter((line) => !line.startsWith('#') && leadsOut(line));
  return {
    rules: { file },
    skipped: bad.map((line) => ({ path: line, reason: `${INCLUDE_FILE}: leads out of the repository` })),
  };
}

/** What is in both lists: a folder stands for all in it, so the shorter of two nested names is the one that is narrowed. */
function among(
  place: Place,
  matched: readonly string[],
  ignored: ReadonlySet<string>,
): { readonly found: readonly string[]; readonly skipped: readonly Skipped[] } {
  const wanted = new Set(matched.filter((name) => !isOutOfBounds(place, name.replace(/\/$/, ''))));
  const within = [...wanted].filter((name) => isIn(ignored, name));
  const inside = [...ignored].filter((name) => !wanted.has(name) && isIn(wanted, name));
  const found = new Set([...within, ...inside.filter((name) => !isOutOfBounds(place, name.replace(/\/$/, '')))]);
  const partly = new Set(inside.flatMap((name) => foldersAbove(name)));
  return {
    // Another rule may name a folder around it.
    found: [...found].filter((name) => !foldersAbove(name).some((folder) => found.has(folder))),
    skipped: [...wanted]
      .filter((name) => !isIn(ignored, name) && !partly.has(name))
      .map((name) => ({ path: name, reason: WITHOUT_IGNORE })),
  };
}

function isIn(set: ReadonlySet<string>, name: string): boolean {
  return set.has(name) || foldersAbove(name).some((folder) => set.has(folder));
}

/** Folders that bring the rule along which ignores all in them, as those of husky, of Python's venv and of many caches do. */
async function listSelfIgnored({ facts }: Place, names: readonly string[]): Promise<ReadonlySet<string>> {
  const found = new Set<string>();
  for (const name of names.filter((one) => one.endsWith('/.gitignore'))) {
    const content = await readSmallFile(path.join(facts.main, name), INCLUDE_LIMIT_BYTES);
    const lines = content !== undefined && 'text' in content ? content.text.split(/\r?\n/) : [];
    if (lines.includes('*') && !lines.some((line) => line.startsWith('!'))) found.add(path.posix.dirname(name) + '/');
  }
  return found;
}

/** On another branch git may ignore less: there a copied secret would be committed by the next "git add". */
async function keepForSession(
  place: Place,
  names: readonly string[],
): Promise<{ readonly found: readonly string[]; readonly skipped: readonly Skipped[] }> {
  const whole = new Set(await keepIgnored(place.git, names));
  const selfIgnored = await listSelfIgnored(place, names);
  for (const name of names) if (foldersAbove(name).some((folder) => selfIgnored.has(folder))) whole.add(name);
  const rest = names.filter((name) => !whole.has(name));
  const folders = rest.filter((name) => name.endsWith('/'));
  // A folder that is not ignored itself may be full of what is.
  const inside = folders.length === 0 ? [] : await listIgnoredFiles(place.mainGit, 'standard', folders);
  const single = await keepIgnored(place.git, inside);
  const found = [...names.filter((name) => whole.has(name)), ...inside.filter((name) => single.has(name))];
  const lost = [...rest.filter((name) => !name.endsWith('/')), ...inside.filter((name) => !single.has(name))];
  const reason = `${WITHOUT_IGNORE} on ${place.facts.branch}`;
  return { found, skipped: lost.map((name) => ({ path: name, reason })) };
}
