import { expect, test } from 'vitest';
import { makeBench } from '../support/wt.ts';

test('prints one absolute path and costs one git process', async () => {
  const { wt } = await makeBench();
  await wt('create', 'a');
  const { code, stdout, stderr, git } = await wt('path', 'a');
  expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: '$ROOM/app/.worktrees/a\n', stderr: '' });
  expect(git.map(([verb]) => verb)).toEqual(['rev-parse']);
});
