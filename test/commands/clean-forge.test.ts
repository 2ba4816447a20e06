import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { fakeProgram, makeRemoted, type Remoted } from '../support/remote.ts';
import type { Stage } from '../support/wt.ts';

interface Cleaned {
  readonly removed: readonly { id: string; proof: string | null; pullRequest?: { number: number; url: string } }[];
  readonly kept: readonly { id: string; reasons: readonly { code: string }[] }[];
}

const PAGE = 'https://github.com/ada/shop/pull/12';

/** Session `a`, pushed to GitHub, merged there as something that git cannot know again, its branch deleted there. */
async function makeMerged(): Promise<Remoted & { tip: string }> {
  const bench = await makeRemoted();
  await bench.wt('push', 'a');
  await bench.git('remote', 'set-url', 'origin', 'git@github.com:ada/shop.git');
  await bench.git('update-ref', '-d', 'refs/remotes/origin/wt/a');
  return { ...bench, tip: await bench.git('rev-parse', 'wt/a') };
}

async function fakeGh(bench: Remoted, head: string, state = 'MERGED'): Promise<Stage> {
  const row = { number: 12, url: PAGE, state, headRefOid: head, mergeCommit: { oid: '1'.repeat(40) } };
  return fakeProgram(bench, 'gh', `echo "$@" >> '${bench.room.dir}/gh-calls'; echo '${JSON.stringify([row])}'\n`);
}

async function callsOf({ room }: Remoted): Promise<readonly string[]> {
  const text = await readFile(path.join(room.dir, 'gh-calls'), 'utf8').catch(() => '');
  return text.split('\n').filter(Boolean);
}

const reasonsOf = ({ removed, kept }: Cleaned): object => ({
  removed: removed.map(({ id, proof }) => [id, proof]),
  kept: kept.map(({ id, reasons }) => [id, reasons[0]?.code]),
});
const KEPT = { removed: [], kept: [['a', 'session.unmerged']] };

test('merged as a pull request with exactly this tip is a proof, and its number is said', async () => {
  const bench = await makeMerged();
  const gh = await fakeGh(bench, bench.tip);
  expect((await bench.wt('clean', '-n', gh)).stdout).toContain('pull-request: merged as pull request #12');
  expect(await bench.data<Cleaned>('clean', gh)).toMatchObject({
    removed: [{ id: 'a', proof: 'pull-request', pullRequest: { number: 12, url: PAGE } }],
    kept: [],
  });
  expect((await callsOf(bench))[0]).toBe(
    'pr list --repo=github.com/ada/shop --head=wt/a --state=merged --json=number,url,state,isDraft,headRefOid,headRepositoryOwner,mergeCommit',
  );
  expect(await bench.git('branch', '--format=%(refname:short)')).toBe('main');
  // Removed is not gone.
  await bench.data('restore', 'a');
  expect(await bench.git('rev-parse', 'wt/a')).toBe(bench.tip);
});

test('another tip than the merged one is no proof', async () => {
  const bench = await makeMerged();
  const gh = await fakeGh(bench, bench.tip);
  await bench.work('a', { 'more.txt': 'more\n' }, 'after the merge');
  expect(reasonsOf(await bench.data<Cleaned>('clean', gh))).toEqual(KEPT);
});

test('one that is open or closed is no proof', async () => {
  const bench = await makeMerged();
  for (const state of ['OPEN', 'CLOSED'])
    expect(reasonsOf(await bench.data<Cleaned>('clean', await fakeGh(bench, bench.tip, state)))).toEqual(KEPT);
});

test('uncommitted work rules it out', async () => {
  const bench = await makeMerged();
  await bench.room.write(bench.at('a'), { 'new.txt': 'new\n' });
  const cleaned = await bench.data<Cleaned>('clean', await fakeGh(bench, bench.tip));
  expect(reasonsOf(cleaned)).toEqual({ removed: [], kept: [['a', 'session.dirty']] });
});

test('work that comes while the forge is asked rules it out', async () => {
  const bench = await makeMerged();
  const gh = await fakeProgram(
    bench,
    'gh',
    `cd '${bench.at('a')}' && echo late > late.txt && git add -A && git commit -qm late
echo '${JSON.stringify([{ number: 12, url: PAGE, state: 'MERGED', headRefOid: bench.tip }])}'\n`,
  );
  expect(reasonsOf(await bench.data<Cleaned>('clean', gh))).toEqual(KEPT);
});

test('a session that was never pushed is not asked about, nor one that git proves something of, nor with --no-forge', async () => {
  const bench = await makeMerged();
  const gh = await fakeGh(bench, bench.tip);
  expect(reasonsOf(await bench.data<Cleaned>('clean', '--no-forge', gh))).toEqual(KEPT);
  await bench.wt('merge', 'a', '--yes');
  await bench.wt('create', 'b');
  await bench.work('b', { 'b.txt': 'b\n' }, 'never pushed');
  const cleaned = await bench.data<Cleaned>('clean', gh);
  expect(reasonsOf(cleaned)).toEqual({ removed: [['a', 'ancestor']], kept: [['b', 'session.unmerged']] });
  expect(await callsOf(bench)).toEqual([]);
});

test.each([
  ['is missing', 'exit 127'],
  ['is not logged in', 'exit 4'],
  ['fails', 'echo "error connecting to api.github.com" >&2; exit 1'],
  ['answers nonsense', 'echo "[{]"'],
  ['answers something else', `echo '[{"number":"12"}]'`],
  ['hangs', 'sleep 300'],
])('a gh that %s proves nothing, and is no failure', async (_, script) => {
  const bench = await makeMerged();
  const gh = await fakeProgram(bench, 'gh', `${script}\n`);
  const { code, raw } = await bench.wt('clean', '--json', { env: { ...gh.env, WT_GIT_TIMEOUT: '5' } });
  const { data } = JSON.parse(raw) as { data: Cleaned };
  expect({ code, ...reasonsOf(data) }).toEqual({ code: 0, ...KEPT });
});

test('GitLab is asked through glab', async () => {
  const bench = await makeMerged();
  await bench.git('remote', 'set-url', 'origin', 'git@gitlab.com:group/shop.git');
  const row = { iid: 3, web_url: 'https://gitlab.com/group/shop/-/merge_requests/3', state: 'merged', sha: bench.tip };
  const glab = await fakeProgram(
    bench,
    'glab',
    `echo "$@" >> '${bench.room.dir}/gh-calls'; echo '${JSON.stringify([row])}'\n`,
  );
  expect(await bench.data<Cleaned>('clean', glab)).toMatchObject({ removed: [{ proof: 'pull-request' }] });
  expect(await callsOf(bench)).toEqual([
    'mr list --repo=https://gitlab.com/group/shop --source-branch=wt/a --merged --output=json',
  ]);
});
