import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { parseRequests } from '#src/sessions/forge-program.ts';
import { failure } from '../support/listing.ts';
import { fakeProgram, makeRemoted, type Remoted } from '../support/remote.ts';
import type { Stage } from '../support/wt.ts';

const OPENED = 'https://github.com/ada/shop/pull/12';

/** A `gh` or `glab` that writes down how it is called and answers as told. */
async function fakeForge(
  bench: Remoted,
  name: 'gh' | 'glab',
  answers: { list?: string; create?: string; auth?: string; view?: string },
): Promise<Stage> {
  const log = path.join(bench.room.dir, 'forge-calls');
  const {
    list = "echo '[]'",
    create = `cat > '${log}.stdin'; echo ${OPENED}`,
    auth = 'exit 1',
    view = 'exit 0',
  } = answers;
  return fakeProgram(
    bench,
    name,
    `{ echo "$0" | sed 's,.*/,,'; for word in "$@"; do printf '%s\\n' "  $word"; done; } >> '${log}'
env | grep -E '^(GH_|GLAB_|NO_PROMPT|GIT_)' | sort > '${log}.env'
case "$1 $2" in
  *' list') ${list} ;;
  *' create') ${create} ;;
  'auth status') ${auth} ;;
  *' view') ${view} ;;
esac
`,
  );
}

async function callsOf({ room }: Remoted): Promise<readonly string[]> {
  const text = await readFile(path.join(room.dir, 'forge-calls'), 'utf8').catch(() => '');
  return text.split('\n').filter(Boolean);
}

/** Session `a`, pushed; from then on `origin` is at that address. */
async function withAddress(address: string): Promise<Remoted> {
  const bench = await makeRemoted();
  await bench.wt('push', 'a');
  await bench.git('remote', 'set-url', 'origin', address);
  return bench;
}

test('opens a draft through gh: title from the task, text with the session, and pushes nothing twice', async () => {
  const bench = await withAddress('git@github.com:ada/shop.git');
  const gh = await fakeForge(bench, 'gh', {});
  const { code, stdout, stderr } = await bench.wt('pr', 'a', gh);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toBe(`✓ Opened a draft pull request of a on main  Add the feature\n  ${OPENED}\n`);
  expect(await callsOf(bench)).toEqual([
    'gh',
    '  pr',
    '  list',
    '  --repo=github.com/ada/shop',
    '  --head=wt/a',
    '  --state=all',
    '  --json=number,url,state,isDraft,headRefOid,headRepositoryOwner,mergeCommit',
    'gh',
    '  pr',
    '  create',
    '  --repo=github.com/ada/shop',
    '  --head=wt/a',
    '  --base=main',
    '  --title=Add the feature',
    '  --body-file=-',
    '  --draft',
  ]);
  expect(await readFile(path.join(bench.room.dir, 'forge-calls.stdin'), 'utf8')).toBe('Session-Id: a\n');
  const env = await readFile(path.join(bench.room.dir, 'forge-calls.env'), 'utf8');
  expect(env).toContain('GH_PROMPT_DISABLED=1');
  const { events } = await bench.data<{ events: object[] }>('events');
  expect(events.at(-1)).toMatchObject({ event: 'session.pr.after', session: 'a', data: { url: OPENED, base: 'main' } });
});

test('answers as JSON', async () => {
  const bench = await withAddress('git@github.com:ada/shop.git');
  const gh = await fakeForge(bench, 'gh', {});
  expect(await bench.data('pr', 'a', '--ready', gh)).toEqual({
    id: 'a',
    url: OPENED,
    state: 'open',
    created: true,
    via: 'gh',
    base: 'main',
    title: 'Add the feature',
    pushed: false,
  });
  expect(await callsOf(bench)).not.toContain('  --draft');
});

test('several commits are listed in the text; --title, --body and --base are taken as they are', async () => {
  const bench = await withAddress('https://ada:secret@github.com/ada/shop.git');
  await bench.work('a', { 'b.txt': 'b\n' }, 'add b; rm -rf $HOME');
  await bench.git('update-ref', 'refs/remotes/origin/wt/a', 'wt/a');
  const gh = await fakeForge(bench, 'gh', {});
  await bench.wt('pr', 'a', gh);
  const stdin = path.join(bench.room.dir, 'forge-calls.stdin');
  expect(await readFile(stdin, 'utf8')).toBe('* add feature.txt\n* add b; rm -rf $HOME\n\nSession-Id: a\n');
  await bench.wt('pr', 'a', '--title', '--draft $(id)', '--body', '-x', '--base', 'release', gh);
  expect(await callsOf(bench)).toEqual(expect.arrayContaining(['  --title=--draft $(id)', '  --base=release']));
  expect(await readFile(stdin, 'utf8')).toBe('-x');
  expect((await callsOf(bench)).join('\n')).not.toContain('secret');
});

