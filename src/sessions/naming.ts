import { loadConfig } from '../config/load.ts';
import { BRANCH_NAMES, PATH_NAMES } from '../config/names.ts';
import { WtError } from '../core/errors.ts';
import { whyInvalidBranch, type SessionId } from '../core/names.ts';
import { fillTemplate } from '../core/template.ts';
import { userOf, valuesOf } from '../setup/values.ts';
import { defaultBaseName } from './base.ts';
import { readBook } from './book.ts';
import { parseTarget } from './create.ts';
import { isFolderName } from './layout.ts';
import type { Repo } from './repo.ts';

/** The templates by which new sessions are named. */
export interface Naming {
  readonly branch: string;
  readonly path: string;
}

export const DEFAULT_NAMING: Naming = { branch: 'wt/{id}', path: '.worktrees/{id}' };

/** What is known of a session before it is made. */
export interface NamingFacts {
  readonly id: string;
  /** The branch or commit it is cut from. */
  readonly base: string;
  readonly task: string | null;
  /** ISO 8601 UTC. */
  readonly createdAt: string;
}

/** The templates that hold in this repository; for what has to work with a broken configuration too. */
export async function loadNamingOrDefault({ root, deps }: Repo): Promise<Naming> {
  return loadConfig(root, deps.env).then(
    ({ settings }) => settings,
    (error: unknown) => {
      if (WtError.is(error, 'config.invalid')) return DEFAULT_NAMING;
      throw error;
    },
  );
}

/** A session that was asked for, and all its names. */
export interface NewNames {
  readonly id: SessionId;
  readonly branch: string;
  readonly folder: string;
  /** The argument was a branch's name. */
  readonly isNamedByBranch: boolean;
}

/** What a new session is called. Throws `id.invalid`, `branch.invalid`, `path.unsafe`. */
export async function nameSession(
  repo: Repo,
  naming: Naming,
  argument: string,
  asked: { branch: string | undefined; base: string | undefined; task: string | null },
): Promise<NewNames> {
  const base = asked.base ?? defaultBaseName(repo, await readBook(repo));
  const facts = { base, task: asked.task, createdAt: repo.deps.clock.now().toISOString() };
  const target = parseTarget(argument, asked.branch, (id) =>
    requireBranchName(naming, nameBranch(repo, naming, { ...facts, id })),
  );
  return { ...target, folder: nameFolder(repo, naming, { ...facts, ...target }) };
}

/** The branch of a new session, as the template makes it. Pure. */
export function nameBranch(repo: Pick<Repo, 'root' | 'deps'>, { branch }: Naming, facts: NamingFacts): string {
  return fillTemplate(branch, knownOf(repo, facts, { names: BRANCH_NAMES, branch: '' })).replaceAll('\n', ' ');
}

/** Throws `branch.invalid` when the template makes a name that git does not take. Pure. */
export function requireBranchName(naming: Naming, branch: string): string {
  const reason = whyInvalidBranch(branch);
  if (reason === undefined) return branch;
  throw new WtError('branch.invalid', { branch, reason: `${reason} (the template is "${naming.branch}")` });
}

/** The folder of a new session below `.worktrees`; what no plain name may hold becomes "-". Throws `path.unsafe`. Pure. */
export function nameFolder(
  repo: Pick<Repo, 'root' | 'deps'>,
  naming: Naming,
  facts: NamingFacts & { branch: string },
): string {
  const template = naming.path.slice(naming.path.indexOf('/') + 1);
  const values = knownOf(repo, facts, { names: PATH_NAMES, branch: facts.branch });
  const folder = fillTemplate(template, values, (value) => value.replaceAll(/[^\p{L}\p{N}._-]+/gu, '-'));
  if (isFolderName(folder)) return folder;
  throw new WtError('path.unsafe', {
    path: folder,
    reason: `the template "${naming.path}" makes no plain name of a folder of it`,
  });
}

function knownOf(
  { root, deps }: Pick<Repo, 'root' | 'deps'>,
  { id, base, task, createdAt }: NamingFacts,
  { names, branch }: { names: readonly string[]; branch: string },
): Readonly<Record<string, string>> {
  const facts = { id, branch, base, task, createdAt, path: '', main: root, ports: {}, taskFile: undefined };
  const values = valuesOf({ ...facts, user: userOf(deps.env) });
  return Object.fromEntries(Object.entries(values).filter(([name]) => names.includes(name)));
}

/** The id that a branch would have been made for, where the template tells: `x` of `feature/session-x`. Pure. */
export function idInBranch({ branch: template }: Naming, branch: string): string | undefined {
  const [before = '', after, ...more] = template.split('{id}');
  if (after === undefined || more.length > 0 || /[{}]/.test(before + after)) return undefined;
  const isOf = branch.startsWith(before) && branch.endsWith(after) && branch.length > before.length + after.length;
  return isOf ? branch.slice(before.length, branch.length - after.length) : undefined;
}
