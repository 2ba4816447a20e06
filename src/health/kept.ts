import path from 'node:path';
import { branchOf, listRefs, type Ref } from '../git/ref.ts';
import { whyInvalidId } from '../core/names.ts';
import { listDirectory } from '../platform/files.ts';
import { PURGE } from '../sessions/expire-steps.ts';
import { idInBranch, loadNamingOrDefault } from '../sessions/naming.ts';
import type { Repo } from '../sessions/repo.ts';
import { listTrash } from '../sessions/trash.ts';
import type { Finding } from './finding.ts';
import { checkedOut } from './heads.ts';
import type { Check, Scene } from './scene.ts';

const TRASH_REFS = 'refs/wt/trash/';

/** Branches of wt's naming that no session has, and nothing in the trash. */
export const checkOrphanBranches: Check = async (scene) => {
  const { repo, book, journal } = scene;
  const naming = await loadNamingOrDefault(repo);
  const prefix = prefixOf(naming.branch);
  const [refs, trash, busy] = await Promise.all([
    listRefs(repo.git, prefix === undefined ? ['refs/heads/wt/'] : ['refs/heads/wt/', `refs/heads/${prefix}*`]),
    listTrash(repo),
    checkedOut(scene),
  ]);
  const underWay = journal.entries.flatMap((entry) => ('branch' in entry ? [entry.branch] : []));
  const known = new Set([
    ...[...book.sessions.values()].map(({ row }) => row.branch),
    ...trash.map(({ branch }) => branch.name),
    ...underWay,
  ]);
  return refs
    .filter(({ name }) => !known.has(branchOf(name)) && !busy.has(name))
    .map(({ name, subject }): Finding => {
      const branch = branchOf(name);
      const id = idInBranch(naming, branch) ?? branch.replace(/^wt\//, '');
      const isFree = whyInvalidId(id) === undefined && !hasTwin(scene, id);
      return {
        check: 'branch.orphan',
        severity: 'info',
        session: null,
        message: `branch ${branch} belongs to no session: ${subject}`,
        why: 'A session was removed and its branch kept, or wt was killed. Its commits may be nowhere else.',
        fix: isFree
          ? { kind: 'command', argv: ['wt', 'create', id, '--branch', branch], does: 'makes a session on it' }
          : {
              kind: 'command',
              argv: ['git', '-C', repo.root, 'log', '--oneline', '-10', name],
              does: 'shows what it has',
            },
      };
    });
};

/** What all branches of a template begin with, when that is more than a folder that others use too. */
function prefixOf(template: string): string | undefined {
  const [, prefix] = /^([^{}]*[^{}/])\{id\}$/.exec(template) ?? [];
  return prefix;
}

function hasTwin({ book }: Scene, id: string): boolean {
  return [...book.sessions.keys()].some((other) => other.toLowerCase() === id.toLowerCase());
}

/** Folders of the trash that tell nothing of themselves, and refs that keep something for a trash that is gone. */
export const checkTrash: Check = async ({ repo, journal }) => {
  const [folders, metas, refs] = await Promise.all([
    listDirectory(repo.layout.trash),
    listTrash(repo),
    listRefs(repo.git, [TRASH_REFS]),
  ]);
  const described = new Set([...metas.map(({ op }) => op), ...journal.entries.map(({ op }) => op)]);
  const names = folders
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith(PURGE)) // what is just being deleted
    .map(({ name }) => name);
  const unread: Finding[] = [];
  for (const name of names.filter((one) => !described.has(one))) {
    const folder = path.join(repo.layout.trash, name);
    const held = (await listDirectory(folder)).map((entry) => entry.name);
    if (held.includes('meta.json') && !held.includes('tree') && !held.includes('admin')) continue; // brought back
    unread.push({
      check: 'trash.unnamed',
      severity: 'info',
      session: null,
      message: `${folder} is no removed session; it holds ${held.length === 0 ? 'nothing' : held.join(', ')}`,
      why: 'Files were kept there when something was taken back or mended; no command lists them.',
      fix: { kind: 'command', argv: ['ls', '-la', folder], does: 'shows it; delete it when nothing in it is missed' },
    });
  }
  const present = new Set([...names, ...described]);
  return [...unread, ...lonelyPins(repo, refs, present)];
};

/** Refs that keep something of a removal whose trash is gone, one finding for each removal. */
function lonelyPins({ root }: Repo, refs: readonly Ref[], present: ReadonlySet<string>): readonly Finding[] {
  const folders = new Map<string, readonly Ref[]>();
  for (const ref of refs) {
    const folder = ref.name.split('/').slice(0, 5).join('/');
    folders.set(folder, [...(folders.get(folder) ?? []), ref]);
  }
  const left = [...folders].filter(([folder]) => !present.has(folder.split('/')[4] ?? ''));
  return left.map(([folder, pins]): Finding => {
    const [, , , id = ''] = folder.split('/');
    const commits = [...new Set(pins.map(({ commit }) => commit.slice(0, 7)))];
    return {
      check: 'trash.ref',
      severity: 'info',
      session: null,
      message: `${folder}/ keeps ${commits.join(', ')} for a removed ${id} whose trash is gone`,
      why: 'It keeps commits and index of that session from being collected. If nobody misses them it only takes room.',
      fix: {
        kind: 'command',
        argv: ['git', '-C', root, 'log', '--oneline', '-10', ...pins.map(({ name }) => name)],
        does: 'shows what is kept; "git update-ref -d <ref>" lets it go',
      },
    };
  });
}
