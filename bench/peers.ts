import { spawnSync } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import path from 'node:path';
import type { Side } from './case.ts';
import { runNow } from './processes.ts';
import { PROGRAM, type Room } from './room.ts';

/** What several programs of the kind can do. */
type Verb = 'version' | 'create' | 'list' | 'remove';

/** A program of the kind: how it is called, and what a person types for what wt does. */
interface Peer {
  readonly name: string;
  /** Names it may have on PATH. */
  readonly files: readonly string[];
  /** Words that only it understands: something else may have its name. */
  readonly proof: readonly string[];
  readonly words: Readonly<Partial<Record<Verb, (id: string) => readonly string[]>>>;
}

const PEERS: readonly Peer[] = [
  {
    name: 'worktrunk',
    files: ['git-wt', 'wt'],
    proof: ['switch', '--help'],
    words: {
      version: () => ['--version'],
      create: (id) => ['switch', '--create', id],
      list: () => ['list'],
      remove: (id) => ['remove', '--force', id],
    },
  },
  {
    name: 'gtr',
    files: ['gtr', 'git-gtr'],
    proof: ['version'],
    words: {
      version: () => ['version'],
      create: (id) => ['new', id, '--no-fetch'],
      list: () => ['list'],
      remove: (id) => ['rm', id, '--yes', '--force'],
    },
  },
  {
    name: 'treehouse',
    files: ['treehouse'],
    proof: ['help'],
    words: {
      version: () => ['help'],
      create: (id) => ['create', id],
      list: () => ['status'],
      remove: (id) => ['remove', id],
    },
  },
  { name: 'ccmanager', files: ['ccmanager'], proof: ['--version'], words: { version: () => ['--version'] } },
  {
    name: 'gwq',
    files: ['gwq'],
    proof: ['version'],
    words: {
      version: () => ['version'],
      create: (id) => ['add', '-b', id],
      list: () => ['status', '--no-fetch'],
      remove: (id) => ['remove', '--force', id],
    },
  },
  {
    name: 'wtp',
    files: ['wtp'],
    proof: ['--version'],
    words: {
      version: () => ['--version'],
      create: (id) => ['add', '-b', id],
      list: () => ['list'],
      remove: (id) => ['remove', '--force', id],
    },
  },
  {
    name: 'phantom',
    files: ['phantom'],
    proof: ['--version'],
    words: {
      version: () => ['--version'],
      create: (id) => ['create', id],
      list: () => ['list'],
      remove: (id) => ['delete', id, '--force'],
    },
  },
];

interface FoundPeer extends Peer {
  readonly file: string;
}

/** The programs of the kind that are installed here, and the names of those that are not. */
export function findPeers(room: Room): { readonly found: readonly FoundPeer[]; readonly missing: readonly string[] } {
  const found: FoundPeer[] = [];
  const missing: string[] = [];
  for (const peer of PEERS) {
    const file = peer.files.flatMap((name) => onPath(name)).find((one) => understands(one, peer.proof, room));
    if (file === undefined) missing.push(peer.name);
    else found.push({ ...peer, file });
  }
  return { found, missing };
}

/** Every installed program that has a like command, as a side of a race. */
export function peerSides(room: Room, verb: Verb, root: string): readonly Side[] {
  return findPeers(room).found.flatMap((peer) => {
    const words = peer.words[verb];
    if (words === undefined) return [];
    const run = (round: number): void => void runNow(room.call(root, peer.file, ...words(idOf(peer, round))));
    const create = peer.words.create;
    const isRemoval = verb === 'remove';
    if (isRemoval && create === undefined) return [];
    const before = (round: number): void =>
      void runNow(room.call(root, peer.file, ...(create?.(idOf(peer, round)) ?? [])));
    return [{ name: peer.name, run, ...(isRemoval ? { before } : {}) }];
  });
}

function idOf({ name }: Peer, round: number): string {
  return `${name}-${round}`;
}

function onPath(name: string): readonly string[] {
  return (process.env['PATH'] ?? '')
    .split(path.delimiter)
    .map((folder) => path.join(folder, name))
    .filter((file) => existsSync(file) && !isOurs(file));
}

/** This very program, or another copy of it. */
function isOurs(file: string): boolean {
  const real = realpathSync(file);
  return real === PROGRAM || /wt-sessions|[\\/]bin[\\/]wt\.js$/.test(real);
}

function understands(file: string, words: readonly string[], { env, dir }: Room): boolean {
  return spawnSync(file, [...words], { env, cwd: dir, stdio: 'ignore', timeout: 10_000 }).status === 0;
}
