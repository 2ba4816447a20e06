import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { readFile, writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { makeBench, type Bench } from '../support/wt.ts';

// What a course on worktrees lets its readers do by hand, from the first worktree to the last clean-up.

const CLI = `USAGE='tasks: add | list | done'
case "$1" in
  add) echo "$2" >> tasks ;;
  list) cat tasks ;;
  *) echo "$USAGE" ;;
esac
`;

/** An agent's edit: a word in the usage line, and the branch of the command behind it. */
async function addCommand({ at }: Bench, id: string, body: string): Promise<void> {
  const file = `${at(id)}/cli.sh`;
  const text = await readFile(file, 'utf8');
  await writeFile(file, text.replace('| done', `| done | ${id}`).replace('  *)', `  ${id}) ${body} ;;\n  *)`));
}

async function run({ root }: Bench, ...words: string[]): Promise<string> {
  return (await promisify(execFile)('sh', ['cli.sh', ...words], { cwd: root })).stdout;
}

test('two agents change the same line: foreseen, refused, resolved in the session, landed, and both commands work', async () => {
  const bench = await makeBench({ 'cli.sh': CLI, '.gitignore': 'tasks\n' });
  const { wt, data, git, at } = bench;
  await wt('create', 'wipe', '--agent', 'claude', '--task', 'Delete all tasks');
  await wt('create', 'remaining', '--agent', 'codex', '--task', 'Count the tasks');
  await addCommand(bench, 'wipe', 'rm -f tasks');
  await addCommand(bench, 'remaining', 'wc -l < tasks');
  // Nothing is committed yet.
  const { pairs } = await data<{ pairs: object[] }>('conflicts');
  expect(pairs).toMatchObject([{ a: 'wipe', b: 'remaining', paths: ['cli.sh'] }]);
  expect((await wt('conflicts', '--exit-code')).code).toBe(6);
  for (const id of ['wipe', 'remaining']) expect((await wt('commit', id)).code).toBe(0);
  expect((await wt('merge', 'wipe', '--yes')).code).toBe(0);

  const refused = await wt('merge', 'remaining', '--yes');
  expect(refused.code).toBe(6);
  expect(refused.stderr).toContain('next: wt merge remaining --resolve');
  expect(await git('status', '--porcelain')).toBe('');
  expect((await wt('merge', 'remaining', '--resolve')).code).toBe(0);
  const brief = (await wt('show', 'remaining', '--conflict-brief')).stdout;
  for (const told of ['Count the tasks', 'Delete all tasks', 'cli.sh', 'wt sync remaining --continue'])
    expect(brief).toContain(told);
  const early = await wt('merge', 'remaining', '--continue', '--yes');
  expect({ code: early.code, said: early.stderr.includes('cli.sh') }).toEqual({ code: 6, said: true });

  const file = `${at('remaining')}/cli.sh`;
  const commands = '  wipe) rm -f tasks ;;\n  remaining) wc -l < tasks ;;\n  *)';
  await writeFile(file, CLI.replace('| done', '| done | wipe | remaining').replace('  *)', commands));
  const landed = await wt('merge', 'remaining', '--continue', '--yes');
  expect({ code: landed.code, stderr: landed.stderr }).toEqual({ code: 0, stderr: '' });
  expect(landed.stdout).toContain('Landed remaining on main');
  await run(bench, 'add', 'one');
  expect((await run(bench, 'remaining')).trim()).toBe('1');
  await run(bench, 'wipe');
  expect(await run(bench)).toBe('tasks: add | list | done | wipe | remaining\n');
  expect(await git('grep', '-c', '<<<<<<<', 'main').catch(() => '')).toBe('');
  expect((await wt('clean')).code).toBe(0);
  expect((await data<{ sessions: object[] }>('list', '--all')).sessions).toEqual([]);
  expect((await git('worktree', 'list')).split('\n')).toHaveLength(1);
});

test('three that build on each other land in the order of their dependencies, by one command', async () => {
  const bench = await makeBench({ 'cli.sh': CLI });
  const { wt, data, work, git } = bench;
  await wt('create', 'schema', '--task', 'Lay out the table');
  await work('schema', { 'schema.sql': 'create table tasks;\n' });
  await wt('create', 'store', '--base', 'schema', '--task', 'Store tasks');
  await work('store', { 'store.sh': '. schema\n' });
  await wt('create', 'docs', '--after', 'store', '--task', 'Write it down');
  await work('docs', { 'docs.md': 'tasks\n' });
  const { landed } = await data<{ landed: { id: string; into: string }[] }>(
    'merge',
    'docs',
    'store',
    'schema',
    '--yes',
  );
  expect(landed.map(({ id, into }) => [id, into])).toEqual([
    ['schema', 'main'],
    ['store', 'main'],
    ['docs', 'main'],
  ]);
  expect(await git('log', '--first-parent', '--format=%s', 'main')).toBe(
    'Merge session docs: Write it down\nMerge session store: Store tasks\nMerge session schema: Lay out the table\nfirst',
  );
  expect(
    (await data<{ sessions: { status: string }[] }>('list', '--all')).sessions.map(({ status }) => status),
  ).toEqual(['landed', 'landed', 'landed']);
});
