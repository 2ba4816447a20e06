import { expect, test } from 'vitest';
import { NO_FILES, type FilesReport } from '#src/setup/files/files.ts';
import { renderFiles, renderLeftOut, renderSources } from '#src/ui/files.ts';

test('what a session got is a line for each kind', () => {
  const report: FilesReport = {
    ...NO_FILES,
    copied: 4,
    copiedBytes: 1_234_567,
    entries: ['.env', '.env.local', 'data/', 'x\u001b[31m'],
    linked: ['node_modules'],
    skipped: [
      { path: 'a', reason: 'is there already' },
      { path: 'b', reason: 'is a link that leads out of the repository' },
    ],
  };
  expect(renderFiles(report)).toEqual([
    'copied 4 files (1.2 MB): .env, .env.local, data/ and 1 more',
    'linked node_modules to the main worktree',
  ]);
  expect(renderLeftOut(report)).toEqual(['not brought along: b: is a link that leads out of the repository']);
  expect(renderFiles({ ...report, cloned: 4, linked: [], entries: ['x\u001b[31m'] })).toEqual([
    String.raw`copied 4 files (1.2 MB, blocks shared with the originals): x\x1b[31m`,
  ]);
});

test('nothing is no line, and many that did not come are counted', () => {
  expect(renderFiles(NO_FILES)).toEqual([]);
  const skipped = Array.from({ length: 8 }, (_, i) => ({ path: `f${i}`, reason: 'is below a link' }));
  const lines = renderLeftOut({ skipped });
  expect([lines.length, lines.at(-1)]).toEqual([6, 'and 3 more not brought along']);
});

test('submodules and pointers are said', () => {
  expect(renderSources({ submodules: ['lib', 'lib/inner'], lfs: 'skipped', warnings: [] })).toEqual([
    '2 submodules: lib, lib/inner',
    'files of Git LFS stay pointers',
  ]);
  expect(renderSources({ submodules: [], lfs: 'pulled', warnings: [] })).toEqual([]);
});
