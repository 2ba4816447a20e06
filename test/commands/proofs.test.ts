import { chmod } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { doctor } from '../support/health.ts';
import { makeBench, type Bench } from '../support/wt.ts';

const LINES = Array.from({ length: 20 }, (_, i) => `line ${i}`);
const list = (changes: Readonly<Record<number, string>> = {}): string =>
  `${LINES.map((line, i) => changes[i] ?? line).join('\n')}\n`;

/** Session `a` with two commits, main one unrelated commit further. */
async function makeWorked(): Promise<Bench> {
  const bench = await makeBench({ 'list.txt': list(), 'other.txt': 'x\n', 'bin.dat': 'a\0b' });
  await bench.wt('create', 'a');
  await bench.work('a', { 'list.txt': list({ 2: 'TWO' }) }, 'two');
  await bench.work('a', { 'list.txt': list({ 2: 'TWO', 15: 'FIFTEEN' }), 'new.txt': 'new\n' }, 'fifteen');
  await commit(bench, { 'other.txt': 'y\n' });
  return bench;
}

async function commit({ write, git }: Bench, files: Record<string, string>, message = 'on main'): Promise<void> {
  await write(files);
  await git('add', '-A');
  await git('commit', '-qm', message);
}

/** The proof of session `a` as each command gives it; null for none. */
async function askAll(bench: Bench): Promise<Readonly<Record<string, string | null>>> {
  interface Viewed {
    readonly id: string;
    readonly status: string;
    readonly proof?: string;
  }
  const { sessions } = await bench.data<{ sessions: readonly Viewed[] }>('list', '--all');
  const { sessions: withConflicts } = await bench.data<{ sessions: readonly Viewed[] }>('list', '--all', '--conflicts');
  const { session } = await bench.data<{ session: Viewed }>('show', 'a');
  const removal = await bench.wt('--json', 'remove', 'a', '--dry-run');
  const removed = JSON.parse(removal.raw) as { ok: boolean; data?: { removed: readonly { proof: string | null }[] } };
  const { removed: cleaned } = await bench.data<{ removed: readonly { proof: string | null }[] }>('clean', '--dry-run');
  const { findings } = await doctor(bench);
  const found = findings.find(({ check }) => check === 'session.landed');
  const landed = (view: Viewed | undefined): string | null => {
    expect(view?.status === 'landed').toBe(view?.proof !== undefined);
    return view?.proof ?? null;
  };
  return {
    list: landed(sessions[0]),
    'list --conflicts': landed(withConflicts[0]),
    show: landed(session),
    remove: removed.ok ? (removed.data?.removed[0]?.proof ?? null) : null,
    clean: cleaned[0]?.proof ?? null,
    doctor: found === undefined ? null : (/\(([a-z-]+)\)$/.exec(found.message)?.[1] ?? 'unread'),
  };
}

function everywhere(proof: string | null): Readonly<Record<string, string | null>> {
  return {
    list: proof,
    'list --conflicts': proof,
    show: proof,
    remove: proof,
    clean: proof,
    doctor: proof,
  };
}

type Land = (bench: Bench) => Promise<unknown>;
const squash: Land = async ({ git }) => {
  await git('merge', '--quiet', '--squash', 'wt/a');
  await git('commit', '-qm', 'squashed');
};
const rebase: Land = async ({ git }) => {
  await git('branch', 'copy', 'wt/a');
  await git('rebase', '--quiet', 'main', 'copy');
  await git('checkout', '--quiet', 'main');
  await git('merge', '--quiet', '--ff-only', 'copy');
  await git('branch', '-qD', 'copy');
};
const pick: Land = ({ git }) => git('cherry-pick', 'wt/a~1', 'wt/a');
/** The lines of the session are written over, so that merging it now conflicts. */
const overtake: Land = (bench) =>
  commit(bench, { 'list.txt': list({ 2: 'zwei', 15: 'fünfzehn' }), 'new.txt': 'later\n' });

test.for<readonly [string, Land, string]>([
  ['squash-merged', squash, 'merge-adds-nothing'],
  ['rebased', rebase, 'merge-adds-nothing'],
  ['cherry-picked, each commit,', pick, 'merge-adds-nothing'],
])(
  'a branch that was %s has landed to every command, also when main has edited it afterwards',
  async ([, land, proof]) => {
    const bench = await makeWorked();
    await land(bench);
    expect(await askAll(bench)).toEqual(everywhere(proof));
    await overtake(bench);
    expect(await askAll(bench)).toEqual(everywhere(proof));
    expect((await bench.wt('list')).stdout).not.toContain('wt/a');
  },
);

