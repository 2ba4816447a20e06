import { execa } from 'execa';
import { existsSync } from 'node:fs';
import { chmod, mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import type { AnyCommand, Param } from '#src/cli/define.ts';
import { globalParams } from '#src/cli/params.ts';
import { findVerb, table, type Verb, type VerbName } from '#src/cli/table.ts';
import { PROGRAM } from './support/spawn.ts';
import { makeTmux, NEEDS_TMUX } from './support/tmux.ts';
import { fakeAgents } from './support/agents.ts';
import { callWt, makeBench, type Bench } from './support/wt.ts';

const root = path.resolve('.');
const verbs = Object.entries(table) as [VerbName, Verb][];

async function listPages(): Promise<readonly string[]> {
  const inDocs = await readdir(path.join(root, 'docs'), { recursive: true });
  const atTop = await readdir(root);
  return [...atTop, ...inDocs.map((name) => path.join('docs', name))].filter((name) => name.endsWith('.md'));
}

const read = (name: string): Promise<string> => readFile(path.join(root, name), 'utf8');

test('the generated pages are what the code says', async () => {
  const args = ['scripts/run-ts.mjs', 'scripts/docs.ts', '--check'];
  const { exitCode, stderr } = await execa(process.execPath, args, { cwd: root, reject: false });
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
});

test('every relative link in the pages leads somewhere, also to its heading', async () => {
  const broken: string[] = [];
  for (const page of await listPages()) {
    for (const [, target = ''] of withoutCode(await read(page)).matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(target)) continue;
      const [name = '', heading] = target.split('#');
      const file = name === '' ? page : path.join(path.dirname(page), name);
      if (!existsSync(path.join(root, file))) broken.push(`${page}: ${target}`);
      else if (heading !== undefined && !headingsOf(await read(file)).includes(heading))
        broken.push(`${page}: ${target}`);
    }
  }
  expect(broken).toEqual([]);
});

test('every command that README, the questions and the page on agents name exists, with its flags', async () => {
  const wrong: string[] = [];
  for (const page of ['README.md', 'docs/faq.md', 'docs/agents.md']) {
    for (const call of callsIn(await read(page))) {
      const problem = await problemOf(call);
      if (problem !== undefined) wrong.push(`${page}: wt ${call.join(' ')}: ${problem}`);
    }
  }
  expect(wrong).toEqual([]);
});

test.each(verbs.map(([name]) => name))('the examples of wt %s are understood by the program', async (name) => {
  const spec = (await table[name].load()).default as AnyCommand;
  expect(spec.examples.length).toBeGreaterThan(0);
  for (const example of spec.examples as readonly string[]) {
    const calls = callsOf(example);
    expect({ example, calls }).not.toEqual({ example, calls: [] });
    for (const argv of calls) {
      expect({ example, problem: await problemOf(argv) }).toEqual({ example, problem: undefined });
      const bench = await stage();
      const ending = new AbortController();
      const isEndless = argv[0] === 'wait' || argv.some((word) => ['--follow', '-f', '--watch'].includes(word));
      const timer = isEndless ? setTimeout(() => ending.abort('SIGINT'), 500) : undefined;
      const { code, stderr } = await callWt(bench.room, argv, {
        cwd: bench.root,
        signal: ending.signal,
        program: PROGRAM,
      });
      clearTimeout(timer);
      // 3: a session that is not there; 4: one that is; 8: nobody can answer; 130: interrupted before it had begun.
      const isWithoutTmux = NEEDS_TMUX !== '' && argv.includes('--tmux');
      const understood = [0, 3, 4, 8, ...(isEndless ? [130] : []), ...(isWithoutTmux ? [5] : [])];
      expect({ example, code, stderr: understood.includes(code) ? '' : stderr }).toEqual({
        example,
        code,
        stderr: '',
      });
    }
  }
});

