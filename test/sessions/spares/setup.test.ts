import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { configure, makeSetup } from '../../support/setup.ts';
import { exists } from '../../support/spawn.ts';
import { create, makeSpares, POOL, spareFolders, spareOf } from '../../support/spares.ts';
import { makeBench, type Bench } from '../../support/wt.ts';

/** How often the command `echo >> "$WT_MAIN/../<name>"` ran. */
async function ran({ root }: Bench, name: string): Promise<number> {
  const text = await readFile(path.join(root, '..', name), 'utf8').catch(() => '');
  return text.split('\n').length - 1;
}
const once = (name: string): string => `echo ran >> "$WT_MAIN/../${name}"`;

test('commands of the set-up run in the spare and not again, and the session is ready at once', async () => {
  const bench = await makeSetup({ setup: { run: [once('count'), 'echo made > made.log'] } });
  await makeSpares(bench);
  expect(await ran(bench, 'count')).toBe(1);
  const { wasSpare, code } = await create(bench, 'a');
  expect({ wasSpare, code }).toEqual({ wasSpare: true, code: 0 });
  expect(await ran(bench, 'count')).toBe(1);
  expect(await readFile(path.join(bench.at('a'), 'made.log'), 'utf8')).toBe('made\n');
  const { session } = await bench.data<{ session: object }>('show', 'a');
  expect(session).toMatchObject({ setup: { state: 'done' } });
});

test('a command that names the session waits for it, and so does every one after it', async () => {
  const bench = await makeSetup({
    setup: { run: [once('first'), `echo "$WT_SESSION" > id.log`, once('last')] },
  });
  await makeSpares(bench);
  expect([await ran(bench, 'first'), await ran(bench, 'last')]).toEqual([1, 0]);
  expect((await create(bench, 'a')).wasSpare).toBe(true);
  expect([await ran(bench, 'first'), await ran(bench, 'last')]).toEqual([1, 1]);
  expect(await readFile(path.join(bench.at('a'), 'id.log'), 'utf8')).toBe('a\n');
});

test('a program that the repository brings may ask for the session too: then nothing but installs runs before', async () => {
  const script = '#!/bin/sh\necho "$WT_ID" > id.log\n';
  const bench = await makeSetup({ setup: { run: 'sh ./prepare.sh' } }, { 'prepare.sh': script });
  await makeSpares(bench);
  expect((await create(bench, 'a')).wasSpare).toBe(true);
  expect(await readFile(path.join(bench.at('a'), 'id.log'), 'utf8')).toBe('a\n');
});

test('the maker knows of no session, though it was started from inside of one', async () => {
  const bench = await makeSetup({ setup: { run: 'env > all.log' } });
  await bench.wt('--make-spares', { env: { WT_POOL_SIZE: '1', WT_SESSION: 'other', WT_PORT: '1' } });
  const text = await readFile(path.join(await spareOf(bench), 'all.log'), 'utf8').catch(() => '');
  expect(text).not.toMatch(/^WT_(?:SESSION|PORT)=/m);
});

test('a set-up that writes down where it is runs in the session, as of a virtual environment', async () => {
  const bench = await makeSetup({ setup: { run: 'mkdir -p out && pwd > out/where' } });
  await makeSpares(bench);
  const { wasSpare } = await create(bench, 'a');
  expect(wasSpare).toBe(true);
  expect(await readFile(path.join(bench.at('a'), 'out/where'), 'utf8')).toBe(`${bench.at('a')}\n`);
  const { findings } = await bench.data<{ findings: { check: string; message: string }[] }>('doctor', POOL);
  expect(findings.filter(({ check }) => check === 'spare.bare')).toMatchObject([
    { message: expect.stringContaining('the path of the folder') },
  ]);
});

test('a command that fails in a spare is run, and told of, by the session', async () => {
  const bench = await makeSetup({ setup: { run: 'echo no; exit 3' } });
  await makeSpares(bench);
  expect(await spareFolders(bench)).toHaveLength(1);
  const { code, stderr } = await create(bench, 'a');
  expect(code).not.toBe(0);
  expect(stderr).toContain('exit 3');
});

test('a set-up that changes what git tracks makes no spare with it', async () => {
  const bench = await makeSetup({ setup: { run: 'echo more >> tracked.txt' } }, { 'tracked.txt': 'text\n' });
  await makeSpares(bench);
  await create(bench, 'a');
  expect(await readFile(path.join(bench.at('a'), 'tracked.txt'), 'utf8')).toBe('text\nmore\n');
});

