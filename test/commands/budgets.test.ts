import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import type { Runner } from '#src/platform/runner.ts';
import { makeBench, type Bench } from '../support/wt.ts';

/** Every program that a call of wt starts itself: git by its verb, others by their name. */
async function programsOf(bench: Bench, ...argv: readonly string[]): Promise<readonly string[]> {
  const seen: string[] = [];
  const wrap =
    (run: Runner): Runner =>
    (request) => {
      seen.push(request.file === 'git' ? (request.shownArgs?.[0] ?? 'git') : request.file);
      return run(request);
    };
  const { code, stderr } = await bench.wt(...argv, { wrap });
  expect({ code, stderr }).toMatchObject({ code: 0 });
  return seen.toSorted();
}

/** Sessions by the copy: git's folder and the row of one that is there, under other names. */
async function fillUp(bench: Bench, count: number): Promise<void> {
  const [admin, file] = [`${bench.root}/.git/worktrees`, `${bench.root}/.worktrees/sessions.json`];
  const registry = JSON.parse(await readFile(file, 'utf8')) as { sessions: Record<string, object> };
  for (let n = 0; n < count; n++) {
    const id = `more-${n}`;
    await cp(`${admin}/seed`, `${admin}/${id}`, { recursive: true });
    await mkdir(bench.at(id));
    await writeFile(`${bench.at(id)}/.git`, `gitdir: ${admin}/${id}\n`);
    await writeFile(`${admin}/${id}/gitdir`, `${bench.at(id)}/.git\n`);
    await writeFile(`${admin}/${id}/HEAD`, `ref: refs/heads/wt/${id}\n`);
    await bench.git('branch', '-q', `wt/${id}`);
    const named = (text: string): string => text.replaceAll('seed', id);
    await writeFile(`${admin}/${id}/wt.json`, named(await readFile(`${admin}/seed/wt.json`, 'utf8')));
    registry.sessions[id] = JSON.parse(named(JSON.stringify(registry.sessions['seed']))) as object;
  }
  await writeFile(file, JSON.stringify(registry));
}

test.each([0, 30])('create, merge and remove start the same programs beside %i other sessions', async (others) => {
  const bench = await makeBench();
  await bench.wt('create', 'seed');
  await fillUp(bench, others);
  expect(await programsOf(bench, 'create', 'a')).toEqual([
    'for-each-ref',
    'mkfifo',
    'reset',
    'rev-parse',
    'update-ref',
    'worktree',
  ]);
  await bench.work('a', { 'feature.txt': 'feature\n' }, 'work');
  expect(await programsOf(bench, 'merge', 'a', '--yes')).toEqual([
    'commit-tree',
    'config',
    'diff-tree',
    'for-each-ref',
    'log',
    'merge',
    'merge-tree',
    'mkfifo',
    'rev-parse',
    'status',
    'status',
    'worktree',
  ]);
  expect(await programsOf(bench, 'remove', 'a')).toEqual([
    'commit-tree',
    'for-each-ref',
    'merge-base',
    'mkfifo',
    'rev-list',
    'rev-list',
    'rev-parse',
    'status',
    'update-ref',
    'update-ref',
    'write-tree',
  ]);
});
