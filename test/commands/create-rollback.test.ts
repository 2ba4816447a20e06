import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import type { Runner } from '#src/platform/runner.ts';
import { failure, leftovers, listing, refs } from '../support/listing.ts';
import { makeBench, type Bench } from '../support/wt.ts';

/** No branch, worktree, administrative folder, registry row, open operation or lock of the session is left. */
async function expectNothingLeft(bench: Bench, id: string, before: string): Promise<void> {
  expect(await refs(bench)).toBe(before);
  expect(await bench.git('worktree', 'list', '--porcelain')).not.toContain(`.worktrees/${id}\n`);
  expect(await bench.git('worktree', 'prune', '-n', '-v')).toBe('');
  expect(await leftovers(bench.root)).toEqual([]);
  const names = (await listing(bench.root)).map((line) => line.replace(/ .*$/, ''));
  expect(
    names.filter(
      (name) =>
        name.startsWith(`.git/worktrees/${id}`) ||
        name.startsWith(`.worktrees/${id}`) ||
        /^\.git\/wt\/trash\/./.test(name),
    ),
  ).toEqual([]);
  const registry = await readFile(`${bench.root}/.worktrees/sessions.json`, 'utf8').catch(() => '{"sessions":{}}');
  expect(Object.keys((JSON.parse(registry) as { sessions: object }).sessions)).not.toContain(id);
  await bench.git('fsck', '--no-dangling', '--no-progress');
}

type Fault = (run: Runner, request: Parameters<Runner>[0]) => ReturnType<Runner>;
const FAULTS: readonly [readonly [string, Fault], ...(readonly [string, Fault])[]] = [
  [
    'fails before it does anything',
    () => Promise.resolve({ exitCode: 128, stdout: '', stderr: 'fatal: injected\n', durationMs: 1 }),
  ],
  [
    'does its work and then fails',
    async (run, request) => {
      await run(request);
      return { exitCode: 128, stdout: '', stderr: 'fatal: injected\n', durationMs: 1 };
    },
  ],
  ['is killed', () => Promise.resolve({ exitCode: 137, stdout: '', stderr: '', durationMs: 1 })],
];

/** The n-th git process of a call goes wrong; `reached` says which one it was. */
function failNth(n: number, fault: Fault): { wrap: (run: Runner) => Runner; reached: () => string | undefined } {
  let count = 0;
  let hit: string | undefined;
  return {
    reached: () => hit,
    wrap: (run) => (request) => {
      if (request.file !== 'git' || ++count !== n) return run(request);
      hit = request.shownArgs?.[0] ?? '';
      return fault(run, request);
    },
  };
}

test.each(FAULTS)('create is taken back to nothing when its n-th git process %s, for every n', async (_, fault) => {
  const bench = await makeBench();
  await bench.wt('create', 'other');
  const before = await refs(bench);
  const failed: string[] = [];
  for (let n = 1; ; n++) {
    const { wrap, reached } = failNth(n, fault);
    const { code } = await bench.wt('create', 'x', { wrap });
    const verb = reached();
    failed.push(`${verb ?? 'none'} ${code === 0 ? 'made' : 'not made'}`);
    if (verb === undefined) break;
    await expectNothingLeft(bench, 'x', before);
  }
  expect(failed).toEqual([
    ...['rev-parse', 'for-each-ref', 'update-ref', 'worktree', 'reset'].map((verb) => `${verb} not made`),
    'none made',
  ]);
});

test('a machine without mkfifo makes sessions too', async () => {
  const bench = await makeBench();
  const { code } = await bench.wt('create', 'x', {
    wrap: (run) => (request) =>
      request.file === 'mkfifo'
        ? Promise.resolve({ exitCode: 127, stdout: '', stderr: 'mkfifo: no such program\n', durationMs: 1 })
        : run(request),
  });
  expect(code).toBe(0);
  expect(await leftovers(bench.root)).toEqual([]);
});

test.each(FAULTS.slice(0, 2))(
  '--from-changes loses nothing when its n-th git process %s, for every n',
  async (_, fault) => {
    const bench = await makeBench({ 'f.txt': 'one\n', 'g.txt': 'one\n' });
    let n = 1;
    for (; ; n++) {
      await bench.write({ 'f.txt': 'staged, long\n', 'new.txt': `new ${n}\n` });
      await bench.git('add', 'f.txt');
      await bench.write({ 'g.txt': 'edited, long\n' });
      const state = async (place: string): Promise<string> =>
        [
          await bench.room.git(place, 'status', '--porcelain'),
          ...(await Promise.all(
            ['f.txt', 'g.txt', 'new.txt'].map((name) => readFile(`${place}/${name}`, 'utf8').catch(() => '')),
          )),
        ].join('\n');
      const before = await state(bench.root);
      const { wrap, reached } = failNth(n, fault);
      const { code } = await bench.wt('create', `x${n}`, '--from-changes', { wrap });
      const isThere = (await bench.git('branch', '--list', `wt/x${n}`)) !== '';
      const copy = isThere ? await state(bench.at(`x${n}`)) : undefined;
      expect([await state(bench.root), copy]).toContain(before);
      expect(code !== 0 || copy === before).toBe(true);
      expect(await leftovers(bench.root)).toEqual([]);
      if (reached() === undefined) break;
      await bench.git('reset', '-q', '--hard');
      await bench.git('clean', '-qfd');
    }
    expect(n).toBeGreaterThan(20);
  },
);

test('a smudge filter that fails takes the branch back with the rest', async () => {
  const bench = await makeBench({ '.gitattributes': '*.bin filter=big\n', 'a.bin': 'pointer\n' });
  await bench.git('config', 'filter.big.smudge', 'false');
  await bench.git('config', 'filter.big.required', 'true');
  const before = await refs(bench);
  const error = await failure(bench, 'create', 'a');
  expect(error).toMatchObject({ code: 'git.failed', exit: 5, changed: false });
  expect(String(error.details['stderr'])).toContain('smudge filter big failed');
  await expectNothingLeft(bench, 'a', before);
});

test('a create that failed is in the stream, and the next one with that id works', async () => {
  const bench = await makeBench();
  await bench.wt('create', 'a', { wrap: failNth(5, FAULTS[0][1]).wrap });
  expect((await bench.wt('create', 'a')).code).toBe(0);
  const { events } = await bench.data<{ events: { event: string; session: string }[] }>('events');
  expect(events.map(({ event }) => event)).toEqual([
    'session.create.before',
    'session.create.failed',
    'session.create.before',
    'session.create.after',
  ]);
});

test('an interrupt while the files are checked out leaves nothing and exits 130', async () => {
  const bench = await makeBench();
  const before = await refs(bench);
  const interrupted = new AbortController();
  const { code } = await bench.wt('create', 'a', {
    signal: interrupted.signal,
    wrap: (run) => (request) => {
      if (request.shownArgs?.[0] === 'reset') interrupted.abort('SIGINT');
      return run(request);
    },
  });
  expect(code).toBe(130);
  await expectNothingLeft(bench, 'a', before);
});

test('an existing branch that was named survives a create that fails', async () => {
  const bench = await makeBench();
  await bench.git('branch', 'mine');
  const before = await refs(bench);
  const { wrap } = failNth(6, FAULTS[0][1]);
  expect((await bench.wt('create', 'a', '--branch', 'mine', { wrap })).code).toBe(5);
  expect(await refs(bench)).toBe(before);
  await expectNothingLeft(bench, 'a', before);
});