test('what the remote has not is pushed first', async () => {
  const bench = await makeRemoted();
  const elsewhere = 'git@github.com:ada/shop.git';
  await bench.git('config', `url.${bench.remote}.insteadOf`, elsewhere);
  await bench.git('remote', 'set-url', 'origin', elsewhere);
  const gh = await fakeForge(bench, 'gh', {});
  // Behind the rewrite lies a folder, and a folder is on no forge.
  expect(await failure(bench, 'pr', 'a', gh)).toMatchObject({ exit: 2, code: 'usage.invalid' });
  expect(await bench.tipOf('wt/a')).toBe(undefined);
  await bench.git('config', '--unset-all', `url.${bench.remote}.insteadOf`);
  const ssh = await fakeProgram(
    bench,
    'ssh',
    `for last; do :; done; eval "exec $(echo "$last" | sed "s,'.*','${bench.remote}',")"\n`,
  );
  const { code, stdout, stderr } = await bench.wt('pr', 'a', { env: { ...gh.env, ...ssh.env } });
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toMatch(/^✓ Pushed a to origin\/wt\/a {2}<short>\n✓ Opened a draft/);
  expect(await bench.tipOf('wt/a')).toBe(await bench.git('rev-parse', 'wt/a'));
});

test('one that is open is shown, not opened twice', async () => {
  const bench = await withAddress('git@github.com:ada/shop.git');
  const row = {
    number: 7,
    url: OPENED,
    state: 'OPEN',
    isDraft: true,
    headRefOid: null,
    headRepositoryOwner: { login: 'ada' },
  };
  const gh = await fakeForge(bench, 'gh', {
    list: `echo '${JSON.stringify([{ ...row, state: 'CLOSED', number: 1 }, row])}'`,
  });
  expect(await bench.data('pr', 'a', gh)).toMatchObject({ url: OPENED, state: 'draft', created: false, via: 'gh' });
  expect(await callsOf(bench)).not.toContain('  create');
  await bench.wt('pr', 'a', '--web', gh);
  expect((await callsOf(bench)).slice(-5)).toEqual([
    '  pr',
    '  view',
    '  7',
    '  --repo=github.com/ada/shop',
    '  --web',
  ]);
});

test('one that has landed counts only with this very tip', async () => {
  const bench = await withAddress('git@github.com:ada/shop.git');
  const tip = await bench.git('rev-parse', 'wt/a');
  const row = (head: string): string =>
    JSON.stringify([{ number: 7, url: OPENED, state: 'MERGED', headRefOid: head, headRepositoryOwner: null }]);
  const merged = await fakeForge(bench, 'gh', { list: `echo '${row(tip)}'` });
  expect(await bench.data('pr', 'a', merged)).toMatchObject({ state: 'merged', created: false });
  const older = await fakeForge(bench, 'gh', { list: `echo '${row('1'.repeat(40))}'` });
  expect(await bench.data('pr', 'a', older)).toMatchObject({ state: 'draft', created: true });
});

test('GitLab goes through glab, groups and all', async () => {
  const bench = await withAddress('ssh://git@gitlab.corp.example:2222/group/sub/shop.git');
  const url = 'https://gitlab.corp.example/group/sub/shop/-/merge_requests/3';
  const glab = await fakeForge(bench, 'glab', { create: `echo 'Creating…'; echo '${url}'` });
  expect(await bench.data('pr', 'a', glab)).toMatchObject({ url, state: 'draft', created: true, via: 'glab' });
  expect((await callsOf(bench)).join('\n')).toContain(
    ['', '--source-branch=wt/a', '--target-branch=main', '--title=Add the feature', '--description=Session-Id: a'].join(
      '\n  ',
    ),
  );
  expect(await callsOf(bench)).toEqual(
    expect.arrayContaining(['  --repo=https://gitlab.corp.example/group/sub/shop', '  --yes', '  --draft']),
  );
});

/** Seconds that anything may take: gh here, and each git. */
const PATIENCE = '5';

test.each([
  ['is not installed', 'exit 127', 'gh is not installed'],
  ['is not logged in', 'exit 4', 'gh is not logged in there (gh auth login)'],
  ['does not know the repository', 'echo "GraphQL: not found" >&2; exit 1', 'gh failed: GraphQL: not found'],
  ['answers nonsense', 'echo hello', 'gh answered in a way that wt does not understand'],
  ['hangs', 'sleep 300', `gh did not answer within ${PATIENCE} s`],
])('a gh that %s leaves the page to open', async (_, list, why) => {
  const bench = await withAddress('git@github.com:ada/shop.git');
  const stage = await fakeForge(bench, 'gh', { list });
  const { raw, code } = await bench.wt('pr', 'a', '--json', { env: { ...stage.env, WT_GIT_TIMEOUT: PATIENCE } });
  expect({ code, answer: JSON.parse(raw) }).toMatchObject({
    code: 0,
    answer: {
      data: {
        url: 'https://github.com/ada/shop/compare/main...wt/a?expand=1',
        state: null,
        created: false,
        via: 'url',
      },
      warnings: [`${why}, so the page is for you to open`],
    },
  });
});

