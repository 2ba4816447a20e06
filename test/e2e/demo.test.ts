import { spawn } from 'node:child_process';
import { mkdir, readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { makeRoom, type Room } from '../support/room.ts';

const script = path.resolve('scripts/demo.mjs');

interface Played {
  readonly code: number | null;
  readonly output: string;
  /** What is left in the folder for temporary files. */
  readonly left: readonly string[];
}

/** The demo, piped, with a home in which git knows no name; `onOutput` may end it. */
async function play(
  room: Room,
  onOutput: (text: string, end: (signal: NodeJS.Signals) => void) => void,
): Promise<Played> {
  const temporary = path.join(room.dir, 'tmp');
  await mkdir(temporary);
  const identity = /^GIT_(AUTHOR|COMMITTER)_/;
  const env = Object.fromEntries(Object.entries(room.env).filter(([name]) => !identity.test(name)));
  const child = spawn(process.execPath, [script], { cwd: room.dir, env: { ...env, TMPDIR: temporary }, stdio: 'pipe' });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      onOutput(output, (signal) => child.kill(signal));
    });
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  return { code, output, left: await readdir(temporary) };
}

test('the demo plays the main job to its end and leaves nothing behind', async () => {
  const { code, output, left } = await play(await makeRoom(), () => {});
  expect({ code, left, tail: output.slice(-300) }).toMatchObject({ code: 0, left: [] });
  const lines = output.split('\n');
  for (const id of ['login', 'search', 'discount', 'vat', 'docs']) {
    expect(output).toContain(`✓ Created ${id}  branch wt/${id} from main`);
    expect(output).toContain(`$ wt exec ${id} -- agent `);
  }
  expect(output).toMatch(/^vat +dirty +~1 +claude +Add VAT to the total$/m);
  expect(output).toMatch(/^ +conflicts with discount$/m);
  expect(output).toContain('2 files changed, 10 insertions(+), 1 deletion(-)');
  expect(output).toContain('$ wt merge docs --yes\nerror: session docs was not merged\n');
  expect(output).toMatch(/^✓ Committed [0-9a-f]{7} in docs: 2 files/m);
  for (const id of ['docs', 'login', 'search', 'discount']) expect(output).toContain(`✓ Landed ${id} on main`);
  expect(output).toContain('$ wt merge vat --yes\nerror: vat conflicts with main in 1 file\n  src/price.js\n');
  expect(output).toContain('(exit code 6, as it should be)');
  expect(output).toMatch(/^removed +search +merge-adds-nothing/m);
  expect(output).toMatch(/^kept +vat +1 commit not in main/m);
  expect(output).toMatch(/^ *\d+ {2}\S+Z {2}session\.merge\.after {2}discount {2}by user/m);
  expect(lines.filter((line) => line.length > 80 && !line.includes(tmpdir()))).toEqual([]);
});

test('a demo that is interrupted ends its agents and leaves nothing behind', async () => {
  let isSent = false;
  const { code, output, left } = await play(await makeRoom(), (text, end) => {
    if (isSent || !text.includes('writes src/price.js')) return;
    isSent = true;
    end('SIGINT');
  });
  expect({ code, left }).toEqual({ code: 130, left: [] });
  expect(output).not.toContain('demo failed');
});
