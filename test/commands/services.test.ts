import { readFile, stat } from 'node:fs/promises';
import { parseEnv } from 'node:util';
import { expect, test } from 'vitest';
import { makeBench, type Bench } from '../support/wt.ts';

const range = { from: 60_000, to: 60_099 };

async function makeWith(names: readonly string[]): Promise<Bench> {
  const config = { ports: { names, ...range }, setup: { envFile: '.env.local' } };
  return makeBench({ 'README.md': 'hello\n', '.gitignore': '.env.local\n', 'wt.config.jsonc': JSON.stringify(config) });
}

const rename = (bench: Bench, names: readonly string[]): Promise<void> =>
  bench.write({
    'wt.config.jsonc': JSON.stringify({ ports: { names, ...range }, setup: { envFile: '.env.local' } }),
  });

async function envOf(bench: Bench, id: string): Promise<Readonly<Record<string, string | undefined>>> {
  return parseEnv(await readFile(`${bench.at(id)}/.env.local`, 'utf8'));
}

test('a new session has its values in its env file, and nothing there shows as a change', async () => {
  const bench = await makeWith(['web', 'db']);
  const { session } = await bench.data<{ session: { ports: Record<string, number> } }>(
    'create',
    'Fix-1',
    '--task',
    "It's $5",
  );
  expect(await envOf(bench, 'Fix-1')).toMatchObject({
    WT_SESSION: 'Fix-1',
    WT_PORT_WEB: String(session.ports['web']),
    WT_PORT_DB: String(session.ports['db']),
    COMPOSE_PROJECT_NAME: 'app-fix-1',
    WT_DB: expect.stringMatching(/^app_fix_1_[0-9a-f]{7}$/) as string,
  });
  expect((await stat(`${bench.at('Fix-1')}/.env.local`)).mode & 0o777).toBe(0o600);
  expect(await bench.room.git(bench.at('Fix-1'), 'status', '--porcelain')).toBe('');
});

test('a port that the configuration has come to name is leased by wt setup, and the others stay', async () => {
  const bench = await makeWith(['web']);
  await bench.wt('create', 'a');
  const before = await envOf(bench, 'a');
  await rename(bench, ['mail', 'web']);
  expect((await bench.wt('setup', 'a')).code).toBe(0);
  const after = await envOf(bench, 'a');
  expect(after['WT_PORT_WEB']).toBe(before['WT_PORT_WEB']);
  expect(Number(after['WT_PORT_MAIL'])).toBe(Number(before['WT_PORT_WEB']) + 1);
  const { session } = await bench.data<{ session: { ports: Record<string, number> } }>('show', 'a');
  expect(session.ports).toEqual({ mail: Number(after['WT_PORT_MAIL']), web: Number(after['WT_PORT_WEB']) });
  await bench.wt('setup', 'a');
  expect(await envOf(bench, 'a')).toEqual(after);
});

test('two sessions share no value that would make their services meet', async () => {
  const bench = await makeWith(['web']);
  await bench.wt('create', 'a');
  await bench.wt('create', 'b');
  const [a, b] = [await envOf(bench, 'a'), await envOf(bench, 'b')];
  for (const name of ['WT_PORT', 'WT_PORT_WEB', 'COMPOSE_PROJECT_NAME', 'WT_DB', 'WT_PATH']) {
    expect(a[name]).toBeDefined();
    expect(a[name]).not.toBe(b[name]);
  }
});