test('a gh that cannot open it is quoted', async () => {
  const bench = await withAddress('git@github.com:ada/shop.git');
  const gh = await fakeForge(bench, 'gh', { create: 'echo "pull request create failed: no permission" >&2; exit 1' });
  const { code, stderr } = await bench.wt('pr', 'a', gh);
  expect(code).toBe(5);
  expect(stderr).toContain('gh failed (exit 1): gh pr create');
  expect(stderr).toContain('no permission');
});

test.each([
  ['git@bitbucket.org:ada/shop.git', 'https://bitbucket.org/ada/shop/pull-requests/new?source=wt%2Fa&dest=main'],
  ['https://x:secret@codeberg.org/ada/shop.git', 'https://codeberg.org/ada/shop/compare/main...wt/a'],
])('a forge without a program has its page: %s', async (address, url) => {
  const bench = await withAddress(address);
  const { stdout, stderr, code } = await bench.wt('pr', 'a');
  expect({ code, stdout, stderr }).toEqual({
    code: 0,
    stdout: `Open the pull request of a on main here:\n  ${url}\n`,
    stderr: '',
  });
});

test('a host that does not tell what it is, is what the program that is logged in there is for', async () => {
  const bench = await withAddress('git@git.corp.example:ada/shop.git');
  expect(await failure(bench, 'pr', 'a')).toMatchObject({ exit: 2, code: 'usage.invalid' });
  const gh = await fakeForge(bench, 'gh', { auth: 'exit 0' });
  expect(await bench.data('pr', 'a', gh)).toMatchObject({ via: 'gh', created: true });
  expect(await callsOf(bench)).toEqual(
    expect.arrayContaining(['  --hostname=git.corp.example', '  --repo=git.corp.example/ada/shop']),
  );
});

test('a branch in a copy is opened on the repository of the base', async () => {
  const bench = await withAddress('git@github.com:ada/shop.git');
  await bench.git('remote', 'add', 'upstream', 'git@github.com:up/shop.git');
  await bench.git('config', 'branch.main.remote', 'upstream');
  await bench.git('config', 'branch.wt/a.pushRemote', 'origin');
  const gh = await fakeForge(bench, 'gh', {});
  await bench.data('pr', 'a', gh);
  expect(await callsOf(bench)).toEqual(expect.arrayContaining(['  --repo=github.com/up/shop', '  --head=ada:wt/a']));
});

test('a stacked session is opened on the one below when the remote has that, else on what lies below', async () => {
  const bench = await withAddress('git@github.com:ada/shop.git');
  await bench.wt('create', 'b', '--base', 'wt/a');
  await bench.work('b', { 'b.txt': 'b\n' }, 'b');
  await bench.git('update-ref', 'refs/remotes/origin/wt/b', 'wt/b');
  expect(await bench.data('pr', 'b', '-n')).toMatchObject({ base: 'wt/a' });
  await bench.git('update-ref', '-d', 'refs/remotes/origin/wt/a');
  const { raw } = await bench.wt('pr', 'b', '-n', '--json');
  expect(JSON.parse(raw)).toMatchObject({
    data: { base: 'main' },
    warnings: ['the remote has no branch of a, so it is opened on main: wt push a first'],
  });
});

test('a dry run pushes nothing, opens nothing, and calls no program', async () => {
  const bench = await makeRemoted();
  await bench.git('remote', 'set-url', 'origin', 'git@github.com:ada/shop.git');
  const gh = await fakeForge(bench, 'gh', {});
  const { code, stdout } = await bench.wt('pr', 'a', '-n', gh);
  expect({ code, stdout }).toEqual({
    code: 0,
    stdout:
      'Would push a to origin/wt/a and open a draft pull request on main, unless there is one  Add the feature\n  https://github.com/ada/shop/compare/main...wt/a?expand=1\n',
  });
  expect(await callsOf(bench)).toEqual([]);
  expect(await bench.tipOf('wt/a')).toBe(undefined);
});

test('a session without commits has nothing to review', async () => {
  const bench = await withAddress('git@github.com:ada/shop.git');
  await bench.wt('create', 'b');
  const { exit, code, message } = await failure(bench, 'pr', 'b');
  expect({ exit, code, message }).toEqual({
    exit: 4,
    code: 'session.empty',
    message: 'session b was not put up for review',
  });
});

test('an answer of a program is read or left, whatever it is', () => {
  expect(parseRequests('gh', '')).toEqual([]);
  expect(parseRequests('gh', '{"message":"no"}')).toBe(undefined);
  expect(parseRequests('glab', '[{"iid":3,"web_url":"u","state":"opened","draft":true,"sha":"abc"}]')).toEqual([
    { number: 3, url: 'u', state: 'draft', head: 'abc', owner: null },
  ]);
  expect(parseRequests('glab', 'null')).toBe(undefined);
});
