import { build } from 'esbuild';
import { link, mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WtError } from '#src/core/errors.ts';
import { acquireLock, type Lease, type LockRequest } from '#src/platform/lock.ts';
import type { Deps } from '#src/platform/deps.ts';
import { makeClock, makeDeps } from '../support/deps.ts';
import { makeRoom, type Room } from '../support/room.ts';
import { start, until, type Started } from '../support/spawn.ts';

interface Place {
  readonly room: Room;
  readonly directory: string;
  /** Tries to take the lock as a process of its own; its waiting takes no time. */
  readonly take: (changes?: Partial<Deps>, request?: Partial<LockRequest>) => Promise<Lease>;
}

async function makePlace(): Promise<Place> {
  const room = await makeRoom();
  const directory = path.join(room.dir, 'lock');
  return {
    room,
    directory,
    take: (changes, request) =>
      acquireLock(makeDeps(room, room.dir, { clock: makeClock(), ...changes }), {
        directory,
        timeoutMs: 2000,
        onWait: () => {},
        ...request,
      }),
  };
}

async function generations(directory: string): Promise<readonly number[]> {
  return (await readdir(directory))
    .filter((name) => name.startsWith('l.'))
    .map((name) => Number(name.slice(2)))
    .toSorted((a, b) => a - b);
}

describe('the lock', () => {
  test('is taken, given back, and taken again under the next number', async () => {
    const { take, directory } = await makePlace();
    const numbers: number[] = [];
    for (let i = 0; i < 3; i++) {
      const lease = await take();
      numbers.push(lease.generation);
      await lease.release();
    }
    expect(numbers).toEqual([1, 2, 3]);
    expect((await readdir(directory)).filter((name) => name.startsWith('t.'))).toEqual([]);
  });

  test('held by a living process is never stolen: busy names the holder', async () => {
    const { take, directory } = await makePlace();
    const lease = await take();
    const before = await readFile(path.join(directory, 'l.1'), 'utf8');
    const told: string[] = [];
    const failure = await take({}, { onWait: (holder) => void told.push(holder) }).catch((error: unknown) => error);
    expect(failure).toMatchObject({
      code: 'registry.busy',
      details: { holder: expect.stringContaining(`process ${process.pid} on `) },
    });
    expect((failure as WtError<'registry.busy'>).details.waitedMs).toBeGreaterThan(2000);
    expect(told).toEqual([(failure as WtError<'registry.busy'>).details.holder]);
    expect(await readFile(path.join(directory, 'l.1'), 'utf8')).toBe(before);
    expect(await generations(directory)).toEqual([1]);
    await lease.release();
    expect((await take()).generation).toBe(2);
  });

  test('leaves no record behind when it was not had', async () => {
    const { take, directory } = await makePlace();
    await take();
    await take().catch(() => undefined);
    expect((await readdir(directory)).filter((name) => name.startsWith('t.'))).toEqual([]);
  });

  test.each(['', 'garbage', '{}', '{"pid":1}', '[]', 'null'])(
    'with an unreadable record is not stolen: %j',
    async (text) => {
      const { take, directory } = await makePlace();
      await mkdir(directory);
      await writeFile(path.join(directory, 'l.7'), text);
      await expect(take()).rejects.toMatchObject({
        code: 'registry.busy',
        details: { holder: `an unreadable record, ${path.join(directory, 'l.7')}` },
      });
      expect(await readFile(path.join(directory, 'l.7'), 'utf8')).toBe(text);
      expect(await generations(directory)).toEqual([7]);
    },
  );

  test('with an unreadable record that was given back is free', async () => {
    const { take, directory } = await makePlace();
    await mkdir(directory);
    await writeFile(path.join(directory, 'l.7'), 'garbage');
    await link(path.join(directory, 'l.7'), path.join(directory, 'd.7'));
    expect((await take()).generation).toBe(8);
  });

  test('of a process on another machine is not stolen', async () => {
    const { take, directory } = await makePlace();
    const lease = await take();
    const text = await readFile(path.join(directory, 'l.1'), 'utf8');
    await lease.release();
    await writeFile(
      path.join(directory, 'l.2'),
      JSON.stringify({ ...JSON.parse(text), host: 'elsewhere', fifo: null }),
    );
    await expect(take()).rejects.toMatchObject({
      details: { holder: expect.stringContaining(' on elsewhere (wt test)') },
    });
  });

  test('ignores names that are not its own', async () => {
    const { take, directory } = await makePlace();
    await mkdir(directory);
    for (const name of ['l.99x', 'xl.99', 'l.', 'd.50', 'l.-5', 'fetch'])
      await writeFile(path.join(directory, name), 'x');
    expect((await take()).generation).toBe(1);
  });

  test('is waited for no longer once the command is interrupted, unless it is for undoing', async () => {
    const { take } = await makePlace();
    const lease = await take();
    const aborted = AbortSignal.abort('SIGINT');
    await expect(take({ signal: aborted })).rejects.toMatchObject({ code: 'interrupted' });
    await lease.release();
    const room = await makeRoom();
    const { run } = makeDeps(room, room.dir);
    expect((await take({ signal: aborted, run }, { shielded: true })).generation).toBe(2);
  });
});

