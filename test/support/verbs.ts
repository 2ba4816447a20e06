import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Work } from './kill.ts';
import { makeRoom, type Room } from './room.ts';
import { SPARES_FLAG } from '#src/platform/node.ts';
import { runWt } from './spawn.ts';

const run = promisify(execFile);

/** One command that changes something, in a small repository that is ready for it. */
export interface Verb {
  readonly title: string;
  readonly argv: readonly string[];
  prepare(place: Place): Promise<Partial<Work>>;
  /** Commands that stop at a state this one passes through: a person finds that state whole. */
  readonly milestones?: readonly (readonly string[])[];
  /** It does several things one after the other, each whole in itself. */
  readonly isMany?: boolean;
  /** Running it again would take it back: only when it had done nothing. */
  readonly isToggle?: boolean;
}

export interface Place {
  readonly room: Room;
  readonly root: string;
}

/** A place that can be put back to how it was. */
export interface Scene extends Place, Work {
  reset(): Promise<void>;
}

const FILES = { 'README.md': 'hello\n', 'src/a.txt': 'a\n', 'src/b.txt': 'b\n', '.gitignore': '.env\ncache/\n' };

export async function makeScene(verb: Verb): Promise<Scene> {
  const room = await makeRoom();
  const root = await room.repo('app', FILES);
  const { contents = [], commits = [] } = await verb.prepare({ room, root });
  const pristine = path.join(room.dir, 'pristine');
  await run('cp', ['-a', root, pristine]);
  const reset = async (): Promise<void> => {
    await run('sh', ['-c', 'rm -rf "$1" && cp -a "$2" "$1"', 'sh', root, pristine]);
  };
  return { room, root, contents, commits: [await room.git(root, 'rev-parse', 'main'), ...commits], reset };
}

async function wt({ room, root }: Place, ...argv: string[]): Promise<void> {
  const { code, stderr } = await runWt(room, root, argv);
  if (code !== 0) throw new Error(`wt ${argv.join(' ')} exits with ${code}: ${stderr}`);
}

const at = ({ root }: Place, id = 'x'): string => path.join(root, '.worktrees', id);

async function commitIn({ room }: Place, folder: string, message: string): Promise<string> {
  await room.git(folder, 'add', '-A');
  await room.git(folder, 'commit', '-qm', message);
  return room.git(folder, 'rev-parse', 'HEAD');
}

/** Staged, staged and edited, modified, deleted and untracked work. */
async function makeDirty({ room }: Place, folder: string): Promise<readonly string[]> {
  await room.write(folder, { 'staged.txt': 'staged only\n' });
  await room.git(folder, 'add', 'staged.txt');
  const edits = {
    'staged.txt': 'edited after it was staged\n',
    'src/a.txt': 'modified\n',
    'new/deep.txt': 'untracked\n',
  };
  await room.write(folder, edits);
  await rm(path.join(folder, 'src/b.txt'));
  return ['staged only\n', ...Object.values(edits)];
}

/** A session with commits of its own and uncommitted work of every kind. */
async function makeBusySession(place: Place): Promise<Work> {
  await wt(place, 'create', 'x');
  await place.room.write(at(place), { 'unlanded.txt': 'committed, not landed\n' });
  const tip = await commitIn(place, at(place), 'unlanded');
  const contents = await makeDirty(place, at(place));
  await place.room.write(at(place), { '.env': 'SECRET=ignored\n' });
  return { contents: ['committed, not landed\n', 'SECRET=ignored\n', ...contents], commits: [tip] };
}

/** A session ready to land on a main that has gone on and holds unrelated uncommitted work. */
async function makeLandable(place: Place): Promise<Work> {
  const { room, root } = place;
  await wt(place, 'create', 'x', '--task', 'Land it');
  const edits = { 'src/a.txt': 'a, changed in the session\n', 'src/deep/new.txt': 'new in the session\n' };
  await room.write(at(place), edits);
  await rm(path.join(at(place), 'src/b.txt'));
  const tip = await commitIn(place, at(place), 'work');
  await room.write(root, { 'main.txt': 'meanwhile in main\n' });
  const base = await commitIn(place, root, 'meanwhile');
  const dirt = { 'README.md': 'hello, edited and not committed\n', 'draft.txt': 'draft in main\n' };
  await room.write(root, dirt);
  return { contents: [...Object.values(edits), ...Object.values(dirt)], commits: [tip, base] };
}

