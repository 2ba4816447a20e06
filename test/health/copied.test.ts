import { cp, mkdir, rm } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { doctor, names, only } from '../support/health.ts';
import { listing, runFix } from '../support/listing.ts';
import { benchAt, makeBench, type Bench } from '../support/wt.ts';

async function makePlace(): Promise<Bench> {
  const bench = await makeBench({ 'one.txt': 'one\n' });
  for (const id of ['a', 'b']) {
    await bench.wt('create', id);
    await bench.work(id, { 'done.txt': `${id}\n` });
    await bench.room.write(bench.at(id), { 'one.txt': 'not staged\n', 'new.txt': 'untracked\n' });
  }
  return bench;
}

describe('a folder that is in use by another git directory is never proposed to be moved', () => {
  test.each(['.git alone', '.git and .worktrees/sessions.json'])(
    'after %s was copied: the copied record goes, the original is not touched',
    async (what) => {
      const bench = await makePlace();
      const copy = benchAt(bench.room, `${bench.room.dir}/copy`);
      await mkdir(`${copy.root}/.worktrees`, { recursive: true });
      await cp(`${bench.root}/.git`, `${copy.root}/.git`, { recursive: true });
      if (what.includes('sessions'))
        await cp(`${bench.root}/.worktrees/sessions.json`, `${copy.root}/.worktrees/sessions.json`);
      await copy.git('reset', '-q', '--hard');
      const original = await listing(bench.root);
      const { findings } = await doctor(copy, '--fix');
      const found = findings.filter(({ severity }) => severity !== 'info');
      expect(names(found)).toEqual(['worktree.copied a', 'worktree.copied b']);
      for (const { fix, message, automatic } of found) {
        expect({ automatic, message }).toEqual({
          automatic: false,
          message: expect.stringContaining(`${bench.root}/.git`),
        });
        expect(fix?.join(' ')).not.toContain(`${bench.root}/`);
        expect(await runFix(copy, fix ?? undefined)).toBe(0);
      }
      expect(await listing(bench.root)).toEqual(original);
      const gone = (await doctor(copy)).findings.filter(({ session }) => session !== null);
      expect(names(gone)).toEqual(['session.gone a', 'session.gone b']);
      for (const { fix } of gone) expect(await runFix(copy, fix ?? undefined)).toBe(0);
      expect(await copy.git('worktree', 'list')).not.toContain('.worktrees');
      expect(await listing(bench.root)).toEqual(original);
      expect((await bench.wt('doctor')).code).toBe(0);
    },
  );

  test('when it lies at the place of a session it is left to whose it is; moved by them, the session comes back', async () => {
    const bench = await makePlace();
    const { room, at } = bench;
    await rm(at('a'), { recursive: true });
    const other = await room.repo('other');
    await room.git(other, 'worktree', 'add', '-q', '-b', 'x', at('a'));
    const before = await listing(room.dir, /^app\/\.git\/wt/);
    const finding = await only(bench, 'folder.foreign', '--fix');
    expect(finding).toMatchObject({ session: 'a', severity: 'error', automatic: false, fix: null });
    expect(finding.message).toContain(`${other}/.git/worktrees/a`);
    expect(await listing(room.dir, /^app\/\.git\/wt/)).toEqual(before);
    await room.git(other, 'worktree', 'move', at('a'), `${room.dir}/elsewhere`);
    expect(names((await doctor(bench, '--fix')).fixed)).toContain('folder.missing a');
  });
});
