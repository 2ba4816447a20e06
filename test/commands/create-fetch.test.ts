import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { failure, refs } from '../support/listing.ts';
import { until } from '../support/spawn.ts';
import { benchAt, makeBench, type Bench, type Stage } from '../support/wt.ts';

interface Created {
  readonly session: { readonly base: { readonly branch: string | null; readonly commit: string } };
}

/** A clone whose `main` is one commit behind its remote; the remote-tracking branch does not know yet. */
async function makeClone(): Promise<{
  clone: Bench;
  old: string;
  latest: string;
  origin: string;
  push: () => Promise<string>;
}> {
  const seed = await makeBench();
  const { room } = seed;
  const origin = path.join(room.dir, 'origin.git');
  await seed.git('clone', '-q', '--bare', seed.root, origin);
  await seed.git('remote', 'add', 'origin', origin);
  await room.git(room.dir, 'clone', '-q', origin, 'clone');
  const clone = benchAt(room, path.join(room.dir, 'clone'));
  const push = async (): Promise<string> => {
    await seed.git('commit', '-q', '--allow-empty', '-m', 'from elsewhere');
    await seed.git('push', '-q', 'origin', 'main');
    return seed.git('rev-parse', 'main');
  };
  const old = await clone.git('rev-parse', 'main');
  return { clone, old, latest: await push(), origin, push };
}

test('--fetch cuts from the upstream and leaves the local branch and its checkout where they are', async () => {
  const { clone, old, latest } = await makeClone();
  const { session } = await clone.data<Created>('create', 'a', '--fetch');
  expect(session.base).toEqual({ branch: 'main', commit: latest });
  expect(await clone.git('-C', clone.at('a'), 'rev-parse', 'HEAD')).toBe(latest);
  expect(await clone.git('rev-parse', 'main')).toBe(old);
  expect(await clone.git('status', '--porcelain')).toBe('');
});

test('--fetch of a remote branch cuts from its new tip', async () => {
  const { clone, latest } = await makeClone();
  const { session } = await clone.data<Created>('create', 'a', '--base', 'origin/main', '--fetch');
  expect(session.base).toEqual({ branch: 'main', commit: latest });
});

test('--fetch keeps a local branch that has commits of its own', async () => {
  const { clone, latest } = await makeClone();
  await clone.git('commit', '-q', '--allow-empty', '-m', 'own');
  const own = await clone.git('rev-parse', 'main');
  const { session } = await clone.data<Created>('create', 'a', '--fetch');
  expect(session.base).toEqual({ branch: 'main', commit: own });
  expect(await clone.git('rev-parse', 'origin/main')).toBe(latest);
});

test('one fetch serves several creates that wait for it', async () => {
  const { clone, latest } = await makeClone();
  const asking = async (): Promise<number> =>
    (await readdir(path.join(clone.root, '.git/wt/lock/fetch'))).filter((name) => name.startsWith('t.')).length;
  let isFirst = true;
  const stage: Stage = {
    wrap: (run) => async (request) => {
      const waits = isFirst && request.args.includes('fetch');
      if (waits) isFirst = false;
      if (waits) await until(async () => (await asking()) === 3);
      return run(request);
    },
  };
  const results = await Promise.all(['a', 'b', 'c', 'd'].map((id) => clone.wt('create', id, '--fetch', stage)));
  expect(results.map(({ code }) => code)).toEqual([0, 0, 0, 0]);
  const fetches = results.flatMap(({ git }) => git).filter(([verb]) => verb === 'fetch');
  expect(fetches.length).toBeLessThanOrEqual(2);
  for (const id of ['a', 'b', 'c', 'd']) expect(await clone.git('rev-parse', `wt/${id}`)).toBe(latest);
});

test('a later create with --fetch fetches again', async () => {
  const { clone, push } = await makeClone();
  await clone.wt('create', 'a', '--fetch');
  const latest = await push();
  const { session } = await clone.data<Created>('create', 'b', '--fetch');
  expect(session.base.commit).toBe(latest);
});

test('a base known to be behind its upstream is cut from all the same, with a warning', async () => {
  const { clone, old } = await makeClone();
  await clone.git('fetch', '-q');
  const { code, stderr } = await clone.wt('create', 'a');
  expect({ code, stderr }).toMatchInlineSnapshot(`
    {
      "code": 0,
      "stderr": "! main is 1 commit behind origin/main; --fetch cuts from there
    ",
    }
  `);
  expect(await clone.git('rev-parse', 'wt/a')).toBe(old);
});

test('without --fetch the network is left alone', async () => {
  const { clone } = await makeClone();
  const { git } = await clone.wt('create', 'a', '--base', 'origin/main');
  expect(git.filter(([verb]) => verb === 'fetch')).toEqual([]);
});

test.each([
  ['a branch without upstream', 'lonely'],
  ['a base that is not there', 'nowhere'],
])('--fetch of %s is refused and makes nothing', async (_, base) => {
  const { clone } = await makeClone();
  await clone.git('branch', '--no-track', 'lonely');
  const before = await refs(clone);
  expect((await failure(clone, 'create', 'a', '--base', base, '--fetch')).exit).toBeLessThanOrEqual(3);
  expect(await refs(clone)).toBe(before);
});

test('a fetch that fails makes nothing and passes on what git said', async () => {
  const { clone } = await makeClone();
  await clone.git('remote', 'set-url', 'origin', path.join(clone.room.dir, 'gone.git'));
  const before = await refs(clone);
  const { exit, code, details } = await failure(clone, 'create', 'a', '--fetch');
  expect({ exit, code }).toEqual({ exit: 5, code: 'git.failed' });
  expect(String(details['stderr'])).toContain('gone.git');
  expect(await refs(clone)).toBe(before);
});

test('--fetch from inside a session works with a remote named by a relative path', async () => {
  const { clone, latest } = await makeClone();
  await clone.git('remote', 'set-url', 'origin', '../origin.git');
  await clone.wt('create', 'a');
  const { session } = await clone.data<Created>('create', 'b', '--fetch', { cwd: clone.at('a') });
  expect(session.base.commit).toBe(latest);
});