/** A session with commits of its own whose base has gone on, in other files: one new, one changed, one gone. */
async function makeBehind(place: Place): Promise<Work> {
  const { room, root } = place;
  await room.write(root, { 'src/c.txt': 'c\n', 'src/d.txt': 'd\n' });
  await commitIn(place, root, 'more files');
  await wt(place, 'create', 'x');
  const edits = { 'own.txt': 'committed in the session\n', 'src/deep/new.txt': 'new in the session\n' };
  await room.write(at(place), edits);
  const tip = await commitIn(place, at(place), 'work');
  await room.write(root, { 'src/c.txt': 'c, meanwhile in main\n', 'main.txt': 'meanwhile in main\n' });
  await rm(path.join(root, 'src/d.txt'));
  const base = await commitIn(place, root, 'meanwhile');
  return { contents: Object.values(edits), commits: [tip, base] };
}

/** The same with uncommitted work of every kind, also in a file that the base has changed elsewhere. */
async function makeDirtyBehind(place: Place): Promise<Work> {
  const { room, root } = place;
  const shared = (first: string, last: string): string => `${[first, '2', '3', '4', '5', '6', last].join('\n')}\n`;
  await room.write(root, { 'shared.txt': shared('1', '7') });
  await commitIn(place, root, 'shared');
  const { contents, commits } = await makeBehind(place);
  await room.write(root, { 'shared.txt': shared('1 in main', '7') });
  const base = await commitIn(place, root, 'shared in main');
  const dirt = await makeDirty(place, at(place));
  await room.write(at(place), { 'shared.txt': shared('1', '7 in the session') });
  return { contents: [...contents, ...dirt], commits: [...commits, base] };
}

/** A session that conflicts with its base in one file. */
async function makeConflicting(place: Place): Promise<Work> {
  const { contents, commits } = await makeBehind(place);
  const own = 'a, changed in the session\n';
  await place.room.write(at(place), { 'src/a.txt': own });
  const tip = await commitIn(place, at(place), 'change a');
  await place.room.write(place.root, { 'src/a.txt': 'a, changed in main\n' });
  const base = await commitIn(place, place.root, 'change a in main');
  return { contents: [...contents, own, 'a, changed in main\n'], commits: [...commits, tip, base] };
}

/** The same, laid out and resolved there, with a new file beside it. */
async function makeResolved(place: Place): Promise<Work> {
  const { contents, commits } = await makeConflicting(place);
  await wt(place, 'sync', 'x', '--resolve');
  const edits = { 'src/a.txt': 'a, changed on both sides\n', 'beside.txt': 'written meanwhile\n' };
  await place.room.write(at(place), edits);
  return { contents: [...contents, ...Object.values(edits)], commits };
}

async function makeAdoptable({ room, root }: Place): Promise<Work> {
  const folder = path.join(root, 'cache', 'side');
  await room.git(root, 'worktree', 'add', '-q', '-b', 'side', folder);
  await room.write(folder, { 'side.txt': 'by hand\n' });
  const tip = await commitIn({ room, root }, folder, 'side');
  return { contents: await makeDirty({ room, root }, folder), commits: [tip] };
}

/** Prepared, and then done: the undo of a verb has this before it. */
function undoOf(verb: Verb): Verb {
  const prepare: Verb['prepare'] = async (place) => {
    const work = await verb.prepare(place);
    await wt(place, ...verb.argv);
    return work;
  };
  return { title: `undo of ${verb.title}`, argv: ['undo'], prepare, isToggle: true };
}

const create: Verb = {
  title: 'create',
  argv: ['create', 'x', '--task', 'Do it'],
  async prepare(place) {
    await wt(place, 'create', 'other');
    await place.room.write(at(place, 'other'), { 'notes.txt': 'in the other session\n' });
    await place.room.write(place.root, { 'draft.txt': 'draft in main\n' });
    return { contents: ['in the other session\n', 'draft in main\n'] };
  },
};

const createNamed: Verb = {
  title: 'create (folder and branch by template)',
  argv: create.argv,
  async prepare(place) {
    const work = await create.prepare(place);
    const config = '{ "branch": "feature/session-{id}", "path": ".worktrees/session-{id}" }';
    await place.room.write(place.root, { 'wt.config.jsonc': config });
    return { ...work, contents: [...(work.contents ?? []), config] };
  },
};

