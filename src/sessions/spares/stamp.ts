import { createHash } from 'node:crypto';
import path from 'node:path';
import { mapLimit } from '../../core/pool.ts';
import { REGENERABLE } from '../../config/schema.ts';
import { fileMark, listDirectory, lstatOf, readText, realPathOf } from '../../platform/files.ts';
import { findProgram } from '../../platform/program.ts';
import type { Definition } from '../../setup/definition.ts';
import { gatherMatches, INCLUDE_FILE } from '../../setup/files/match.ts';
import { stepsOf } from '../../setup/fill.ts';
import type { Place } from '../../setup/place.ts';
import { findHookRules } from '../../setup/sources/surroundings.ts';
import type { FileRule } from '../../setup/step.ts';
import { gitAtWorktree, type Repo } from '../repo.ts';
import { userOf } from '../../setup/values.ts';
import type { Spare } from './record.ts';

/** All that a spare was made ready with, as one hash: another definition or another Node.js makes it out of date. */
export async function stampOf({ root, deps }: Pick<Repo, 'root' | 'deps'>, definition: Definition): Promise<string> {
  const { files, env, settings } = definition;
  const node = await findProgram(deps.env, 'node');
  const parts = [
    1,
    stepsOf(definition, ['setup']),
    files,
    env,
    settings.setup,
    (await readText(path.join(root, INCLUDE_FILE))) ?? null,
    node === undefined ? null : await realPathOf(node),
  ];
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}

/** A spare in the place of a session, as far as that is known of one. */
export function sparePlace(repo: Repo, { name, tree, admin }: Spare, base: string): Place {
  const { deps, root, commonDir, git } = repo;
  const facts = {
    id: name,
    branch: base,
    base,
    task: null,
    path: tree,
    main: root,
    user: userOf(deps.env),
    createdAt: deps.clock.now().toISOString(),
    ports: {},
    taskFile: undefined,
  };
  return { facts, deps, commonDir, mainGit: git, git: gitAtWorktree(repo, tree), adminDirectory: admin };
}

/** Rules of the files that a session gets, those of git's hooks too. */
export async function fileRules(place: Place, { files }: Pick<Definition, 'files'>): Promise<readonly FileRule[]> {
  const { facts, commonDir, mainGit, deps } = place;
  return [...files, ...(await findHookRules({ main: facts.main, commonDir, mainGit, env: deps.env }))];
}

const MAX_FILES = 2000;

/**
 * What would be copied now, with a mark of each file; a folder that a build or an install makes again counts as one. Undefined when
 * it is too much to be looked at before every create.
 */
export async function markSources(
  place: Place,
  rules: readonly FileRule[],
): Promise<Readonly<Record<string, string>> | undefined> {
  const { copies, links } = await gatherMatches(place, rules);
  const { main } = place.facts;
  const marks: Record<string, string> = {};
  for (const name of links) marks[`link ${name}`] = 'link';
  const open = [...copies];
  for (let entry = open.pop(); entry !== undefined; entry = open.pop()) {
    const name = entry.replace(/\/$/, '');
    const isOne = (REGENERABLE as readonly string[]).includes(path.posix.basename(name));
    const stats = await lstatOf(path.join(main, name));
    if (stats?.isDirectory() === true && !isOne) {
      const inside = await listDirectory(path.join(main, name));
      open.push(...inside.map((one) => `${name}/${one.name}`));
      marks[`${name}/`] = String(inside.length);
    } else if (stats !== undefined) marks[name] = `${stats.ino} ${stats.size} ${stats.mtimeMs}`;
    if (open.length + Object.keys(marks).length > MAX_FILES) return undefined;
  }
  return marks;
}

/** What tells whether these were changed since; one that is not there has none. */
export async function marksOf(folder: string, names: readonly string[]): Promise<Readonly<Record<string, string>>> {
  const marks = await mapLimit(names, 32, (name) => fileMark(path.join(folder, name.replace(/\/$/, ''))));
  return Object.fromEntries(names.map((name, i) => [name, marks[i] ?? '']));
}

/** Pure. */
export function areSame(a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): boolean {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name]);
}