test.each(['How do I bring a removed session back?', 'Can I get at the trash without wt?'])(
  'a removed session comes back whole with the commands of the questions page: %s',
  async (heading) => {
    const bench = await makeBench({ 'a.txt': 'one\n', '.gitignore': '.env\n' });
    const { room, root: main } = bench;
    await bench.wt('create', 'login', '--task', 'Mend it', '--agent', 'claude');
    const tip = await bench.work('login', { 'a.txt': 'two\n' });
    await room.write(bench.at('login'), { 'a.txt': 'three\n', 'staged.txt': 'staged\n' });
    await room.git(bench.at('login'), 'add', 'staged.txt');
    await room.write(bench.at('login'), { 'new.txt': 'new\n', '.env': 'secret\n' });
    const before = await room.git(bench.at('login'), 'status', '--porcelain', '--ignored');
    await bench.data('remove', 'login', '--force');
    await bench.git('gc', '--quiet', '--prune=now');
    const { removed } = await bench.data<{ removed: { trash: string }[] }>('list', '--all');

    await runBlock(bench, heading, removed[0]?.trash ?? '');

    expect(await room.git(bench.at('login'), 'status', '--porcelain', '--ignored')).toBe(before);
    expect(await room.git(bench.at('login'), 'rev-parse', 'HEAD', 'refs/heads/wt/login')).toBe(`${tip}\n${tip}`);
    expect(await readFile(path.join(bench.at('login'), '.env'), 'utf8')).toBe('secret\n');
    const { sessions } = await bench.data<{ sessions: unknown[] }>('list');
    expect(sessions).toMatchObject([
      { id: 'login', task: 'Mend it', agent: 'claude', status: 'dirty', tree: 'ok', ahead: 1 },
    ]);
    expect(
      (await bench.git('fsck', '--connectivity-only')).split('\n').filter((line) => line.includes('missing')),
    ).toEqual([]);
    expect(existsSync(path.join(main, '.worktrees', 'login', 'tree'))).toBe(false);
  },
);

test('the trash is emptied, and wt taken away, with the commands of the questions page', async () => {
  const bench = await makeBench();
  await bench.wt('create', 'login');
  await bench.wt('create', 'stays');
  await bench.data('remove', 'login', '--force');
  const { removed } = await bench.data<{ removed: { trash: string }[] }>('list', '--all');
  await runBlock(bench, 'How do I empty the trash?', removed[0]?.trash ?? '');
  expect(await bench.git('for-each-ref', 'refs/wt')).toBe('');
  expect(await bench.data('list', '--all')).toMatchObject({ sessions: [{ id: 'stays' }], removed: [] });

  const demo = `${bench.root}/.worktrees/demo`;
  await bench.git('worktree', 'add', '-q', '-b', 'demo', demo);
  await bench.git('worktree', 'lock', '--reason', 'mine\nwt stays: no', demo);
  await runBlock(bench, 'What does uninstalling leave?', '');
  expect(await bench.git('worktree', 'list')).toContain('[wt/stays]');
  expect(await bench.git('status', '--porcelain')).toBe('');
  expect(existsSync(path.join(bench.root, '.git', 'wt'))).toBe(false);
  await bench.git('worktree', 'remove', bench.at('stays'));
  expect(await bench.git('worktree', 'list')).not.toContain('[wt/stays]');
  await expect(bench.git('worktree', 'remove', demo)).rejects.toThrow('mine');
});

/** A repository in which the examples of the help find much of what they name. */
async function stage(): Promise<Bench> {
  const bench = await makeBench();
  await bench.git('worktree', 'add', '-q', '-b', 'hotfix', '../app-hotfix');
  for (const name of ['origin', 'fork']) {
    await bench.git('init', '-q', '--bare', `${bench.room.dir}/${name}.git`);
    await bench.git('remote', 'add', name, `${bench.room.dir}/${name}.git`);
  }
  await fakeAgents(bench.room);
  makeTmux(bench.room);
  await bench.write({ 'task.md': 'Mend it\n' });
  await bench.wt('create', 'fix-login', '--task', 'Mend it', '--agent', 'claude');
  await bench.write({ 'begun.txt': 'begun\n' });
  return bench;
}