describe('a number of the lock', () => {
  test('is never used twice, also after old ones were tidied away', async () => {
    const { take, directory } = await makePlace();
    await mkdir(directory);
    const lease = await take();
    const text = await readFile(path.join(directory, 'l.1'), 'utf8');
    await lease.release();
    for (let n = 2; n < 144; n++) {
      await writeFile(path.join(directory, `l.${n}`), text);
      await writeFile(path.join(directory, `d.${n}`), text);
    }
    const next = await take();
    expect(next.generation).toBe(144);
    const kept = await generations(directory);
    expect(kept[0]).toBe(80);
    expect(kept.at(-1)).toBe(144);
    await next.release();
    expect((await take()).generation).toBe(145);
  });

  test('that is the highest is the lock, whatever lies below it', async () => {
    const { take, directory, room } = await makePlace();
    await (await take()).release();
    const deps = makeDeps(room, room.dir);
    const { owner } = await deps.identity.owner(directory, deps.run);
    await writeFile(path.join(directory, 'l.5'), JSON.stringify(owner));
    await expect(take()).rejects.toMatchObject({ code: 'registry.busy' });
    await writeFile(path.join(directory, 'l.10'), JSON.stringify(owner));
    await writeFile(path.join(directory, 'd.10'), '');
    expect((await take()).generation).toBe(11);
  });
});

test('many challengers hold the lock one after the other, each under a number of its own', async () => {
  const { room, directory } = await makePlace();
  let inside = 0;
  const numbers: number[] = [];
  const challenge = async (): Promise<void> => {
    const deps = makeDeps(room, room.dir);
    for (let i = 0; i < 4; i++) {
      const lease = await acquireLock(deps, { directory, timeoutMs: 60_000, onWait: () => {} });
      expect(++inside).toBe(1);
      numbers.push(lease.generation);
      await new Promise((resolve) => setImmediate(resolve));
      await readdir(directory);
      expect(--inside).toBe(0);
      await lease.release();
    }
  };
  await Promise.all(Array.from({ length: 8 }, challenge));
  expect(numbers).toEqual(Array.from({ length: 32 }, (_, i) => i + 1));
});

