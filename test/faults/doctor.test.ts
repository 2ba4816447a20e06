import { mkdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { armBoom, killAtGit } from '../support/faults.ts';
import { doctor, names } from '../support/health.ts';
import { expectInvariants, rememberWork, type Work } from '../support/invariants.ts';
import { makeBench, type Bench } from '../support/wt.ts';

/** A folder, a branch and a record that are gone, and a half-made record. */
async function makeSick(): Promise<{ bench: Bench; before: Work }> {
  const bench = await makeBench({ 'one.txt': 'one\n', 'm.boom': 'boom\n', '.gitattributes': '*.boom filter=boom\n' });
  for (const id of ['folder', 'branch', 'record']) {
    await bench.wt('create', id);
    await bench.work(id, { 'work.txt': `${id}\n` });
    await bench.room.write(bench.at(id), { 'one.txt': `staged in ${id}\n` });
    await bench.room.git(bench.at(id), 'add', '-A');
  }
  await bench.room.write(bench.at('record'), { 'new.txt': 'new\n' });
  const before = await rememberWork(bench);
  await rm(bench.at('folder'), { recursive: true });
  await bench.git('update-ref', '-d', 'refs/heads/wt/branch');
  await rm(`${bench.root}/.git/worktrees/record`, { recursive: true });
  const half = `${bench.root}/.git/worktrees/half`;
  await mkdir(half);
  await writeFile(`${half}/locked`, 'initializing');
  for (const place of [`${half}/locked`, half]) await utimes(place, 1, 1);
  return { bench, before };
}

async function expectHealed(bench: Bench, before: Work, moment: string): Promise<void> {
  const { findings } = await doctor(bench, '--fix');
  // What a killed one was just filling is nobody's to delete: it is named, and left to a person.
  const scratch = findings.filter(({ message }) => message.includes('/.restoring-'));
  expect(names(scratch).filter((name) => name !== 'folder.orphan')).toEqual([]);
  const left = findings.filter((finding) => !scratch.includes(finding));
  expect({ moment, left: names(left) }).toEqual({ moment, left: ['trash.unnamed'] });
  await expectInvariants(bench, before, moment);
  for (const id of ['folder', 'branch', 'record'])
    expect(await readFile(`${bench.at(id)}/one.txt`, 'utf8')).toBe(`staged in ${id}\n`);
  expect(await bench.room.git(bench.at('folder'), 'status', '--porcelain')).toBe('M  one.txt');
}

test('a doctor killed around every third call of git is finished by the next one', async () => {
  for (let n = 1; ; n += 3) {
    const { bench, before } = await makeSick();
    const moment = n % 2 === 1 ? 'before' : 'after';
    if (!(await killAtGit(bench, ['doctor', '--fix'], { n, moment }))) break;
    await expectHealed(bench, before, `killed ${moment} call ${n}`);
  }
});

test('a doctor whose git is killed while it writes files leaves no half-filled folder', async () => {
  const { bench, before } = await makeSick();
  const disarm = await armBoom(bench, 'kill -9 "$(cut -d" " -f4 "/proc/$PPID/stat")" "$PPID"');
  const { findings } = await doctor(bench, '--fix');
  await disarm();
  expect(findings.find(({ session }) => session === 'folder')).toMatchObject({
    check: 'folder.missing',
    trouble: expect.any(String),
  });
  await expectHealed(bench, before, 'git killed');
});
