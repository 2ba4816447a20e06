import { readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { failure } from '../support/listing.ts';
import { fakeProgram, makeRemoted, writeHook, type Remoted } from '../support/remote.ts';
import { exists, until } from '../support/spawn.ts';
import { makeBench } from '../support/wt.ts';

interface Row {
  readonly from: string | null;
  readonly to: string;
  readonly forced: boolean;
  readonly url: string | null;
}

async function push({ data }: Remoted, ...flags: string[]): Promise<Row> {
  const { pushed } = await data<{ pushed: Row[] }>('push', 'a', ...flags);
  const [row] = pushed;
  if (row === undefined) throw new Error('nothing was pushed');
  return row;
}

test('pushes the branch under its own name, sets the upstream, and says what', async () => {
  const bench = await makeRemoted();
  const { code, stdout, stderr } = await bench.wt('push', 'a');
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toBe('✓ Pushed a to origin/wt/a  new branch at <short>\n');
  expect(await bench.tipOf('wt/a')).toBe(await bench.git('rev-parse', 'wt/a'));
  expect(await bench.git('rev-parse', '--abbrev-ref', 'wt/a@{upstream}')).toBe('origin/wt/a');
  const { events } = await bench.data<{ events: object[] }>('events');
  expect(events.at(-1)).toMatchObject({
    event: 'session.push.after',
    session: 'a',
    data: { remote: 'origin', from: null },
  });
});

test('answers as JSON with where from and where to', async () => {
  const bench = await makeRemoted();
  const first = await bench.git('rev-parse', 'wt/a');
  expect(await push(bench)).toEqual({
    id: 'a',
    branch: 'wt/a',
    remote: 'origin',
    from: null,
    to: first,
    forced: false,
    url: null,
  });
  const second = await bench.work('a', { 'more.txt': 'more\n' });
  expect(await push(bench)).toMatchObject({ from: first, to: second, forced: false });
  expect(await push(bench)).toMatchObject({ from: second, to: second, forced: false });
  expect((await bench.wt('push', 'a')).stdout).toBe('origin/wt/a has a already  <short>\n');
});

test('inside a session the id may be left out, and several go one after the other', async () => {
  const bench = await makeRemoted();
  expect((await bench.wt('push', { cwd: bench.at('a') })).code).toBe(0);
  await bench.wt('create', 'b');
  await bench.wt('create', 'c');
  const { pushed } = await bench.data<{ pushed: { id: string }[] }>('push', 'b', 'c', 'b');
  expect(pushed.map(({ id }) => id)).toEqual(['b', 'c']);
  expect([await bench.tipOf('wt/b'), await bench.tipOf('wt/c')]).not.toContain(undefined);
});

test('uncommitted work stays here, and that is said', async () => {
  const bench = await makeRemoted();
  await bench.room.write(bench.at('a'), { 'new.txt': 'new\n' });
  const { code, stderr } = await bench.wt('push', 'a');
  expect({ code, stderr }).toEqual({
    code: 0,
    stderr: '! a has uncommitted work, which is not pushed: wt commit a\n',
  });
});

test('no tag goes along, whatever the configuration says', async () => {
  const bench = await makeRemoted();
  await bench.git('config', 'push.followTags', 'true');
  await bench.git('tag', '-a', 'v1', '-m', 'v1', 'wt/a');
  await push(bench);
  expect(await bench.room.git(bench.remote, 'tag')).toBe('');
});

test('the pre-push hook of the person runs, in the session; one that refuses stops the push', async () => {
  const bench = await makeRemoted();
  await writeHook(bench, 'pre-push', `pwd > '${bench.room.dir}/ran'; cat >> '${bench.room.dir}/ran'\n`);
  await push(bench);
  const ran = await readFile(path.join(bench.room.dir, 'ran'), 'utf8');
  expect(ran.split('\n')[0]).toBe(bench.at('a'));
  expect(ran).toContain('refs/heads/wt/a');
  const tip = await bench.tipOf('wt/a');
  await bench.work('a', { 'more.txt': 'more\n' });
  await writeHook(bench, 'pre-push', 'echo "tests are red" >&2; exit 1\n');
  const { stderr, code } = await bench.wt('push', 'a');
  expect(code).toBe(7);
  expect(stderr).toContain(
    'a hook of the repository refused the push (pre-push)\n  tests are red\n  Nothing was pushed.',
  );
  expect(await bench.tipOf('wt/a')).toBe(tip);
});

test('what was rewritten here replaces what was pushed before, and that is said', async () => {
  const bench = await makeRemoted();
  const { to: before } = await push(bench);
  await bench.room.git(bench.at('a'), 'commit', '--quiet', '--amend', '-m', 'amended');
  await bench.work('a', { 'more.txt': 'more\n' });
  expect((await bench.wt('push', 'a', '-n')).stdout).toContain('which replaces what was pushed before');
  const { stdout, code } = await bench.wt('push', 'a');
  expect({ code, stdout }).toEqual({
    code: 0,
    stdout: '✓ Pushed a to origin/wt/a  <short>...<short>, replaced what was pushed before\n',
  });
  expect(await bench.tipOf('wt/a')).toBe(await bench.git('rev-parse', 'wt/a'));
  const { events } = await bench.data<{ events: object[] }>('events');
  expect(events.at(-1)).toMatchObject({ data: { from: before, forced: true } });
});

test('also when nothing here keeps track of the remote’s branch', async () => {
  const bench = await makeRemoted();
  await bench.git('config', 'remote.origin.fetch', '+refs/heads/main:refs/remotes/origin/main');
  await push(bench);
  await bench.room.git(bench.at('a'), 'commit', '--quiet', '--amend', '-m', 'amended');
  expect(await push(bench)).toMatchObject({ forced: true });
  expect(await bench.tipOf('wt/a')).toBe(await bench.git('rev-parse', 'wt/a'));
});

test('every force names the commit that it replaces, and no push is ever forced without', async () => {
  const bench = await makeRemoted();
  const { to } = await push(bench);
  await bench.room.git(bench.at('a'), 'commit', '--quiet', '--amend', '-m', 'amended');
  const { git } = await bench.wt('push', 'a');
  const pushes = git.filter(([verb]) => verb === 'push');
  expect(pushes.map((args) => args.filter((word) => /force|^-f|^\+/.test(word)))).toEqual([
    [`--force-with-lease=refs/heads/wt/a:${to}`],
  ]);
});

test('commits of somebody else are never dropped: refused by their names, with the way out', async () => {
  const bench = await makeRemoted();
  await push(bench);
  const theirs = await bench.intrude('wt/a', { 'theirs.txt': 'theirs\n' }, 'by somebody else');
  await bench.room.git(bench.at('a'), 'commit', '--quiet', '--amend', '-m', 'amended');
  const seen = await bench.git('rev-parse', 'origin/wt/a');
  const { exit, code, message, changed, fix } = await failure(bench, 'push', 'a');
  expect({ exit, code, message, changed }).toEqual({
    exit: 9,
    code: 'target.moved',
    message: 'origin/wt/a has commits that a never had, and a push would drop them',
    changed: false,
  });
  const { stderr } = await bench.wt('push', 'a');
  expect(stderr).toContain(`${theirs.slice(0, 7)} by somebody else (`.replace(theirs.slice(0, 7), '<short>'));
  expect(stderr).not.toContain('add feature.txt'); // it was here before
  expect(stderr).toContain('Nothing was pushed.');
  expect(await bench.tipOf('wt/a')).toBe(theirs);
  expect(await bench.git('rev-parse', 'origin/wt/a')).toBe(seen);
  // The way out works when pasted.
  expect((await bench.wt(...(fix ?? []).slice(1))).code).toBe(0);
  expect((await bench.wt('push', 'a')).code).toBe(0);
  expect(await bench.git('show', 'wt/a:theirs.txt')).toBe('theirs');
});

test('the same with what has been fetched already, and in a dry run', async () => {
  const bench = await makeRemoted();
  await push(bench);
  const theirs = await bench.intrude('wt/a', { 'theirs.txt': 'theirs\n' }, 'by somebody else');
  await bench.git('fetch', '--quiet', 'origin');
  await bench.work('a', { 'more.txt': 'more\n' });
  expect(await failure(bench, 'push', 'a', '--dry-run')).toMatchObject({ exit: 9, code: 'target.moved' });
  expect(await failure(bench, 'push', 'a')).toMatchObject({ exit: 9, code: 'target.moved' });
  expect(await bench.tipOf('wt/a')).toBe(theirs);
});

test('somebody who pushes in between is not overwritten: the lease is on what was seen', async () => {
  const bench = await makeRemoted();
  await push(bench);
  await bench.room.git(bench.at('a'), 'commit', '--quiet', '--amend', '-m', 'amended');
  let theirs = '';
  const { code } = await bench.wt('push', 'a', {
    wrap: (run) => async (request) => {
      if (request.shownArgs?.[0] === 'push' && theirs === '')
        theirs = await bench.intrude('wt/a', { 'theirs.txt': 'theirs\n' }, 'in between');
      return run(request);
    },
  });
  expect(code).toBe(9);
  expect(await bench.tipOf('wt/a')).toBe(theirs);
});

test('a session of the same name does not replace what an earlier one pushed', async () => {
  const bench = await makeRemoted();
  const { to } = await push(bench);
  await bench.wt('remove', 'a', '--force');
  await bench.git('update-ref', '-d', 'refs/remotes/origin/wt/a');
  await bench.wt('create', 'a');
  await bench.work('a', { 'other.txt': 'other\n' }, 'another task');
  expect(await failure(bench, 'push', 'a')).toMatchObject({ exit: 9, code: 'target.moved' });
  expect(await bench.tipOf('wt/a')).toBe(to);
});

test('a dry run asks no remote and changes nothing', async () => {
  const bench = await makeRemoted();
  await rm(bench.remote, { recursive: true });
  const { code, stdout, git } = await bench.wt('push', 'a', '-n');
  expect({ code, stdout }).toEqual({
    code: 0,
    stdout: 'Would push a to origin/wt/a  <short>, which it was never seen to have\n',
  });
  expect(git.map(([verb]) => verb)).not.toContain('push');
  expect(git.map(([verb]) => verb)).not.toContain('ls-remote');
});

test('the remote is chosen as git chooses, then by the base, then origin', async () => {
  const bench = await makeRemoted();
  const fork = path.join(bench.room.dir, 'fork.git');
  await bench.room.git(bench.room.dir, 'clone', '--quiet', '--bare', bench.remote, fork);
  await bench.git('remote', 'add', 'fork', fork);
  const chosen = async (...flags: string[]): Promise<string> => {
    const { pushed } = await bench.data<{ pushed: { remote: string }[] }>('push', 'a', '-n', ...flags);
    return pushed[0]?.remote ?? '';
  };
  expect(await chosen()).toBe('origin');
  await bench.git('config', 'branch.main.remote', 'fork');
  expect(await chosen()).toBe('fork');
  await bench.git('config', 'remote.pushDefault', 'origin');
  expect(await chosen()).toBe('origin');
  await bench.git('config', 'branch.wt/a.pushRemote', 'fork');
  expect(await chosen()).toBe('fork');
  expect(await chosen('--remote', 'origin')).toBe('origin');
  expect(await failure(bench, 'push', 'a', '--remote', 'nope')).toMatchObject({
    exit: 2,
    message: '--remote <name>: there is no remote "nope"; the remotes are origin, fork',
  });
});

test('without a remote, or with several and no hint, it says so', async () => {
  const bench = await makeBench();
  await bench.wt('create', 'a');
  expect(await failure(bench, 'push', 'a')).toMatchObject({ exit: 2, code: 'usage.invalid' });
  await bench.git('remote', 'add', 'one', '/nowhere');
  await bench.git('remote', 'add', 'two', '/nowhere');
  expect((await failure(bench, 'push', 'a')).message).toContain('the remotes are one, two');
});

test('a relative address is read from the main worktree, where it was written', async () => {
  const bench = await makeRemoted();
  await bench.git('remote', 'set-url', 'origin', '../origin.git');
  expect((await bench.wt('push', 'a', { cwd: bench.at('a') })).code).toBe(0);
  expect(await bench.tipOf('wt/a')).toBe(await bench.git('rev-parse', 'wt/a'));
});

test('an upstream that is set already is left alone', async () => {
  const bench = await makeRemoted();
  await bench.git('branch', '--quiet', '--set-upstream-to=origin/main', 'wt/a');
  await push(bench);
  expect(await bench.git('rev-parse', '--abbrev-ref', 'wt/a@{upstream}')).toBe('origin/main');
});

test('a configuration that somebody is writing is waited for; when it stays so, the push stands', async () => {
  const bench = await makeRemoted();
  const lock = path.join(bench.root, '.git', 'config.lock');
  await bench.room.write(path.dirname(lock), { 'config.lock': '' });
  let refused = 0;
  const { stderr: said } = await bench.wt('push', 'a', {
    wrap: (run) => async (request) => {
      const result = await run(request);
      if (result.stderr.includes('could not lock') && ++refused === 2) await rm(lock);
      return result;
    },
  });
  expect({ said, refused }).toEqual({ said: '', refused: 2 });
  expect(await bench.git('rev-parse', '--abbrev-ref', 'wt/a@{upstream}')).toBe('origin/wt/a');
  await bench.wt('create', 'b');
  await bench.room.write(path.dirname(lock), { 'config.lock': '' });
  const { code, stderr } = await bench.wt('push', 'b');
  await rm(lock);
  expect(code).toBe(0);
  expect(stderr).toContain('b was pushed; its upstream or the record of it could not be written');
  expect(await bench.tipOf('wt/b')).toBe(await bench.git('rev-parse', 'wt/b'));
});

test('the page that the forge prints is handed on, without the credentials in it', async () => {
  const bench = await makeRemoted();
  await bench.room.write(path.join(bench.remote, 'hooks'), {
    'post-receive':
      '#!/bin/sh\necho "Create a pull request by visiting:"; echo "  https://me:secret@forge.example/o/r/pull/new/wt/a"\n',
  });
  await bench.room.git(bench.remote, 'config', 'core.hooksPath', 'hooks');
  const { chmod } = await import('node:fs/promises');
  await chmod(path.join(bench.remote, 'hooks', 'post-receive'), 0o755);
  expect((await push(bench)).url).toBe('https://forge.example/o/r/pull/new/wt/a');
});

test('a remote that refuses is quoted, and nothing is said to be pushed', async () => {
  const bench = await makeRemoted();
  await bench.room.git(bench.remote, 'config', 'receive.denyCurrentBranch', 'refuse');
  await writeHook({ ...bench, root: bench.room.dir }, 'unused', '');
  await bench.room.write(path.join(bench.remote, 'hooks'), {
    'pre-receive': '#!/bin/sh\necho "protected branch" >&2; exit 1\n',
  });
  const { chmod } = await import('node:fs/promises');
  await chmod(path.join(bench.remote, 'hooks', 'pre-receive'), 0o755);
  const { exit, code, message } = await failure(bench, 'push', 'a');
  expect({ exit, code }).toEqual({ exit: 5, code: 'git.failed' });
  expect(message).toMatch(/^git failed \(exit 1\): git push/);
  const { stderr } = await bench.wt('push', 'a');
  expect(stderr).toContain('protected branch');
  expect(stderr).toContain('pre-receive hook declined');
});

test('of several, those before the one that fails are pushed, and the failure says so', async () => {
  const bench = await makeRemoted();
  await bench.wt('create', 'b');
  await bench.room.write(path.join(bench.remote, 'hooks'), {
    update: '#!/bin/sh\ncase "$1" in */b) echo no >&2; exit 1;; esac\n',
  });
  const { chmod } = await import('node:fs/promises');
  await chmod(path.join(bench.remote, 'hooks', 'update'), 0o755);
  expect(await failure(bench, 'push', 'a', 'b')).toMatchObject({ exit: 5, changed: true });
  expect(await bench.tipOf('wt/a')).not.toBe(undefined);
});

test('nobody is asked for a password: the ssh that runs is told so, and the words help', async () => {
  const bench = await makeRemoted();
  await bench.git('remote', 'set-url', 'origin', 'ssh://git@forge.example/o/r.git');
  const log = path.join(bench.room.dir, 'ssh-argv');
  const stage = await fakeProgram(
    bench,
    'ssh',
    `echo "$@" >> '${log}'; env | grep -E 'ASKPASS|PROMPT' | sort >> '${log}'; echo "git@forge.example: Permission denied (publickey)." >&2; exit 255\n`,
  );
  const { code, stderr } = await bench.wt('push', 'a', stage);
  expect(code).toBe(5);
  expect(stderr).toContain('wt asks for no password: log in first');
  expect(stderr).toContain('next: git ls-remote --heads origin');
  const said = await readFile(log, 'utf8');
  expect(said).toContain('BatchMode=yes');
  expect(said).toContain('GIT_TERMINAL_PROMPT=0');
  expect(said).toContain('SSH_ASKPASS_REQUIRE=never');
});

test('a Ctrl-C ends a push that hangs', async () => {
  const bench = await makeRemoted();
  await bench.git('remote', 'set-url', 'origin', 'ssh://git@forge.example/o/r.git');
  const hanging = path.join(bench.room.dir, 'hanging');
  const stage = await fakeProgram(bench, 'ssh', `: > '${hanging}'; exec sleep 300\n`);
  const interrupt = new AbortController();
  const pushing = bench.wt('push', 'a', { ...stage, signal: interrupt.signal });
  await until(() => exists(hanging));
  interrupt.abort('SIGINT');
  expect((await pushing).code).toBe(130);
});
