import { availableParallelism } from 'node:os';
import * as z from 'zod';
import { mapLimit } from '../core/pool.ts';
import type { Git, GitOptions } from './git.ts';

/** What two sides of a merge disagree on in one file. */
export const CONFLICT_KINDS = [
  'content',
  'add/add',
  'modify/delete',
  'rename',
  'mode',
  'binary',
  'submodule',
  'file/directory',
] as const;
export type ConflictKind = (typeof CONFLICT_KINDS)[number];

export const ConflictFile = z.object({ path: z.string(), kind: z.enum(CONFLICT_KINDS) });
export type ConflictFile = Readonly<z.infer<typeof ConflictFile>>;

/** The tree of a merge, with the files it leaves in conflict; none: it is clean. */
export const Verdict = z.object({ tree: z.string(), files: z.array(ConflictFile) });
export type Verdict = Readonly<z.infer<typeof Verdict>>;

type Pair = readonly [ours: string, theirs: string];

const MERGE = ['merge-tree', '--write-tree', '-z', '--messages', '--allow-unrelated-histories'];
const FEW = 48;

/**
 * What each merge would conflict in, in the order asked (git-merge-tree(1) --stdin: few processes for any number of merges).
 * Undefined where git could not tell. Give `options.env` a throw-away object directory: every merge writes objects.
 */
export async function findConflicts(
  git: Git,
  pairs: readonly Pair[],
  options: GitOptions = {},
): Promise<readonly (Verdict | undefined)[]> {
  const share = Math.max(FEW, Math.ceil(pairs.length / Math.min(4, availableParallelism())));
  const batches = Array.from({ length: Math.ceil(pairs.length / share) }, (_, i) =>
    pairs.slice(i * share, (i + 1) * share),
  );
  return (await Promise.all(batches.map((batch) => mergeBatch(git, batch, options)))).flat();
}

async function mergeBatch(
  git: Git,
  pairs: readonly Pair[],
  options: GitOptions,
): Promise<readonly (Verdict | undefined)[]> {
  const input = pairs.map(([ours, theirs]) => `${ours} ${theirs}\n`).join('');
  const long = { timeoutMs: 600_000, ...options };
  const { exitCode, stdout } = await git([...MERGE, '--stdin'], { ...long, input, expect: [0, 1, 128, 129] });
  const verdicts = exitCode === 0 ? parseVerdicts(stdout) : [];
  if (verdicts.length === pairs.length) return verdicts;
  // This git has no --stdin (before 2.39), or one of the commits is none: then each by itself.
  return mapLimit(pairs, 4, async ([ours, theirs]) => {
    const single = await git([...MERGE, ours, theirs], { ...long, expect: [0, 1, 128] });
    if (single.exitCode === 128) return undefined;
    const [verdict] = parseVerdicts(`${1 - single.exitCode}\0${single.stdout}\0`);
    return verdict?.tree === '' ? undefined : verdict;
  });
}

interface Stage {
  readonly path: string;
  readonly mode: string;
  readonly object: string;
  readonly stage: string;
}

/**
 * Pure half of {@link findConflicts}. A merge is a status (1 clean, 0 conflict), the tree, a field "mode object stage TAB path"
 * for each side of each file, an empty field, the messages (count, paths, stable type, text), an empty field.
 */
export function parseVerdicts(stdout: string): readonly Verdict[] {
  const verdicts: Verdict[] = [];
  const fields = stdout.split('\0');
  let at = 0;
  const next = (): string => fields[at++] ?? '';
  while (at + 1 < fields.length) {
    const isClean = next().trim() === '1';
    const tree = next();
    const stages: Stage[] = [];
    const messages: Message[] = [];
    for (let field = next(); field !== '' && at < fields.length; field = next()) stages.push(parseStage(field));
    for (let field = next().trim(); field !== '' && at < fields.length; field = next().trim()) {
      const paths = Array.from({ length: Math.min(Number(field) || 0, fields.length) }, next).map(plainPath);
      messages.push({ paths, type: next() });
      next(); // its text, for people
    }
    verdicts.push({ tree, files: isClean ? [] : describeFiles(stages, messages) });
  }
  return verdicts;
}

interface Message {
  readonly paths: readonly string[];
  readonly type: string;
}

function parseStage(field: string): Stage {
  const [, mode = '', object = '', stage = '', path = ''] = /^(\d+) ([0-9a-f]+) (\d)\t(.*)$/s.exec(field) ?? [];
  return { mode, object, stage, path: plainPath(path) };
}

/** Of two things that cannot lie at one path git calls one "path~commit"; its own name says more. */
function plainPath(path: string): string {
  return path.replace(/~[0-9a-f]{40}(?:[0-9a-f]{24})?(?:_\d+)?$/, '');
}

function describeFiles(stages: readonly Stage[], messages: readonly Message[]): ConflictFile[] {
  const conflicts = messages.filter(({ type }) => type.startsWith('CONFLICT'));
  const told = new Set(stages.map(({ path }) => path));
  // A directory that both sides have renamed apart has no stages.
  for (const { paths } of conflicts) if (!paths.some((path) => told.has(path))) told.add(paths[0] ?? '');
  return [...told]
    .filter((path) => path !== '')
    .toSorted()
    .map((path) => {
      const own = stages.filter((stage) => stage.path === path);
      const types = conflicts.filter(({ paths }) => paths.includes(path)).map(({ type }) => type);
      return { path, kind: kindOf(own, types) };
    });
}

/** The first that holds names the conflict. */
function kindOf(stages: readonly Stage[], types: readonly string[]): ConflictKind {
  const says = (pattern: RegExp): boolean => types.some((type) => pattern.test(type));
  const sides = stages.filter(({ stage }) => stage !== '1');
  const kinds: readonly (readonly [ConflictKind, boolean])[] = [
    ['submodule', says(/submodule/) || stages.some(({ mode }) => mode === '160000')],
    ['binary', says(/binary/)],
    ['file/directory', says(/file\/directory/)],
    ['rename', says(/rename/)],
    ['modify/delete', says(/modify\/delete/)],
    ['mode', says(/distinct modes/) || (sides.length === 2 && new Set(sides.map(({ object }) => object)).size === 1)],
    ['add/add', sides.length === 2 && sides.length === stages.length],
  ];
  return kinds.find(([, holds]) => holds)?.[0] ?? 'content';
}
