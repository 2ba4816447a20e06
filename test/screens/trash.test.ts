import path from 'node:path';
import stringWidth from 'string-width';
import { expect, test } from 'vitest';
import { makeBench, type Bench } from '../support/wt.ts';

// Sizes and names of entries differ from run to run: they are replaced by something of the same length.
const NOW = '2026-03-02T12:00:00Z';

async function makeTrash(): Promise<Bench> {
  const bench = await makeBench();
  const gone = async (id: string, at: string, ...argv: string[]): Promise<void> => {
    await bench.wt('create', id, ...argv, { now: at });
    await bench.wt('remove', id, { now: at });
  };
  await gone('fix-login', '2026-02-20T09:00:00Z', '--task', 'Fix the login redirect that loses the query string');
  await gone(
    'i18n',
    '2026-03-01T09:00:00Z',
    '--task',
    '日本語の翻訳を追加する 🎉 und Grüße\nand more',
    '--agent',
    'codex',
  );
  await gone('a-session-with-quite-a-long-name-for-an-id', '2026-03-02T11:55:00Z', '--branch', 'feature/a/deep/one');
  return bench;
}

const seal = (text: string): string =>
  text
    .replaceAll(/\b[0-9a-f]{8}\b/g, '0a1b2c3d')
    .replaceAll(/\d+(?:\.\d)? ?[kM]i?B/g, (size) => size.replaceAll(/\d/g, '9'));

test.each([80, 120])('wt restore --list and wt undo --list at %i columns', async (columns) => {
  const bench = await makeTrash();
  for (const verb of ['restore', 'undo']) {
    const { stdout, code } = await bench.wt(verb, '--list', { columns, now: NOW });
    expect(code).toBe(0);
    const name = path.join('__screens__', `${verb}-list-${columns}.txt`);
    await expect(`$ wt ${verb} --list\n${seal(stdout)}`).toMatchFileSnapshot(`./${name}`);
    expect(Math.max(...stdout.split('\n').map((line) => stringWidth(line)))).toBeLessThanOrEqual(columns);
  }
});