test('another set-up than it was made with makes a spare out of date: the session gets the new one', async () => {
  const bench = await makeSetup({ setup: { run: 'echo old > made.log' } });
  await makeSpares(bench);
  const [old] = await spareFolders(bench);
  await configure(bench, { setup: { run: 'echo new > made.log' } });
  expect((await create(bench, 'a')).wasSpare).toBe(false);
  expect(await readFile(path.join(bench.at('a'), 'made.log'), 'utf8')).toBe('new\n');
  await makeSpares(bench);
  const now = await spareFolders(bench);
  expect(now).toHaveLength(1);
  expect(now).not.toContain(old);
  expect((await create(bench, 'b')).wasSpare).toBe(true);
  expect(await readFile(path.join(bench.at('b'), 'made.log'), 'utf8')).toBe('new\n');
});

test('a lockfile that changed on the base makes it out of date', async () => {
  const bench = await makeSetup({ setup: { run: once('count') } }, { 'web/package-lock.json': '{}\n' });
  await makeSpares(bench);
  await bench.write({ 'web/package-lock.json': '{ "lockfileVersion": 3 }\n' });
  await bench.git('commit', '-qam', 'lock');
  expect((await create(bench, 'a')).wasSpare).toBe(false);
  expect(await ran(bench, 'count')).toBe(2);
});

test('where the base has gone on, a command that is no plain install runs again on the new files', async () => {
  const bench = await makeSetup({ setup: { run: 'cat a.txt > made.log' } }, { 'a.txt': 'old\n' });
  await makeSpares(bench);
  await bench.write({ 'a.txt': 'new\n' });
  await bench.git('commit', '-qam', 'new');
  expect((await create(bench, 'a')).wasSpare).toBe(true);
  expect(await readFile(path.join(bench.at('a'), 'made.log'), 'utf8')).toBe('new\n');
});

test('files that a session gets are in the spare, and one that has changed since makes it out of date', async () => {
  const bench = await makeSetup({ setup: { copy: ['.env', 'out/'] } });
  await bench.write({ '.env': 'old\n', 'out/deep/x': 'old\n' });
  await makeSpares(bench);
  expect(await readFile(path.join(await spareOf(bench), '.env'), 'utf8')).toBe('old\n');
  const { wasSpare } = await create(bench, 'a');
  expect(wasSpare).toBe(true);
  await makeSpares(bench);
  await bench.write({ 'out/deep/x': 'new\n' });
  expect((await create(bench, 'b')).wasSpare).toBe(false);
  expect(await readFile(path.join(bench.at('b'), 'out/deep/x'), 'utf8')).toBe('new\n');
});

test('ports, variables and what runs after a create are the session’s own', async () => {
  const bench = await makeSetup({
    ports: { names: ['web'] },
    env: { URL: 'http://localhost:{port.web}' },
    setup: { run: 'npm --version', envFile: '.env.local' },
    hooks: { create: { after: 'echo "$WT_ID $WT_PORT_WEB $URL" > after.log' } },
  });
  await makeSpares(bench);
  expect((await create(bench, 'a')).wasSpare).toBe(true);
  const { session } = await bench.data<{ session: { ports: { web: number } } }>('show', 'a');
  const port = session.ports.web;
  expect(await readFile(path.join(bench.at('a'), 'after.log'), 'utf8')).toBe(`a ${port} http://localhost:${port}\n`);
  expect(await readFile(path.join(bench.at('a'), '.env.local'), 'utf8')).toContain(String(port));
});

test('--no-setup gets no spare that has one, and one that has none', async () => {
  const bench = await makeSetup({ setup: { run: 'touch made.log' } });
  await makeSpares(bench);
  expect((await create(bench, 'a', '--no-setup')).wasSpare).toBe(false);
  expect(await exists(path.join(bench.at('a'), 'made.log'))).toBe(false);
  const plain = await makeBench();
  await makeSpares(plain);
  expect((await create(plain, 'a', '--no-setup')).wasSpare).toBe(true);
});

test('commands that nobody has approved run in no spare: there is none, and doctor says why', async () => {
  const bench = await makeBench({ 'wt.config.jsonc': '{ "setup": { "run": "touch ../../ran" } }\n' });
  expect(await makeSpares(bench)).toContain('0 spares made; the commands of its set-up are not approved');
  expect(await spareFolders(bench)).toEqual([]);
  expect(await exists(path.join(bench.root, 'ran'))).toBe(false);
  const { findings } = await bench.data<{ findings: { check: string }[] }>('doctor', POOL);
  expect(findings.map(({ check }) => check)).toContain('spare.none');
});

test('a repository with settings for single worktrees gets none', async () => {
  const bench = await makeBench();
  await bench.git('sparse-checkout', 'set', 'src');
  expect(await makeSpares(bench)).toContain('settings of their own');
});

test('a disk that would be too full gets none', async () => {
  const bench = await makeBench();
  const env = { WT_POOL_SIZE: '1', WT_LIMITS_MIN_FREE_DISK: '9000000GB' };
  expect((await bench.wt('--make-spares', { env })).code).not.toBe(0);
  expect(await spareFolders(bench)).toEqual([]);
});
