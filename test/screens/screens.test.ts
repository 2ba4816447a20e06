import { mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import stringWidth from 'string-width';
import { beforeEach, expect, test } from 'vitest';
import { makeRoom, type Files } from '../support/room.ts';
import { benchAt, type Bench, type Result, type Stage } from '../support/wt.ts';

// What people see, kept in __screens__ to be looked at: review a change there as you would a change of a page.
// Everything that differs from run to run is fixed or replaced by something of the same length.
const NOW = '2026-03-02T12:00:00Z';
const HOME = '/home/tess/dev'; // as long as a room's own name, so that tables keep their widths
const WIDTHS = [80, 120] as const;

beforeEach(() => {
  process.env['TMPDIR'] = '/tmp';
});

interface Studio extends Bench {
  /** Sets the time of the commits to come. */
  readonly setTime: (time: string) => void;
  see(argv: readonly string[], stage?: Stage): Promise<Result & { screen: string }>;
}

/** A repository whose object ids are the same in every run. */
async function makeStudio(files: Files = { 'README.md': 'hello\n' }): Promise<Studio> {
  const room = await makeRoom();
  const setTime = (time: string): void =>
    void Object.assign(room.env, { GIT_AUTHOR_DATE: time, GIT_COMMITTER_DATE: time });
  setTime('2026-02-20T09:00:00Z');
  const root = await room.repo('app', files);
  const faithful = {
    ...room,
    seal: (text: string) =>
      text
        .replaceAll(room.dir, HOME)
        .replaceAll(/\/tmp\/wt-\w{1,3}…\w{1,3}\//g, '/home/te…v/')
        .replaceAll(
          /\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/g,
          '0a1b2c3d-4e5f-4061-8273-849505a6b7c8',
        )
        .replaceAll(/process \d+ on \S+/g, 'process 4711 on host'),
  };
  const bench = benchAt(faithful, root);
  const see: Studio['see'] = async (argv, stage = {}) => {
    const result = await bench.wt(...argv, { now: NOW, columns: 80, env: { PAGER: 'cat' }, ...stage });
    const err = result.stderr === '' ? '' : `--- stderr\n${result.stderr}`;
    const code = result.code === 0 ? '' : `--- exit ${result.code}\n`;
    return { ...result, screen: `$ wt ${argv.join(' ')}\n${result.stdout}${err}${code}` };
  };
  return { ...bench, setTime, see };
}

/** Twelve sessions, of every kind of state that git alone can tell. */
async function makeTwelve(): Promise<Studio> {
  const studio = await makeStudio({
    'README.md': 'hello\n',
    'src/login.ts': 'one\ntwo\n',
    'src/search.ts': 'one\n',
    '.gitignore': '.env\n',
  });
  const { wt, work, at, room, git, root, setTime } = studio;
  const create = (id: string, now: string, ...argv: readonly string[]): Promise<Result> =>
    wt('create', id, ...argv, { now });
  await create(
    'fix-login',
    '2026-02-20T09:05:00Z',
    '--task',
    'Fix the login redirect that loses the query string',
    '--agent',
    'claude',
  );
  await create(
    'add-search',
    '2026-02-27T10:00:00Z',
    '--task',
    'Add a search page with filters, paging and a saved-search menu\nand tests',
    '--agent',
    'codex',
  );
  await create('upgrade-deps', '2026-02-28T10:00:00Z', '--agent', 'gemini');
  await create(
    'a-session-with-quite-a-long-name-for-an-id',
    '2026-03-01T10:00:00Z',
    '--task',
    'Try what a long id does',
  );
  await create('i18n', '2026-03-01T11:00:00Z', '--task', '日本語の翻訳を追加する 🎉 und Grüße', '--agent', 'opencode');
  await create('landed-one', '2026-02-25T10:00:00Z', '--task', 'Something that has landed');
  await create('empty-new', '2026-03-02T11:59:30Z');
  await create('gone', '2026-02-22T10:00:00Z', '--task', 'Its folder is gone');
  await create('switched', '2026-02-23T10:00:00Z');
  await create('rebasing', '2026-02-24T10:00:00Z', '--agent', 'aider');
  await create('behind', '2026-02-21T10:00:00Z', '--task', 'Far behind');
  setTime('2026-02-27T12:00:00Z');
  await work('landed-one', { 'landed.txt': 'landed\n' }, 'Land this');
  await git('merge', '-q', '--no-ff', '-m', 'Merge landed-one', 'wt/landed-one');
  await work('add-search', { 'src/search.ts': 'found\n', 'src/page.ts': 'page\n' }, 'Add the search page');
  await work('add-search', { 'src/filter.ts': 'filter\n' }, 'Add filters');
  await work('fix-login', { 'src/login.ts': 'one, fixed\ntwo\n' }, 'Keep the query string');
  await work('behind', { 'behind.txt': 'b\n' }, 'Work that is behind');
  await work('rebasing', { 'src/login.ts': 'one, rebased\ntwo\n' }, 'Rebase me');
  setTime('2026-03-01T12:00:00Z');
  await room.write(root, { 'src/login.ts': 'one, by hand\ntwo\n' });
  await git('commit', '-qam', 'Change the login by hand');
  await room.git(at('rebasing'), 'rebase', 'main').catch(() => undefined);
  await room.write(at('upgrade-deps'), {
    'package.json': '{}\n',
    'README.md': 'hello!\n',
    'lock.json': '{}\n',
    '.env': 'SECRET=1\n',
  });
  await room.git(at('upgrade-deps'), 'add', 'package.json');
  await rm(at('gone'), { recursive: true });
  await room.git(at('switched'), 'switch', '-qc', 'elsewhere');
  await git('worktree', 'add', '-q', '-b', 'by-hand', path.join(room.dir, 'by-hand'));
  return studio;
}

function widest(text: string): number {
  return Math.max(...text.split('\n').map((line) => stringWidth(line)));
}

const file = (name: string, width?: number): string =>
  `./__screens__/${name}${width === undefined ? '' : `-${width}`}.txt`;

test.each(WIDTHS)('wt alone, and the help, at %i columns', async (columns) => {
  const studio = await makeStudio();
  const home = await studio.see([], { columns });
  await expect(home.screen).toMatchFileSnapshot(file('home', columns));
  expect(widest(home.stdout)).toBeLessThanOrEqual(columns);
  const help = await studio.see(['--help'], { columns });
  await expect(help.screen).toMatchFileSnapshot(file('help', columns));
  const create = await studio.see(['create', '--help'], { columns });
  await expect(create.screen).toMatchFileSnapshot(file('help-create', columns));
  const config = await studio.see(['config', '--help'], { columns });
  await expect(config.screen).toMatchFileSnapshot(file('help-config', columns));
});

test.each(WIDTHS)('wt list of no session and of one, at %i columns', async (columns) => {
  const studio = await makeStudio();
  await expect((await studio.see(['list'], { columns })).screen).toMatchFileSnapshot(file('list-0', columns));
  await studio.wt('create', 'fix-login', '--task', 'Fix the login redirect', '--agent', 'claude', {
    now: '2026-03-02T11:00:00Z',
  });
  await expect((await studio.see(['list'], { columns })).screen).toMatchFileSnapshot(file('list-1', columns));
  await expect((await studio.see(['create', 'other', '--dry-run'], { columns })).screen).toMatchFileSnapshot(
    file('create-dry-run', columns),
  );
  await expect((await studio.see(['create', 'other'], { columns })).screen).toMatchFileSnapshot(
    file('create', columns),
  );
});

test('wt list, show, merge, remove and clean of twelve sessions fit the width of the terminal', async () => {
  const studio = await makeTwelve();
  const wrong: string[] = [];
  for (const columns of WIDTHS) {
    for (const [name, argv] of [
      ['list-12', ['list']],
      ['list-12-all', ['list', '--all']],
      ['list-12-conflicts', ['list', '--conflicts']],
      ['conflicts-12', ['conflicts']],
      ['conflicts-one', ['conflicts', 'add-search']],
      ['show-conflict', ['show', 'fix-login']],
      ['show-ready', ['show', 'add-search']],
      ['show-dirty', ['show', 'upgrade-deps']],
      ['show-gone', ['show', 'gone']],
      ['show-new', ['show', 'empty-new']],
      ['merge-preview', ['merge', 'add-search', '--dry-run']],
      ['merge-squash-preview', ['merge', 'add-search', '--dry-run', '--strategy', 'squash']],
      ['remove-dry-run', ['remove', 'empty-new', '--dry-run']],
      ['remove-force-dry-run', ['remove', 'upgrade-deps', '--force', '--dry-run']],
      ['clean-dry-run', ['clean', '--dry-run']],
    ] as const) {
      const { screen, stdout, code } = await studio.see(argv, { columns });
      await expect(screen).toMatchFileSnapshot(file(name, columns));
      if (code !== 0) wrong.push(`${name} exits with ${code}`);
      if (widest(stdout) > columns) wrong.push(`${name} is ${widest(stdout)} wide at ${columns}`);
    }
    for (const color of [1, 3] as const) {
      const { screen, stdout } = await studio.see(['list'], { columns, color });
      await expect(screen.replaceAll('\u001B', '␛')).toMatchFileSnapshot(file(`list-12-color-${color}`, columns));
      const plain = await studio.see(['list'], { columns });
      if (stdout.replaceAll(/\u001B\[[\d;]*m/g, '') !== plain.stdout)
        wrong.push(`colour ${color} changes more than colours at ${columns}`);
    }
  }
  await expect((await studio.see(['list'], { columns: 40 })).screen).toMatchFileSnapshot(file('list-12', 40));
  const piped = await studio.wt('list', { now: NOW });
  await expect(piped.stdout).toMatchFileSnapshot(file('list-12-piped'));

  await expect((await studio.see(['merge', 'add-search', '--yes'])).screen).toMatchFileSnapshot(file('merge'));
  await expect((await studio.see(['remove', 'upgrade-deps', '--force'])).screen).toMatchFileSnapshot(
    file('remove-force'),
  );
  await expect((await studio.see(['clean'])).screen).toMatchFileSnapshot(file('clean'));
  expect(wrong).toEqual([]);
}, 240_000);

test('every kind of message says what happened, what was left as it was, and the next command', async () => {
  const studio = await makeTwelve();
  const { room, root } = studio;
  const plain = path.join(room.dir, 'plain');
  await mkdir(plain);
  await mkdir(path.join(root, '.worktrees', 'taken'));
  await writeFile(path.join(root, 'src/search.ts'), 'edited in main\n');
  await studio.git('branch', 'wt/old');
  await studio.git('branch', 'wt/deep/er');
  const cases: readonly (readonly [string, readonly string[], Stage?])[] = [
    ['usage', ['create', 'x', '--bsae', 'main']],
    ['usage-verb', ['mrege', 'fix-login']],
    ['usage-duration', ['clean', '--older-than', 'soon']],
    ['id', ['create', 'no spaces!']],
    ['repo', ['list'], { cwd: plain }],
    ['repo-gone', ['list', '-C', '/nowhere/at/all']],
    ['session', ['show', 'fix-logn']],
    ['session-exists', ['create', 'fix-login']],
    ['branch-exists', ['create', 'old']],
    ['branch-blocks', ['create', 'deep']],
    ['branch-checked-out', ['create', 'y', '--branch', 'by-hand']],
    ['branch-invalid', ['create', 'y', '--branch', 'a..b']],
    ['path', ['create', 'taken']],
    ['base', ['create', 'y', '--base', 'mian']],
    ['dirty', ['remove', 'upgrade-deps']],
    ['merge-dirty', ['merge', 'upgrade-deps', '--yes']],
    ['operation', ['remove', 'rebasing']],
    ['conflict', ['merge', 'fix-login', '--yes']],
    ['target-dirty', ['merge', 'add-search', '--yes']],
    ['not-ff', ['merge', 'add-search', '--yes', '--strategy', 'ff']],
    ['confirm', ['merge', 'behind']],
    ['unmerged', ['remove', 'add-search']],
    ['declined', ['merge', 'behind'], { answer: false }],
  ];
  const wrong: string[] = [];
  for (const [name, argv, stage] of cases) {
    const { screen, code, stdout, stderr } = await studio.see(argv, stage);
    await expect(screen).toMatchFileSnapshot(file(`error-${name}`));
    const isError = code > 1 && stdout === '' && stderr.startsWith('error: ');
    if (isError !== (name !== 'declined')) wrong.push(name);
  }
  expect(wrong).toEqual([]);
}, 240_000);