test('commits picked one by one, each overtaken at once, have landed by their patches to every command', async () => {
  const bench = await makeWorked();
  await bench.git('cherry-pick', 'wt/a~1');
  await commit(bench, { 'list.txt': list({ 2: 'zwei' }) });
  await bench.git('cherry-pick', 'wt/a');
  expect(await askAll(bench)).toEqual(everywhere('patch-id'));
});

test('a squash between lines that main had changed close by has landed to every command', async () => {
  const bench = await makeWorked();
  await commit(bench, { 'list.txt': list({ 5: 'five' }) });
  await squash(bench);
  await overtake(bench);
  expect(await askAll(bench)).toEqual(everywhere('merge-adds-nothing'));
});

test('what main took over into a file that it had renamed before is found where only the new name was touched', async () => {
  const bench = await makeBench({ 'list.txt': list(), 'other.txt': 'x\n' });
  await bench.wt('create', 'a');
  await bench.work('a', { 'list.txt': list({ 2: 'TWO' }) }, 'two');
  await bench.git('mv', 'list.txt', 'renamed.txt');
  await bench.git('commit', '-qm', 'rename');
  await commit(bench, { 'renamed.txt': list({ 2: 'TWO' }) });
  await commit(bench, { 'renamed.txt': list({ 2: 'zwei' }) });
  const { sessions } = await bench.data<{ sessions: readonly unknown[] }>('list', '--all');
  expect(sessions).toMatchObject([{ status: 'landed', proof: 'merge-adds-nothing' }]);
});

const near: readonly (readonly [string, Land])[] = [
  [
    'one line more',
    async (bench) => {
      await squash(bench);
      await bench.work('a', { 'list.txt': list({ 2: 'TWO', 15: 'FIFTEEN', 19: 'one more' }) }, 'one more');
    },
  ],
  [
    'one file more',
    async (bench) => {
      await squash(bench);
      await bench.work('a', { 'more.txt': 'more\n' }, 'one more');
    },
  ],
  [
    'a file that may be run, and nothing else,',
    async (bench) => {
      await squash(bench);
      await chmod(path.join(bench.at('a'), 'new.txt'), 0o755);
      await bench.room.git(bench.at('a'), 'commit', '-qam', 'may be run');
    },
  ],
  [
    'other whitespace',
    async (bench) => {
      await bench.git('merge', '--quiet', '--squash', 'wt/a');
      await commit(bench, { 'list.txt': list({ 2: '  TWO', 15: 'FIFTEEN' }) }, 'squashed, indented');
    },
  ],
  [
    'other bytes in a binary file',
    async (bench) => {
      await bench.work('a', { 'bin.dat': 'a\0c' }, 'binary');
      await bench.git('merge', '--quiet', '--squash', 'wt/a');
      await commit(bench, { 'bin.dat': 'a\0d' }, 'squashed');
    },
  ],
  [
    'a merge of main that was finished by hand',
    async (bench) => {
      await pick(bench);
      const room = { cwd: bench.at('a') };
      await bench.room.git(room.cwd, 'merge', '--quiet', '--no-commit', 'main');
      await bench.room.write(room.cwd, { 'by-hand.txt': 'only in the merge\n' });
      await bench.room.git(room.cwd, 'add', '-A');
      await bench.room.git(room.cwd, 'commit', '-qm', 'merged by hand');
    },
  ],
];

test.for(near)('a branch that has %s has not landed, to any command', async ([, make]) => {
  const bench = await makeWorked();
  await make(bench);
  expect(await askAll(bench)).toEqual(everywhere(null));
  await overtake(bench);
  expect(await askAll(bench)).toEqual(everywhere(null));
});

test('taking back what was merged is work of its own, though main had been without it before', async () => {
  const bench = await makeBench({ 'list.txt': list(), 'other.txt': 'x\n' });
  await bench.wt('create', 'a');
  await bench.work('a', { 'list.txt': list({ 2: 'TWO' }) }, 'two');
  await squash(bench);
  await bench.git('merge', '--quiet', '--no-ff', '--no-edit', 'wt/a');
  expect(await askAll(bench)).toEqual(everywhere('ancestor'));
  await bench.room.git(bench.at('a'), 'revert', '--no-edit', 'HEAD');
  expect(await askAll(bench)).toEqual(everywhere(null));
});

