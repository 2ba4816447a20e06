import { readFile, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { listObjects, photograph } from '../support/invariants.ts';
import { makeBench, type Bench } from '../support/wt.ts';

interface Cleaned {
  readonly removed: readonly { id: string; proof: string | null; freedBytes: number | null; trash: string | null }[];
  readonly kept: readonly { id: string; reasons: readonly { code: string; message: string }[] }[];
  readonly pruned: readonly { id: string; reason: string }[];
}

/** `landed` has landed, `ready` has a commit that has not, `dirty` has landed and was edited since, `fresh` has none. */
async function makeMixed(): Promise<Bench> {
  const bench = await makeBench();
  for (const id of ['landed', 'ready', 'dirty', 'fresh']) await bench.wt('create', id);
  for (const id of ['landed', 'ready', 'dirty']) await bench.work(id, { [`${id}.txt`]: `${id}\n` }, `work of ${id}`);
  for (const id of ['landed', 'dirty']) await bench.wt('merge', id, '--yes');
  await bench.room.write(bench.at('dirty'), { 'new.txt': 'new\n' });
  return bench;
}

async function ids({ data }: Bench): Promise<readonly string[]> {
  const { sessions } = await data<{ sessions: { id: string }[] }>('list', '--all');
  return sessions.map(({ id }) => id).toSorted();
}

test('removes what has landed, says why each other one stays and what to do with it', async () => {
  const bench = await makeMixed();
  const { code, stdout, stderr } = await bench.wt('clean');
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const lineOf = (id: string): string => stdout.split('\n').find((line) => line.includes(`\t${id}\t`)) ?? '';
  expect(lineOf('landed')).toMatch(/removed.*ancestor/);
  expect(lineOf('ready')).toMatch(/kept.*1 commit not in main.*wt merge ready/);
  expect(lineOf('dirty')).toMatch(/kept.*1 untracked \(new\.txt\).*wt commit dirty/);
  expect(lineOf('fresh')).toMatch(/kept.*no commits yet.*wt remove fresh/);
  expect(await ids(bench)).toEqual(['dirty', 'fresh', 'ready']);
});

test('every row of the JSON says its proof or its reasons', async () => {
  const { data } = await makeMixed();
  const { removed, kept, pruned } = await data<Cleaned>('clean');
  expect(removed).toEqual([
    {
      id: 'landed',
      proof: 'ancestor',
      freedBytes: expect.any(Number),
      trash: expect.stringMatching(/^[0-9a-f-]{36}$/),
    },
  ]);
  expect(pruned).toEqual([]);
  expect(kept.toSorted((a, b) => a.id.localeCompare(b.id))).toEqual([
    { id: 'dirty', reasons: [{ code: 'session.dirty', message: expect.stringContaining('new.txt') }] },
    { id: 'fresh', reasons: [{ code: 'new', message: expect.any(String) }] },
    { id: 'ready', reasons: [expect.objectContaining({ code: 'session.unmerged' })] },
  ]);
});

test('a dry run says the same and changes nothing, not even an object', async () => {
  const bench = await makeMixed();
  const [before, objects] = [await photograph(bench), await listObjects(bench)];
  const planned = await bench.data<Cleaned>('clean', '--dry-run');
  expect(planned.removed.map(({ id, trash }) => ({ id, trash }))).toEqual([{ id: 'landed', trash: null }]);
  expect(await photograph(bench)).toEqual(before);
  expect(await listObjects(bench)).toEqual(objects);
  const done = await bench.data<Cleaned>('clean');
  expect({ removed: done.removed.map(({ id }) => id), kept: done.kept }).toEqual({
    removed: planned.removed.map(({ id }) => id),
    kept: planned.kept,
  });
});

test('what was cleaned lies in the trash with its branch pinned', async () => {
  const bench = await makeMixed();
  const tip = await bench.git('rev-parse', 'wt/landed');
  const { removed } = await bench.data<Cleaned>('clean');
  const op = removed[0]?.trash ?? '';
  expect(await readFile(path.join(bench.root, '.git/wt/trash', op, 'tree/landed.txt'), 'utf8')).toBe('landed\n');
  expect(await bench.git('rev-parse', `refs/wt/trash/landed/${op}/branch`)).toBe(tip);
});

test('--keep-branches leaves the branches where they are', async () => {
  const bench = await makeMixed();
  await bench.wt('clean', '--keep-branches');
  expect(await bench.git('branch', '--format=%(refname:short)')).toBe('main\nwt/dirty\nwt/fresh\nwt/landed\nwt/ready');
});

test('ignored files hold no session; they go along', async () => {
  const bench = await makeMixed();
  await bench.room.write(path.join(bench.root, '.git/info'), { exclude: '/.worktrees/\n.env\n' });
  await bench.room.write(bench.at('landed'), { '.env': 'SECRET=1\n' });
  const { code, stdout } = await bench.wt('clean');
  expect(code).toBe(0);
  expect(stdout).toMatch(/1 ignored file went along: .*\.env/);
  const { sessions } = await bench.data<{ sessions: { id: string }[] }>('list');
  expect(sessions.map(({ id }) => id)).not.toContain('landed');
});

test.for([
  [
    'locked',
    async (bench: Bench) => {
      await bench.git('worktree', 'unlock', bench.at('landed'));
      await bench.git('worktree', 'lock', bench.at('landed'));
    },
    'session.locked',
  ],
  [
    'in the middle of a bisect',
    (bench: Bench) => bench.room.git(bench.at('landed'), 'bisect', 'start'),
    'session.operation',
  ],
  [
    'edited behind skip-worktree',
    async (bench: Bench) => {
      await bench.room.git(bench.at('landed'), 'update-index', '--skip-worktree', 'README.md');
      await bench.room.write(bench.at('landed'), { 'README.md': 'mine\n' });
    },
    'session.dirty',
  ],
] as const)('a landed session that is %s stays', async ([, lay, code]) => {
  const bench = await makeMixed();
  await lay(bench);
  const { kept } = await bench.data<Cleaned>('clean');
  const mine = kept.find(({ id }) => id === 'landed');
  expect(mine?.reasons.map((reason) => reason.code)).toEqual([code]);
  expect((await stat(bench.at('landed'))).isDirectory()).toBe(true);
});

test('a row without worktree and branch is dropped, and said', async () => {
  const bench = await makeMixed();
  await bench.git('worktree', 'remove', '-f', '-f', bench.at('ready'));
  await bench.git('branch', '-D', 'wt/ready');
  const { pruned } = await bench.data<Cleaned>('clean');
  expect(pruned).toEqual([{ id: 'ready', reason: 'neither worktree nor branch is left' }]);
  expect(await ids(bench)).toEqual(['dirty', 'fresh']);
});

test('a session whose folder was deleted by hand is kept while its branch lives', async () => {
  const bench = await makeMixed();
  await rm(bench.at('ready'), { recursive: true });
  await rm(bench.at('landed'), { recursive: true });
  for (const argv of [['clean'], ['clean', '--all', '--yes']]) {
    const { kept } = await bench.data<Cleaned>(...argv);
    expect(kept.find(({ id }) => id === 'ready')?.reasons[0]?.code).toBe('broken');
  }
  expect(await bench.git('rev-parse', '--verify', 'refs/heads/wt/ready')).toMatch(/^[0-9a-f]{40}$/);
  expect(await bench.git('rev-parse', '--verify', 'refs/heads/wt/landed')).toMatch(/^[0-9a-f]{40}$/);
});

test('a folder that somebody else put at the place of a session is kept', async () => {
  const bench = await makeMixed();
  await rename(bench.at('landed'), path.join(bench.room.dir, 'away'));
  await bench.room.write(bench.at('landed'), { 'theirs.txt': 'theirs\n' });
  const { kept } = await bench.data<Cleaned>('clean', '--all', '--yes');
  expect(kept.find(({ id }) => id === 'landed')?.reasons[0]?.code).toBe('broken');
  expect(await readFile(path.join(bench.at('landed'), 'theirs.txt'), 'utf8')).toBe('theirs\n');
});

test('worktrees that are no sessions keep their files and their registration, also while they are away', async () => {
  const bench = await makeMixed();
  const [here, away, inside] = [
    path.join(bench.room.dir, 'here'),
    path.join(bench.room.dir, 'away'),
    bench.at('stranger'),
  ];
  for (const place of [here, away, inside]) await bench.git('worktree', 'add', '--quiet', '--detach', place);
  await rename(away, `${away}.moved`);
  const list = await bench.git('worktree', 'list', '--porcelain');
  for (const argv of [['clean'], ['clean', '--older-than', '0d'], ['clean', '--all', '--yes']]) await bench.wt(...argv);
  await rename(`${away}.moved`, away);
  const after = await bench.git('worktree', 'list', '--porcelain');
  for (const place of [here, away, inside]) {
    expect(list).toContain(`worktree ${place}\n`);
    expect(after).toContain(`worktree ${place}\n`);
    expect(await bench.room.git(place, 'status', '--porcelain')).toBe('');
  }
});

test('a session that is away for a moment keeps its registration while others are cleaned', async () => {
  const bench = await makeMixed();
  await rename(bench.at('ready'), `${bench.room.dir}/ready`);
  expect((await bench.data<Cleaned>('clean')).removed.map(({ id }) => id)).toEqual(['landed']);
  await rename(`${bench.room.dir}/ready`, bench.at('ready'));
  expect(await bench.room.git(bench.at('ready'), 'status', '--porcelain', '--branch')).toBe('## wt/ready');
});

test('--older-than lets old sessions go that never had commits, and keeps young ones', async () => {
  const bench = await makeMixed();
  const soon = await bench.data<Cleaned>('clean', '--older-than', '7d');
  expect(soon.removed).toEqual([]);
  expect(soon.kept.map(({ reasons }) => reasons[0]?.code)).toEqual(['young', 'young', 'young', 'young']);
  const later = new Date(Date.now() + 8 * 86_400_000).toISOString();
  const { removed, kept } = await bench.data<Cleaned>('clean', '--older-than', '7d', { now: later });
  expect(removed.map(({ id, proof }) => `${id}: ${proof}`).toSorted()).toEqual(['fresh: empty', 'landed: ancestor']);
  expect(kept.map(({ id }) => id).toSorted()).toEqual(['dirty', 'ready']);
});

test('--older-than takes an age', async () => {
  const { wt } = await makeMixed();
  expect((await wt('clean', '--older-than', 'soon')).code).toBe(2);
});

test('--all asks first: exit 8 without a person, and nothing is changed', async () => {
  const bench = await makeMixed();
  const before = await photograph(bench);
  const { code, raw } = await bench.wt('clean', '--all', '--json');
  const { error } = JSON.parse(raw) as { error: { code: string; details: { question: string }; fix: string[] } };
  expect({ code, error: error.code, fix: error.fix }).toEqual({
    code: 8,
    error: 'confirm.required',
    fix: ['wt', 'clean', '--all', '--yes'],
  });
  for (const id of ['ready', 'dirty', 'fresh']) expect(error.details.question).toContain(id);
  expect(await photograph(bench)).toEqual(before);
  expect((await bench.wt('clean', '--all', { answer: false, columns: 80 })).stdout).toBe('Nothing was removed.\n');
  expect(await photograph(bench)).toEqual(before);
});

test('--all takes unproven sessions into the trash once a person has said yes', async () => {
  const bench = await makeMixed();
  const tip = await bench.git('rev-parse', 'wt/ready');
  expect((await bench.wt('clean', '--all', { answer: true, columns: 80 })).code).toBe(0);
  expect(await ids(bench)).toEqual([]);
  expect(await bench.git('rev-list', '--all')).toContain(tip);
});

test('--yes alone forces nothing', async () => {
  const bench = await makeMixed();
  await bench.wt('clean', '--yes');
  expect(await ids(bench)).toEqual(['dirty', 'fresh', 'ready']);
});

test('without sessions there is nothing to clean', async () => {
  const { wt } = await makeBench();
  expect((await wt('clean')).stdout).toBe('Nothing to clean: there are no sessions.\n');
});