describe('a holder that was killed', () => {
  let program: string;
  beforeAll(async () => {
    program = path.join(await mkdtemp(path.join(tmpdir(), 'wt-lock-')), 'holder.mjs');
    const root = path.resolve(import.meta.dirname, '../..');
    await build({
      stdin: { contents: HOLDER, resolveDir: root, loader: 'ts' },
      outfile: program,
      bundle: true,
      platform: 'node',
      format: 'esm',
      logLevel: 'error',
      alias: { '#src': path.join(root, 'src') },
      banner: { js: "import{createRequire}from'node:module';const require=createRequire(import.meta.url);" },
    });
  });
  afterAll(() => rm(path.dirname(program), { recursive: true }));

  async function startHolder(
    { room, directory }: Place,
    withChild: boolean,
  ): Promise<{ holder: Started; child: number }> {
    const holder = start(room, room.dir, [process.execPath, program, directory, withChild ? 'child' : 'alone']);
    await until(() => holder.said().endsWith('held\n'));
    return { holder, child: Number(/child (\d+)/.exec(holder.said())?.[1] ?? 0) };
  }

  test('is passed over under the next number, and not before it is dead', async () => {
    const place = await makePlace();
    const { holder } = await startHolder(place, false);
    await expect(place.take()).rejects.toMatchObject({
      code: 'registry.busy',
      details: { holder: expect.stringMatching(new RegExp(`^process ${holder.pid} on .* \\(wt holder\\)$`)) },
    });
    holder.kill('SIGKILL');
    await holder.done;
    expect((await place.take()).generation).toBe(2);
    expect(await generations(place.directory)).toEqual([1, 2]);
  });

  test('still holds it while a child of it works on', async () => {
    const place = await makePlace();
    const { holder, child } = await startHolder(place, true);
    holder.kill('SIGKILL');
    await until(async () => (await readFile(`/proc/${holder.pid}/stat`, 'utf8').catch(() => 'gone')) === 'gone');
    const failure = await place.take().catch((error: unknown) => error);
    process.kill(child, 'SIGKILL');
    await holder.done;
    expect(failure).toMatchObject({ code: 'registry.busy' });
    expect((await place.take()).generation).toBe(2);
  });

  test('is passed over by one of many, and the others wait for that one', async () => {
    const place = await makePlace();
    const { holder } = await startHolder(place, false);
    holder.kill('SIGKILL');
    await holder.done;
    const tries = await Promise.allSettled(Array.from({ length: 6 }, () => place.take()));
    const won = tries.flatMap((one) => (one.status === 'fulfilled' ? [one.value.generation] : []));
    expect(won).toEqual([2]);
    expect(await generations(place.directory)).toEqual([1, 2]);
  });

  test('leaves a pipe and a record that are tidied away; those of the living stay', async () => {
    const place = await makePlace();
    const { holder } = await startHolder(place, false);
    holder.kill('SIGKILL');
    await holder.done;
    const text = await readFile(path.join(place.directory, 'l.1'), 'utf8');
    const { nonce } = JSON.parse(text) as { nonce: string };
    await writeFile(path.join(place.directory, `t.${nonce}.1`), text);
    await writeFile(path.join(place.directory, 'l.15'), text);
    await utimes(path.join(place.directory, 'l.15'), 0, 0);
    const alive = makeDeps(place.room, place.room.dir);
    const { owner } = await alive.identity.owner(place.directory, alive.run);
    await writeFile(path.join(place.directory, `t.${owner.nonce}.1`), JSON.stringify(owner));
    expect((await place.take()).generation).toBe(16);
    const names = await readdir(place.directory);
    expect(names.filter((name) => name.includes(nonce))).toEqual([]);
    expect(names).toContain(`f.${owner.nonce}`);
    expect(names).toContain(`t.${owner.nonce}.1`);
  });
});

/** Takes the lock, says so, and waits to be killed; with `child`, a child that has inherited the pipe does too. */
const HOLDER = `
import { acquireLock } from '#src/platform/lock.ts';
import { createIdentity } from '#src/platform/identity.ts';
import { createRunner } from '#src/platform/runner.ts';
import { systemClock } from '#src/platform/clock.ts';
const [directory, mode] = process.argv.slice(2);
const run = createRunner(process.env);
const identity = createIdentity('wt holder', 'holder-' + process.pid);
const deps = { run, identity, clock: systemClock, random: Math.random, signal: new AbortController().signal };
const lease = await acquireLock(deps, { directory, timeoutMs: 1000, onWait() {} });
const held = () => process.stderr.write('held\\n');
if (mode === 'child') {
  const onLine = (line) => { process.stderr.write('child ' + line + '\\n'); held(); };
  void run({ file: 'sh', args: ['-c', 'echo $$; exec sleep 300'], cwd: directory, holdFd: lease.fd, stdio: { onLine } });
} else held();
setInterval(() => {}, 1000);
`;