/** Runs the first block of commands below a heading of the questions page, `op` replaced, with the built program as `wt`. */
async function runBlock({ room, root: main }: Bench, heading: string, op: string): Promise<void> {
  const page = await read('docs/faq.md');
  const below = page.slice(page.indexOf(`## ${heading}\n`));
  const [, block] = /```sh\n([\s\S]*?)```/.exec(below) ?? [];
  expect({ heading, block }).toEqual({ heading, block: expect.any(String) });
  const bin = path.join(room.dir, 'bin');
  await mkdir(bin, { recursive: true });
  await writeFile(
    path.join(bin, 'wt'),
    `#!/bin/sh\nexec "${process.execPath}" "${path.join(root, 'bin', 'wt.js')}" "$@"\n`,
  );
  await chmod(path.join(bin, 'wt'), 0o755);
  const script = `set -eu\n${(block ?? '').replace(/^op=.*$/m, `op=${op}`)}`;
  await execa('sh', ['-c', script], {
    cwd: main,
    env: { ...room.env, PATH: `${bin}:${room.env['PATH'] ?? ''}` },
    extendEnv: false,
  });
}

/** Calls of wt on a line of shell: `wt …` at its start, after an operator, or in `$(…)`. */
function callsOf(line: string): readonly (readonly string[])[] {
  return [...line.matchAll(/(?:^|\$\(|[|;&]\s*)wt ((?:'[^']*'|"[^"]*"|[^|;&>)'"#])*)/g)].map(([, words = '']) =>
    wordsOf(words.trim()),
  );
}

/** Calls of wt in the code of a page: in blocks, and between backticks. */
function callsIn(page: string): readonly (readonly string[])[] {
  const blocks = [...page.matchAll(/```(?:sh|console)\n([\s\S]*?)```/g)].flatMap(([, body = '']) => body.split('\n'));
  const prompts = blocks.map((line) => line.replace(/^\$ /, ''));
  const inline = [...withoutBlocks(page).matchAll(/`([^`\n]+)`/g)].map(([, code = '']) => code);
  const lines = [...prompts, ...inline].map((line) => line.replaceAll('…', '').replace(/^npx wt-sessions /, 'wt '));
  return lines.flatMap(callsOf).filter((call) => call.length > 0 && !call[0]?.startsWith('<'));
}

function wordsOf(text: string): readonly string[] {
  return [...text.matchAll(/(?:'[^']*'|"[^"]*"|\S)+/g)].map(([word]) => word.replaceAll(/^['"]|['"]$/g, ''));
}

/** Why the program would not take these words; undefined when it would. */
async function problemOf(argv: readonly string[]): Promise<string | undefined> {
  const verb = findVerb(argv[0]);
  if (verb === undefined) return 'no such command';
  const spec = (await table[verb].load()).default as AnyCommand;
  const params = [...Object.values<Param>(spec.options), ...Object.values<Param>(globalParams)];
  const known = new Set([
    ...params.flatMap(({ flags }) => flags.match(/(?<![\w-])--?[A-Za-z][\w-]*/g) ?? []),
    '-h',
    '--help',
  ]);
  const own = argv.slice(1, argv.includes('--') ? argv.indexOf('--') : undefined);
  return own.find((word) => /^-./.test(word) && !known.has(word.split('=')[0] ?? ''));
}

function withoutBlocks(page: string): string {
  return page.replaceAll(/```[\s\S]*?```/g, '');
}

function withoutCode(page: string): string {
  return withoutBlocks(page).replaceAll(/`[^`\n]*`/g, '');
}

/** Headings as GitHub names them in a link. */
function headingsOf(page: string): readonly string[] {
  return [...withoutBlocks(page).matchAll(/^#+ (.+)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replaceAll(/[^\p{L}\d _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}
