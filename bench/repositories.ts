import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { runNow } from './processes.ts';
import { worktreesBelow, type Room } from './room.ts';

export interface Shape {
  readonly files: number;
  /** Commits after the first one, three files each. Default none. */
  readonly commits?: number;
}

/** A repository with its history in one pack and its files checked out. The same for the same shape. */
export function makeRepository(room: Room, name: string, shape: Shape): string {
  const root = room.folder(name);
  room.git(root, 'init', '--quiet', '--initial-branch', 'main');
  runNow({ ...room.call(root, 'git', 'fast-import', '--quiet', '--done'), input: historyOf(shape) });
  room.git(root, 'repack', '-adq');
  room.git(root, 'reset', '--quiet', '--hard');
  return root;
}

/** The stream of `git fast-import` (its manual, INPUT FORMAT). Pure. */
export function historyOf({ files, commits = 0 }: Shape): string {
  const random = randomFrom(7);
  const first = Array.from({ length: files }, (_, i) => fileCommand(nameOf(i), textOf(i)));
  const parts = [commitCommand(0, 'first'), ...first];
  for (let n = 1; n <= commits; n++) {
    parts.push(commitCommand(n, `change ${n}`));
    for (let k = 0; k < 3; k++) {
      const i = random(files);
      parts.push(fileCommand(nameOf(i), `// changed in ${n}\n${textOf(i)}`));
    }
  }
  return `${parts.join('')}done\n`;
}

export function nameOf(i: number): string {
  return `packages/p${i % 40}/src/part-${i % 200}/file-${i}.js`;
}

function textOf(i: number): string {
  return Array.from({ length: 24 }, (_, line) => `export const value${line} = ${i * line};\n`).join('');
}

function commitCommand(n: number, message: string): string {
  return `commit refs/heads/main\ncommitter Bench <bench@example.org> ${1_700_000_000 + n * 60} +0000\n${dataCommand(message)}`;
}

function fileCommand(name: string, text: string): string {
  return `M 100644 inline ${name}\n${dataCommand(text)}`;
}

function dataCommand(text: string): string {
  return `data ${Buffer.byteLength(text)}\n${text}\n`;
}

/** The same numbers for the same seed (Park and Miller's minimal standard). */
export function randomFrom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => (state = (state * 16_807) % 2_147_483_647) % below;
}

/** Changes the first line of a tracked file. */
export function edit(tree: string, name: string, by: string): void {
  const text = readFileSync(path.join(tree, name), 'utf8');
  writeFileSync(path.join(tree, name), text.replace('\n', `\n// changed by ${by}\n`));
}

/** Sessions with a commit each of two files, made a few at a time. */
export async function makeSessions(room: Room, root: string, ids: readonly string[], atOnce = 3): Promise<void> {
  await room.runAll(
    ids.map((id) => room.wtCall(root, 'create', id, '--quiet', '--no-setup')),
    atOnce,
  );
}

/** Something small in a session to land. */
export function workIn(room: Room, root: string, id: string, files: readonly string[]): void {
  const tree = path.join(root, '.worktrees', id);
  for (const name of files) edit(tree, name, id);
  room.git(tree, 'commit', '--quiet', '--all', '--message', `work of ${id}`);
}

/**
 * Sessions as they are after days of work: cut 0 to 99 commits behind the base, eight files changed in each, two of them where
 * others work too; every fifth has uncommitted work.
 */
export async function makeBusyRepository(room: Room, name: string, sessions: number): Promise<string> {
  const FILES = 5000;
  const root = makeRepository(room, name, { files: FILES, commits: 2000 });
  const tip = room.git(root, 'rev-parse', 'HEAD').trim();
  const ids = Array.from({ length: sessions }, (_, i) => `s${i}`);
  const BATCH = 5;
  for (let at = 0; at < sessions; at += BATCH) {
    const behind = Math.round((99 * (sessions - at - BATCH)) / Math.max(1, sessions - BATCH));
    room.git(root, 'reset', '--quiet', '--hard', `${tip}~${Math.max(0, behind)}`);
    await makeSessions(room, root, ids.slice(at, at + BATCH));
  }
  room.git(root, 'reset', '--quiet', '--hard', tip);
  const random = randomFrom(11);
  const hot = Array.from({ length: 20 }, () => nameOf(random(FILES)));
  const pick = (list: readonly string[]): string => list[random(list.length)] ?? nameOf(0);
  for (const [i, id] of ids.entries()) {
    workIn(room, root, id, [pick(hot), pick(hot), ...Array.from({ length: 6 }, () => nameOf(random(FILES)))]);
    if (i % 5 !== 0) continue;
    const tree = path.join(root, '.worktrees', id);
    edit(tree, pick(hot), `${id}, uncommitted`);
    appendFileSync(path.join(tree, 'notes.txt'), `untracked of ${id}\n`);
  }
  await heal(room, root);
  return root;
}

/**
 * Rewrites every index a second after its files: git compares whole seconds, and reads all contents of a worktree whose index is
 * as old as they are, each time it is asked.
 */
export async function heal(room: Room, root: string): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 1100));
  const trees = [root, ...worktreesBelow(root)];
  await room.runAll(
    trees
      .map((tree) => room.call(tree, 'git', 'update-index', '-q', '--refresh'))
      .map((call) => ({ ...call, expect: [0, 1] })),
    2,
  );
}

/** Ignored files as an install leaves them: many packages with small files. */
export function makeIgnored(root: string, count: number): void {
  for (let i = 0; i < count; i++) {
    const folder = path.join(root, 'node_modules', `package-${i % 800}`, i % 3 === 0 ? 'lib/deep' : 'lib');
    if (i < 2400) mkdirSync(folder, { recursive: true });
    writeFileSync(path.join(folder, `file-${i}.js`), 'x'.repeat(200 + ((i * 37) % 3000)));
  }
}