test('uncommitted and untracked work keep a session that has landed from being proven, to any command', async () => {
  const bench = await makeWorked();
  await squash(bench);
  expect(await askAll(bench)).toEqual(everywhere('merge-adds-nothing'));
  await bench.room.write(bench.at('a'), { 'untracked.txt': 'x\n' });
  expect(await askAll(bench)).toEqual(everywhere(null));
});

test('a session without commits is new to every command, and removable', async () => {
  const bench = await makeBench();
  await bench.wt('create', 'a');
  await commit(bench, { 'main.txt': 'x\n' });
  const { sessions } = await bench.data<{ sessions: readonly { status: string }[] }>('list');
  expect(sessions).toMatchObject([{ status: 'new', proof: 'empty' }]);
  expect((await bench.data<{ removed: readonly unknown[] }>('clean', '--dry-run')).removed).toEqual([]);
  expect((await bench.data('remove', 'a', '--dry-run'))['removed']).toMatchObject([{ proof: 'empty' }]);
  expect((await doctor(bench)).findings.filter(({ check }) => check === 'session.landed')).toEqual([]);
});

/** `origin`, with what main has, and a clone of it by somebody else. */
async function makeForge(bench: Bench): Promise<string> {
  const remote = `${bench.room.dir}/remote.git`;
  const elsewhere = `${bench.room.dir}/elsewhere`;
  await bench.git('clone', '--quiet', '--bare', bench.root, remote);
  await bench.git('remote', 'add', 'origin', remote);
  await bench.git('fetch', '--quiet', 'origin');
  await bench.git('branch', '--quiet', '--set-upstream-to=origin/main', 'main');
  await bench.git('clone', '--quiet', remote, elsewhere);
  return elsewhere;
}

test.for<readonly [string, readonly string[], string]>([
  ['merged', ['merge', '--quiet', '--no-ff', '--no-edit', 'origin/wt/a'], 'ancestor'],
  ['squashed', ['merge', '--quiet', '--squash', 'origin/wt/a'], 'merge-adds-nothing'],
  ['picked', ['cherry-pick', 'origin/wt/a~1', 'origin/wt/a'], 'merge-adds-nothing'],
])(
  'what was %s on the upstream alone has landed to every command, and is said to be there',
  async ([how, land, proof]) => {
    const bench = await makeWorked();
    const elsewhere = await makeForge(bench);
    expect(await askAll(bench)).toEqual(everywhere(null));
    await bench.room.git(elsewhere, ...land);
    if (how === 'squashed') await bench.room.git(elsewhere, 'commit', '-qm', 'squashed on the forge');
    await bench.room.git(elsewhere, 'push', '--quiet', 'origin', 'HEAD:main');
    await bench.git('fetch', '--quiet', 'origin');
    expect(await askAll(bench)).toEqual(everywhere(proof));
    expect((await bench.wt('show', 'a')).stdout).toMatch(
      /status {4}landed {2}origin\/main has its (?:commits|changes as <short>)\n/,
    );
    expect((await bench.wt('list', '--all', { columns: 160 })).stdout).toContain('origin/main has its');
  },
);

test('a session that only follows the upstream has no work of its own', async () => {
  const bench = await makeBench();
  await bench.wt('create', 'a');
  const elsewhere = await makeForge(bench);
  await bench.room.write(elsewhere, { 'forge.txt': 'x\n' });
  await bench.room.git(elsewhere, 'add', '-A');
  await bench.room.git(elsewhere, 'commit', '-qm', 'on the forge');
  await bench.room.git(elsewhere, 'push', '--quiet', 'origin', 'HEAD:main');
  await bench.git('fetch', '--quiet', 'origin');
  await bench.room.git(bench.at('a'), 'merge', '--quiet', '--ff-only', 'origin/main');
  const { sessions } = await bench.data<{ sessions: readonly { status: string }[] }>('list');
  expect(sessions).toMatchObject([{ status: 'new', proof: 'empty' }]);
});

test('a cache that is torn, foreign or full of lies about other commits changes no answer', async () => {
  const bench = await makeWorked();
  await squash(bench);
  await overtake(bench);
  const file = '.git/wt/cache/proofs/answers.jsonl';
  for (const text of ['{', '["', 'null\n[1,2]\n', '\0\0', '["x y",{"proof":"ancestor"}]\n']) {
    await bench.write({ [file]: text });
    expect((await bench.data<{ sessions: readonly unknown[] }>('list', '--all')).sessions).toMatchObject([
      { proof: 'merge-adds-nothing' },
    ]);
  }
});