const createFromChanges: Verb = {
  title: 'create --from-changes',
  argv: ['create', 'x', '--from-changes'],
  prepare: async (place) => ({ contents: await makeDirty(place, place.root) }),
  isMany: true,
};

/** Two spares, of which one is wanted: none is made in the background. */
async function makeSpares({ room, root }: Place): Promise<void> {
  const { code, stderr } = await runWt(room, root, [SPARES_FLAG], { env: { WT_POOL_SIZE: '2' } });
  if (code !== 0 || !stderr.includes('2 spares made')) throw new Error(`no spares: ${stderr}`);
  await room.write(root, { 'wt.config.jsonc': '{ "pool": { "size": 1 } }' });
}

const createSpare: Verb = {
  title: 'create (spare)',
  argv: create.argv,
  async prepare(place) {
    const work = await create.prepare(place);
    await makeSpares(place);
    return work;
  },
};

const createMovedSpare: Verb = {
  title: 'create (spare, base moved)',
  argv: create.argv,
  async prepare(place) {
    const { room, root } = place;
    await wt(place, 'create', 'other');
    await makeSpares(place);
    await room.write(root, { 'src/a.txt': 'a, meanwhile in main\n', 'src/new/deep.txt': 'new in main\n' });
    await rm(path.join(root, 'src/b.txt'));
    return { commits: [await commitIn(place, root, 'meanwhile')], contents: ['a, meanwhile in main\n'] };
  },
};

const createOnBranch: Verb = {
  title: 'create --branch (existing)',
  argv: ['create', 'x', '--branch', 'feature'],
  async prepare(place) {
    const { room, root } = place;
    await room.git(root, 'switch', '-q', '-c', 'feature');
    await room.write(root, { 'feature.txt': 'on the branch\n' });
    const tip = await commitIn(place, root, 'feature');
    await room.git(root, 'switch', '-q', 'main');
    return { contents: ['on the branch\n'], commits: [tip] };
  },
};

const commit: Verb = {
  title: 'commit',
  argv: ['commit', 'x', '-m', 'work'],
  async prepare(place) {
    await wt(place, 'create', 'x');
    return { contents: await makeDirty(place, at(place)) };
  },
};

const merge: Verb = { title: 'merge (base checked out)', argv: ['merge', 'x', '--yes'], prepare: makeLandable };

const mergeElsewhere: Verb = {
  title: 'merge (base not checked out)',
  argv: ['merge', 'x', '--yes'],
  async prepare(place) {
    const work = await makeLandable(place);
    await place.room.git(place.root, 'switch', '-q', '-c', 'elsewhere');
    return work;
  },
};

const mergeRemove: Verb = {
  title: 'merge --remove',
  argv: ['merge', 'x', '--yes', '--remove'],
  prepare: makeLandable,
  milestones: [['merge', 'x', '--yes']],
};

const mergeGated: Verb = {
  title: 'merge --gate',
  argv: ['merge', 'x', '--yes', '--quiet', '--gate', 'test -f src/deep/new.txt'],
  prepare: makeLandable,
};

const mergeTrain: Verb = {
  title: 'merge of a train',
  argv: ['merge', 'x', 'y', '--yes'],
  async prepare(place) {
    const { contents, commits } = await makeLandable(place);
    await wt(place, 'create', 'y');
    await place.room.write(at(place, 'y'), { 'y.txt': 'work of y\n' });
    return {
      contents: [...contents, 'work of y\n'],
      commits: [...commits, await commitIn(place, at(place, 'y'), 'y')],
    };
  },
  milestones: [['merge', 'x', '--yes']],
};

const remove: Verb = { title: 'remove --force', argv: ['remove', 'x', '--force'], prepare: makeBusySession };

const clean: Verb = {
  title: 'clean',
  argv: ['clean'],
  async prepare(place) {
    const { room, root } = place;
    for (const id of ['old', 'x', 'y']) await wt(place, 'create', id);
    await wt(place, 'remove', 'old');
    await makeOld(place);
    const tips: string[] = [];
    for (const id of ['x', 'y']) {
      await room.write(at(place, id), { [`${id}.txt`]: `work of ${id}\n`, '.env': `secret of ${id}\n` });
      tips.push(await commitIn(place, at(place, id), id));
      await room.git(root, 'merge', '-q', '--no-ff', '-m', `land ${id}`, `wt/${id}`);
    }
    return { contents: ['secret of x\n', 'secret of y\n', 'work of x\n', 'work of y\n'], commits: tips };
  },
  isMany: true,
};

