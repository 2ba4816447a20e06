import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { failure } from '../support/listing.ts';
import { makeBench } from '../support/wt.ts';

const SUM = /^\d+ git processes: \d+ ms added up, \d+ ms by the clock; the first after \d+ ms; \d+ ms in all$/;

test('--verbose prints each git process, and at the end how many they were and what they took', async () => {
  const { wt } = await makeBench();
  await wt('create', 'a');
  const { stdout, stderr, git } = await wt('list', '--verbose');
  const lines = stderr.trimEnd().split('\n');
  expect(stdout).not.toContain('git processes');
  expect(lines.filter((line) => / {2}\[.*\] exit \d+, \d+ ms$/.test(line))).toHaveLength(git.length);
  expect(lines.at(-1)).toMatch(SUM);
  expect(lines.at(-1)).toMatch(new RegExp(`^${git.length} git`));
});

test('WT_TRACE=1 prints every process on stderr, and leaves JSON as it is', async () => {
  const { wt } = await makeBench();
  const env = { WT_TRACE: '1' };
  const { raw, stderr, git } = await wt('create', 'a', '--json', { env });
  expect(JSON.parse(raw)).toMatchObject({ ok: true });
  expect(stderr.match(/^\+\d+ ms {2}git /gm)).toHaveLength(git.length);
  expect(stderr).toMatch(/; \d+ ms in all\n$/);
  const path_ = await wt('path', 'a', { env });
  expect(path_.stderr).toMatch(/(?:no process was started|git process).*; \d+ ms in all\n$/);
});

test('a command that fails is traced to its end too', async () => {
  const { wt } = await makeBench();
  const { code, stderr } = await wt('show', 'nobody', { env: { WT_TRACE: '1' } });
  expect(code).toBe(3);
  expect(stderr).toMatch(/ ms in all\n$/);
});

test('WT_TRACE=<file> adds lines of JSON to the file, and says nothing', async () => {
  const { wt, room } = await makeBench();
  const file = path.join(room.dir, 'trace.jsonl');
  const { stderr, git } = await wt('list', { env: { WT_TRACE: file } });
  const lines = (await readFile(file, 'utf8')).trimEnd().split('\n');
  expect(stderr).toBe('');
  expect(lines.slice(0, -1).map((line) => (JSON.parse(line) as { argv: string[] }).argv.slice(1))).toEqual(git);
  expect(JSON.parse(lines.at(-1) ?? '')).toMatchObject({ kind: 'sum', command: 'list', git: git.length });
});

test.each(['yes', 'trace.jsonl', '/'])('WT_TRACE=%s is refused before anything happens', async (text) => {
  const bench = await makeBench();
  const refused = await failure(bench, 'create', 'a', { env: { WT_TRACE: text } });
  expect(refused).toMatchObject({ exit: 2, code: 'config.invalid' });
  expect(refused.message).toContain('$WT_TRACE');
  expect(await bench.data('list')).toMatchObject({ sessions: [] });
});

test.each(['', '0'])('WT_TRACE=%j asks for nothing', async (text) => {
  const { wt } = await makeBench();
  expect((await wt('list', { env: { WT_TRACE: text } })).stderr).toBe('');
});
