import { mkdir, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { doctor, expectFixWorks, expectMended, names, only } from '../support/health.ts';
import { listing } from '../support/listing.ts';
import { makeBench, type Bench } from '../support/wt.ts';

const fileOf = ({ root }: Bench): string => `${root}/.worktrees/sessions.json`;

async function makePlace(): Promise<Bench> {
  const bench = await makeBench();
  await bench.wt('create', 'a', '--task', 'of a');
  await bench.wt('create', 'b');
  return bench;
}

/** Edits the registry by hand. */
async function edit(bench: Bench, change: (registry: { [key: string]: any }) => void): Promise<void> {
  const registry = JSON.parse(await readFile(fileOf(bench), 'utf8')) as { [key: string]: unknown };
  change(registry);
  await writeFile(fileOf(bench), JSON.stringify(registry));
}

const DAMAGES: readonly (readonly [string, string, (bench: Bench) => Promise<unknown>])[] = [
  ['is no JSON', 'registry.damaged', (bench) => writeFile(fileOf(bench), '{')],
  [
    'has an entry that cannot be read',
    'registry.damaged',
    (bench) => edit(bench, ({ sessions }) => void (sessions.a = 7)),
  ],
  ['is gone', 'registry.missing', (bench) => rm(fileOf(bench))],
  ['lacks an entry', 'registry.rows', (bench) => edit(bench, ({ sessions }) => void delete sessions.a)],
];

test.each(DAMAGES)(
  'a registry that %s is reported and left as it is; --fix writes it again',
  async (_, check, harm) => {
    const bench = await makePlace();
    const { sessions } = JSON.parse(await readFile(fileOf(bench), 'utf8')) as { sessions: unknown };
    await harm(bench);
    const before = await listing(bench.root);
    expect(await only(bench, check)).toMatchObject({ severity: 'warning', automatic: true });
    expect(await only(bench, check, '--fix', '--dry-run')).toMatchObject({ automatic: true });
    expect(await listing(bench.root)).toEqual(before);
    const damaged = await readFile(fileOf(bench), 'utf8').catch(() => undefined);
    await expectMended(bench, check);
    expect(JSON.parse(await readFile(fileOf(bench), 'utf8'))).toMatchObject({ sessions });
    const aside = (await readdir(`${bench.root}/.worktrees`)).filter((name) => name.includes('.corrupt-'));
    expect(aside).toHaveLength(check === 'registry.damaged' ? 1 : 0);
    for (const name of aside) expect(await readFile(`${bench.root}/.worktrees/${name}`, 'utf8')).toBe(damaged);
  },
);

test('an entry that does not say what git says is written again; what wt does not know in it stays', async () => {
  const bench = await makePlace();
  await edit(bench, ({ sessions }) =>
    Object.assign(sessions.a, { path: '/elsewhere', branch: 'main', 'x-note': 'kept' }),
  );
  expect((await only(bench, 'registry.stale')).message).toContain('path and branch');
  await expectMended(bench, 'registry.stale a');
  const { sessions } = JSON.parse(await readFile(fileOf(bench), 'utf8')) as { sessions: { a: object } };
  expect(sessions.a).toMatchObject({ path: bench.at('a'), branch: 'wt/a', task: 'of a', 'x-note': 'kept' });
});

test('a registry of a newer wt is a finding, and nothing is mended or written', async () => {
  const bench = await makePlace();
  await edit(bench, (registry) => void (registry['version'] = 99));
  await rm(bench.at('a'), { recursive: true });
  const before = await listing(bench.root, /^\.git\/wt\/lock/);
  const { code, findings } = await doctor(bench, '--fix');
  expect({ code, found: names(findings) }).toEqual({ code: 7, found: ['registry.too-new', 'folder.missing a'] });
  expect(findings[0]?.message).toContain('version 99');
  expect(findings[1]?.trouble).toContain('registry');
  expect(await listing(bench.root, /^\.git\/wt\/lock/)).toEqual(before);
});

const PLANTED: readonly (readonly [string, (bench: Bench) => Promise<unknown>])[] = [
  ['a symbolic link', (bench) => symlink(`${bench.room.dir}/victim`, fileOf(bench))],
  ['a folder', (bench) => mkdir(fileOf(bench))],
  ['a file of more than 4 MB', (bench) => writeFile(fileOf(bench), ' '.repeat(5 * 1024 * 1024))],
];

test.each(PLANTED)('%s in place of the registry is an error, and goes aside by hand', async (_, plant) => {
  const bench = await makePlace();
  await writeFile(`${bench.room.dir}/victim`, 'victim\n');
  await rm(fileOf(bench));
  await plant(bench);
  expect(await only(bench, 'registry.not-a-file')).toMatchObject({ severity: 'error', automatic: false });
  await doctor(bench, '--fix');
  expect(await readFile(`${bench.room.dir}/victim`, 'utf8')).toBe('victim\n');
  await expectFixWorks(bench, 'registry.not-a-file');
  expect(names((await doctor(bench, '--fix')).fixed)).toEqual(['registry.missing']);
});

test('a link in place of .worktrees is an error, and nothing is written through it', async () => {
  const bench = await makePlace();
  await rename(`${bench.root}/.worktrees`, `${bench.room.dir}/away`);
  await symlink(`${bench.room.dir}/away`, `${bench.root}/.worktrees`);
  const before = await listing(`${bench.room.dir}/away`);
  const { code, findings, fixed } = await doctor(bench, '--fix');
  expect({ code, fixed }).toEqual({ code: 7, fixed: [] });
  expect(names(findings)).toContain('registry.folder');
  expect(await listing(`${bench.room.dir}/away`)).toEqual(before);
  await expectFixWorks(bench, 'registry.folder');
});

test('what git tracks below .worktrees is an error, and the command takes it out of git but not off the disk', async () => {
  const bench = await makePlace();
  await bench.git('add', '-f', '.worktrees/sessions.json');
  await bench.git('add', '-f', '.worktrees/a');
  await bench.git('commit', '-qm', 'by mistake');
  const before = await listing(`${bench.root}/.worktrees`);
  expect(await only(bench, 'registry.tracked')).toMatchObject({ severity: 'error', automatic: false });
  await expectFixWorks(bench, 'registry.tracked');
  expect(await listing(`${bench.root}/.worktrees`)).toEqual(before);
});