/** What lies in the trash has been there longer than it is kept. */
async function makeOld({ root }: Place): Promise<void> {
  const trash = path.join(root, '.git', 'wt', 'trash');
  for (const op of await readdir(trash)) {
    const file = path.join(trash, op, 'meta.json');
    const meta = JSON.parse(await readFile(file, 'utf8')) as { at: string };
    await writeFile(file, JSON.stringify({ ...meta, at: '2020-01-01T00:00:00.000Z' }));
  }
}

const adopt: Verb = { title: 'adopt', argv: ['adopt', 'cache/side', '--as', 'x'], prepare: makeAdoptable };

const restore: Verb = {
  title: 'restore',
  argv: ['restore', 'x'],
  async prepare(place) {
    const work = await makeBusySession(place);
    await wt(place, 'remove', 'x', '--force');
    return work;
  },
};

const approve: Verb = {
  title: 'approve',
  argv: ['approve', 'x', '--yes'],
  async prepare(place) {
    await wt(place, 'create', 'x');
    await place.room.write(at(place), { 'work.txt': 'to be approved\n' });
    const tip = await commitIn(place, at(place), 'work');
    await wt(place, 'done', 'x');
    return { contents: ['to be approved\n'], commits: [tip] };
  },
};

const SETTINGS = '{\n  "version": 1,\n  "mine": true\n}\n';

const hooksInstall: Verb = {
  title: 'hooks install',
  argv: ['hooks', 'install', 'cursor-agent', 'x'],
  async prepare(place) {
    const work = await makeBusySession(place);
    await place.room.write(at(place), { '.cursor/hooks.json': SETTINGS });
    await place.room.write(place.root, { '.git/info/exclude': '/.worktrees/\n/.cursor/\n' });
    return work;
  },
  isMany: true,
};

const hooksRemove: Verb = {
  title: 'hooks remove',
  argv: ['hooks', 'remove', 'cursor-agent', 'x'],
  async prepare(place) {
    const { contents = [], commits = [] } = await hooksInstall.prepare(place);
    await wt(place, ...hooksInstall.argv);
    return { contents, commits };
  },
  isMany: true,
};

const sync: Verb = { title: 'sync', argv: ['sync', 'x'], prepare: makeBehind };

const syncDirty: Verb = {
  title: 'sync --include-dirty',
  argv: ['sync', 'x', '--include-dirty'],
  prepare: makeDirtyBehind,
};

const syncResolve: Verb = { title: 'sync --resolve', argv: ['sync', 'x', '--resolve'], prepare: makeConflicting };

const syncContinue: Verb = {
  title: 'sync --continue',
  argv: ['sync', 'x', '--continue'],
  async prepare(place) {
    const work = await makeResolved(place);
    await rm(path.join(at(place), 'beside.txt'));
    return { ...work, contents: work.contents.filter((content) => content !== 'written meanwhile\n') };
  },
  milestones: [['exec', 'x', '--', 'git', 'add', '-A']],
  isToggle: true,
};

const syncAbort: Verb = {
  title: 'sync --abort',
  argv: ['sync', 'x', '--abort'],
  prepare: makeResolved,
  isToggle: true,
};

export const VERBS: readonly Verb[] = [
  approve,
  create,
  createNamed,
  createSpare,
  createMovedSpare,
  createFromChanges,
  createOnBranch,
  commit,
  merge,
  mergeElsewhere,
  mergeRemove,
  mergeGated,
  mergeTrain,
  hooksInstall,
  hooksRemove,
  sync,
  syncDirty,
  syncResolve,
  syncContinue,
  syncAbort,
  remove,
  clean,
  adopt,
  restore,
  undoOf(create),
  undoOf(createNamed),
  undoOf(createSpare),
  { ...undoOf(createFromChanges), isMany: true },
  undoOf(commit),
  undoOf(merge),
  undoOf(sync),
  undoOf(syncDirty),
  undoOf(syncResolve),
  undoOf(syncContinue),
  undoOf(remove),
  undoOf(adopt),
];
