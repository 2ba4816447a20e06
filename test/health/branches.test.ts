import { rm, writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { doctor, expectFixWorks, expectMended, names, only } from '../support/health.ts';
import { photograph } from '../support/invariants.ts';
import { picture, runFix } from '../support/listing.ts';
import { makeBench, type Bench } from '../support/wt.ts';

async function makePlace(): Promise<Bench> {
  const bench = await makeBench();
  for (const id of ['a', 'b']) {
    await bench.wt('create', id);
    await bench.work(id, { 'work.txt': `${id}\n` });
  }
  return bench;
}

test('a branch that is gone is made again at the last commit of its worktree, whatever was done there since', async () => {
  const bench = await makePlace();
  await bench.room.write(bench.at('a'), { 'new.txt': 'new\n' });
  const before = await photograph(bench);
  await bench.git('update-ref', '-d', 'refs/heads/wt/a');
  expect(await only(bench, 'branch.missing')).toMatchObject({ session: 'a', severity: 'error', automatic: true });
  await expectMended(bench, 'branch.missing a');
  expect(await photograph(bench)).toEqual(before);
});

test('a branch whose folder is gone too comes back with it', async () => {
  const bench = await makePlace();
  const tip = await bench.git('rev-parse', 'wt/a');
  await bench.git('update-ref', '-d', 'refs/heads/wt/a');
  await rm(bench.at('a'), { recursive: true });
  await expectMended(bench, 'branch.missing a', 'folder.missing a');
  expect(await bench.git('rev-parse', 'wt/a')).toBe(tip);
});

test('a branch that another one keeps from being made is reported with the reason, and stays wrong', async () => {
  const bench = await makePlace();
  await bench.git('update-ref', '-d', 'refs/heads/wt/a');
  await bench.git('branch', 'wt/a/deep');
  const { code, findings, fixed } = await doctor(bench, '--fix');
  expect({ code, fixed }).toEqual({ code: 7, fixed: [] });
  expect(findings.find(({ check }) => check === 'branch.missing')?.trouble).toContain('could not make wt/a again');
});

test('a branch that is gone without a log of its worktree is made by hand where the session was cut', async () => {
  const bench = await makePlace();
  await bench.git('update-ref', '-d', 'refs/heads/wt/a');
  await rm(`${bench.root}/.git/worktrees/a/logs`, { recursive: true });
  expect(await only(bench, 'branch.missing')).toMatchObject({ automatic: false });
  expect(names((await doctor(bench, '--fix')).fixed)).toEqual([]);
  await expectFixWorks(bench, 'branch.missing');
  expect(await bench.git('rev-parse', 'wt/a')).toBe(await bench.git('rev-parse', 'main'));
});

test('a branch that was renamed is told from one that was deleted', async () => {
  const bench = await makePlace();
  await bench.git('branch', '-m', 'wt/a', 'better');
  const finding = await only(bench, 'branch.missing');
  expect(finding).toMatchObject({ automatic: false });
  expect(finding.message).toContain('better is checked out');
  expect(names((await doctor(bench, '--fix')).fixed)).toEqual([]);
  await expectFixWorks(bench, 'branch.missing');
  expect(await bench.git('rev-parse', 'wt/a')).toBe(await bench.git('rev-parse', 'better'));
});

test('a branch that is gone while HEAD is detached is made by hand at the commit that is checked out', async () => {
  const bench = await makePlace();
  await bench.room.git(bench.at('a'), 'switch', '-q', '--detach', 'main');
  await bench.git('update-ref', '-d', 'refs/heads/wt/a');
  expect(await only(bench, 'branch.missing')).toMatchObject({ automatic: false });
  expect(names((await doctor(bench, '--fix')).fixed)).toEqual([]);
  await expectFixWorks(bench, 'branch.missing');
});

test.each([
  ['another branch', ['switch', '-q', '-c', 'aside']],
  ['no branch', ['switch', '-q', '--detach']],
])('%s checked out in a session is reported and never switched back', async (_, argv) => {
  const bench = await makePlace();
  await bench.room.git(bench.at('a'), ...argv);
  await bench.room.git(bench.at('a'), 'commit', '-q', '--allow-empty', '-m', 'aside');
  const before = await picture(bench);
  expect(await only(bench, 'branch.switched')).toMatchObject({ session: 'a', severity: 'warning', automatic: false });
  expect(names((await doctor(bench, '--fix')).fixed)).toEqual([]);
  expect(await picture(bench)).toEqual(before);
  await expectFixWorks(bench, 'branch.switched');
  expect(await bench.room.git(bench.at('a'), 'symbolic-ref', 'HEAD')).toBe('refs/heads/wt/a');
});

test('a branch that another worktree holds is set free first', async () => {
  const bench = await makePlace();
  await bench.room.git(bench.at('a'), 'switch', '-q', '-c', 'aside');
  await bench.git('switch', '-q', 'wt/a');
  expect(await runFix(bench, (await only(bench, 'branch.switched')).fix ?? undefined)).toBe(0);
  await expectFixWorks(bench, 'branch.switched');
});

test('a rebase that is under way is no switched branch', async () => {
  const bench = await makePlace();
  await bench.work('a', { 'README.md': 'mine\n' });
  await bench.write({ 'README.md': 'theirs\n' });
  await bench.git('commit', '-qam', 'theirs');
  await bench.room.git(bench.at('a'), 'rebase', 'main').catch(() => {});
  expect(await doctor(bench)).toMatchObject({ code: 0, findings: [] });
});

test('a branch of wt that no session has is a note, and the command makes a session on it', async () => {
  const bench = await makePlace();
  await bench.git('branch', 'wt/left');
  await bench.git('branch', 'elsewhere');
  const { code, findings } = await doctor(bench);
  expect({ code, found: names(findings) }).toEqual({ code: 0, found: ['branch.orphan'] });
  await expectFixWorks(bench, 'branch.orphan');
  expect(await bench.data('show', 'left')).toMatchObject({ session: { branch: 'wt/left' } });
});

test('a branch of a name that no session can have is shown', async () => {
  const bench = await makePlace();
  await bench.git('branch', 'wt/deep/er');
  expect(await runFix(bench, (await only(bench, 'branch.orphan')).fix ?? undefined)).toBe(0);
});

test('the branch of a session in the trash is no orphan', async () => {
  const bench = await makePlace();
  await bench.wt('remove', 'a', '--force', '--keep-branch');
  expect(await doctor(bench)).toMatchObject({ code: 0, findings: [] });
});

test('refs of a trash that is gone are a note', async () => {
  const bench = await makePlace();
  await bench.data('remove', 'a', '--force');
  await rm(`${bench.root}/.git/wt/trash`, { recursive: true });
  const { code, findings } = await doctor(bench);
  expect(code).toBe(0);
  expect(new Set(names(findings))).toEqual(new Set(['trash.ref']));
  for (const { fix } of findings) expect(await runFix(bench, fix ?? undefined)).toBe(0);
  const known = await bench.git('for-each-ref');
  await doctor(bench, '--fix');
  expect(await bench.git('for-each-ref')).toBe(known);
});

test('a trash entry that tells nothing of itself is a note that says what it holds', async () => {
  const bench = await makePlace();
  const { removed } = await bench.data<{ removed: { trash: string }[] }>('remove', 'a', '--force');
  await writeFile(`${bench.root}/.git/wt/trash/${removed[0]?.trash}/meta.json`, '{');
  const { message, severity, fix } = await only(bench, 'trash.unnamed');
  expect({ message, severity }).toEqual({
    severity: 'info',
    message: expect.stringContaining('admin, branch-log, meta.json, tree'),
  });
  expect(await runFix(bench, fix ?? undefined)).toBe(0);
});
