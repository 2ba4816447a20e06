import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseCommits } from '#src/git/commit.ts';
import { parseFileChanges, type FileChange, parsePathChanges } from '#src/git/diff.ts';
import { parseVerdicts } from '#src/git/conflicts.ts';
import { parseMergeTrees, type MergeResult } from '#src/git/merge-tree.ts';
import { parseRefs } from '#src/git/ref.ts';
import { parseStatus } from '#src/git/status.ts';
import { parseWorktreeList } from '#src/git/worktree.ts';

/** Everything a file name on Linux may hold: all but NUL. */
const anyPath = fc
  .oneof(
    fc.string({
      unit: fc.constantFrom('a', 'b', '/', ' ', '\n', '\t', '"', '\\', 'é', '日', '😀', ':', '?', '!', '-', '1', 'u'),
      minLength: 1,
      maxLength: 16,
    }),
    fc.string({ unit: 'grapheme', minLength: 1, maxLength: 16 }),
    fc.constantFrom('? x', '! x', '1 .M x', 'worktree x', ':100644', '1\t1\tx', '__proto__', 'constructor'),
  )
  .map((text) => text.replaceAll('\0', '0'));
const anyText = fc.string({ unit: 'grapheme', maxLength: 30 }).map((text) => text.replaceAll(/[\0\n]/g, ' '));
const oid = fc.stringMatching(/^[0-9a-f]{39}[1-9a-f]$/);
const seconds = fc.integer({ min: 0, max: 4e9 });
const iso = (n: number): string => new Date(n * 1000).toISOString();

describe('a status', () => {
  const xy = fc.constantFrom('M.', '.M', 'MM', 'A.', 'AM', 'D.', '.D', '.T', 'T.', '.A');
  const record = fc.oneof(
    fc.record({ kind: fc.constant('changed' as const), xy, path: anyPath }),
    fc.record({
      kind: fc.constant('renamed' as const),
      xy: fc.constantFrom('R.', 'RM', 'C.'),
      path: anyPath,
      old: anyPath,
    }),
    fc.record({
      kind: fc.constantFrom('conflicted' as const, 'untracked' as const, 'ignored' as const),
      path: anyPath,
    }),
  );
  type Entry = typeof record extends fc.Arbitrary<infer T> ? T : never;
  const Z = '0'.repeat(40);
  const lineOf = (one: Entry): string => {
    switch (one.kind) {
      case 'changed':
        return `1 ${one.xy} N... 100644 100644 100644 ${Z} ${Z} ${one.path}`;
      case 'renamed':
        return `2 ${one.xy} N... 100644 100644 100644 ${Z} ${Z} R100 ${one.path}\0${one.old}`;
      case 'conflicted':
        return `u UU N... 100644 100644 100644 100644 ${Z} ${Z} ${Z} ${one.path}`;
      case 'untracked':
        return `? ${one.path}`;
      case 'ignored':
        return `! ${one.path}`;
    }
  };
  const tracked = (records: readonly Entry[], at: 0 | 1): readonly string[] =>
    records.flatMap((one) => ('xy' in one && one.xy[at] !== '.' ? [one.path] : []));
  const named = (records: readonly Entry[], kind: Entry['kind']): readonly string[] =>
    records.filter((one) => one.kind === kind).map(({ path }) => path);

  test('keeps every path whole, whatever is in its name', () => {
    fc.assert(
      fc.property(fc.array(record), (records) => {
        expect(parseStatus(records.map((one) => `${lineOf(one)}\0`).join(''))).toEqual({
          staged: tracked(records, 0),
          modified: tracked(records, 1),
          untracked: named(records, 'untracked'),
          conflicted: named(records, 'conflicted'),
          ignored: named(records, 'ignored'),
        });
      }),
      { numRuns: 300 },
    );
  });

  test('passes over headers it does not know', () => {
    expect(parseStatus('# branch.oid abc\0# stash 1\0? a\0').untracked).toEqual(['a']);
  });
});

describe('the list of worktrees', () => {
  const worktree = fc.record({
    path: anyPath.map((name) => `/${name}`),
    head: fc.option(oid, { nil: undefined }),
    ref: fc.option(
      anyText.map((name) => `refs/heads/${name}`),
      { nil: undefined },
    ),
    isBare: fc.boolean(),
    locked: fc.option(anyPath, { nil: undefined }),
    prunable: fc.option(anyPath, { nil: undefined }),
  });

  test('keeps path, branch and the reasons of locks whole', () => {
    fc.assert(
      fc.property(fc.array(worktree), (trees) => {
        const stdout = trees.map((tree) =>
          [
            `worktree ${tree.path}`,
            ...(tree.isBare ? ['bare'] : []),
            `HEAD ${tree.head ?? '0'.repeat(40)}`,
            tree.ref === undefined ? 'detached' : `branch ${tree.ref}`,
            ...(tree.locked === undefined ? [] : [`locked ${tree.locked}`]),
            ...(tree.prunable === undefined ? [] : [`prunable ${tree.prunable}`]),
            '',
          ]
            .map((field) => `${field}\0`)
            .join(''),
        );
        expect(parseWorktreeList(stdout.join(''))).toEqual(trees);
      }),
    );
  });

  test('tells a lock without a reason from no lock', () => {
    const [tree] = parseWorktreeList('worktree /x\0HEAD abc\0detached\0locked\0\0');
    expect(tree).toMatchObject({ locked: '', prunable: undefined });
  });
});

describe('refs', () => {
  const ref = fc.record({
    name: anyText.map((name) => `refs/heads/${name}`),
    commit: oid,
    tree: oid,
    subject: anyText,
    at: fc.option(seconds, { nil: undefined }),
    upstream: fc.option(
      anyText.map((name) => `refs/remotes/${name}`),
      { nil: undefined },
    ),
    ahead: fc.nat(3),
    behind: fc.nat(30),
    isTag: fc.boolean(),
  });

  test('come back as they were, an annotated tag as its commit', () => {
    fc.assert(
      fc.property(fc.array(ref), (refs) => {
        const stdout = refs.map((one) => {
          const track = [one.ahead > 0 ? `ahead ${one.ahead}` : '', one.behind > 0 ? `behind ${one.behind}` : ''];
          const pair = (value: string): string[] => (one.isTag ? ['f'.repeat(40), value] : [value, '']);
          return [
            one.name,
            ...pair(one.commit),
            ...(one.isTag ? ['', one.tree] : [one.tree, '']),
            one.subject,
            ...(one.isTag ? ['', `${one.at ?? ''}`] : [`${one.at ?? ''}`, '']),
            one.upstream ?? '',
            track.filter(Boolean).join(', '),
          ]
            .map((field) => `${field}\0`)
            .join('');
        });
        expect(parseRefs(stdout.map((record) => `${record}\n`).join(''))).toEqual(
          refs.map(({ name, commit, tree, subject, at, upstream, behind }) => ({
            name,
            commit,
            tree,
            subject,
            committedAt: at === undefined ? undefined : iso(at),
            upstream,
            behind,
          })),
        );
      }),
    );
  });
});

test('commits come back as they were, merges and roots too', () => {
  const commit = fc.record({
    commit: oid,
    parents: fc.array(oid, { maxLength: 3 }),
    tree: oid,
    subject: anyText,
    author: anyText,
    at: seconds,
  });
  fc.assert(
    fc.property(fc.array(commit), (commits) => {
      const stdout = commits.map(
        (one) => `${[one.commit, one.parents.join(' '), one.tree, one.subject, one.author, one.at].join('\0')}\0\n`,
      );
      expect(parseCommits(stdout.join(''))).toEqual(
        commits.map(({ at, ...one }) => ({ ...one, committedAt: iso(at) })),
      );
    }),
  );
});

test('changed files keep their path, status and line counts', () => {
  const letters: Readonly<Record<FileChange['status'], string>> = {
    added: 'A',
    modified: 'M',
    deleted: 'D',
    'type-changed': 'T',
  };
  const change = fc
    .record({
      path: anyPath,
      status: fc.constantFrom('added' as const, 'modified' as const, 'deleted' as const, 'type-changed' as const),
      counts: fc.oneof(fc.tuple(fc.nat(9999), fc.nat(9999)), fc.constant([null, null] as const)),
    })
    .map(({ counts: [added, deleted], ...one }): FileChange => ({ ...one, added, deleted }));
  fc.assert(
    fc.property(fc.uniqueArray(change, { selector: ({ path }) => path }), (changes) => {
      const raw = changes.map(({ path, status }) => `:100644 100644 abc def ${letters[status]}\0${path}\0`);
      const numstat = changes.map(({ path, added, deleted }) => `${added ?? '-'}\t${deleted ?? '-'}\t${path}\0`);
      expect(parseFileChanges([...raw, ...numstat].join(''))).toEqual(changes);
    }),
    { numRuns: 300 },
  );
});

test('merges come back one for one, each with its own conflicts', () => {
  const merge: fc.Arbitrary<MergeResult> = fc.oneof(
    fc.record({ kind: fc.constant('clean' as const), tree: oid }),
    fc.record({ kind: fc.constant('conflict' as const), tree: oid, paths: fc.uniqueArray(anyPath, { maxLength: 4 }) }),
  );
  fc.assert(
    fc.property(fc.array(merge), (merges) => {
      const stdout = merges.map((one) =>
        [one.kind === 'clean' ? '1' : '0', one.tree, ...(one.kind === 'clean' ? [] : one.paths), '']
          .map((field) => `${field}\0`)
          .join(''),
      );
      expect(parseMergeTrees(stdout.join(''))).toEqual(merges);
    }),
  );
});

test('verdicts come back one for one, a binary file as binary, a renamed-apart folder although no file of it is left', () => {
  const stage = (path: string, side: number, object = 'a'): string => `100644 ${object.repeat(40)} ${side}\t${path}`;
  const stdout = [
    ['0', 'b'.repeat(40), stage('x y', 1), stage('x y', 2), stage('x y', 3, 'c'), ''],
    ['1', 'x y', 'CONFLICT (binary)', 'text', '1', 'x y', 'CONFLICT (contents)', 'text\n', ''],
    ['1', 'c'.repeat(40), '', '1', 'f', 'Auto-merging', 'Auto-merging f', ''],
    ['0', 'd'.repeat(40), '', '1', 'd', 'CONFLICT(directory rename unclear split)', 'text', ''],
    ['0', 'e'.repeat(40), stage(`f~${'1'.repeat(40)}`, 2), ''],
    ['2', `f~${'1'.repeat(40)}`, 'f', 'CONFLICT (file/directory)', 'text', '', ''],
  ]
    .flat()
    .join('\0');
  expect(parseVerdicts(stdout)).toEqual([
    { tree: 'b'.repeat(40), files: [{ path: 'x y', kind: 'binary' }] },
    { tree: 'c'.repeat(40), files: [] },
    { tree: 'd'.repeat(40), files: [{ path: 'd', kind: 'rename' }] },
    { tree: 'e'.repeat(40), files: [{ path: 'f', kind: 'file/directory' }] },
  ]);
});

test('no parser throws on garbage', () => {
  const garbage = fc
    .array(
      fc.oneof(
        fc.string({ unit: 'binary', maxLength: 20 }),
        fc.constantFrom(
          '1 M. ',
          '2 R.',
          'u ',
          '? ',
          ': A',
          '1\t2\t',
          'worktree ',
          'locked',
          '0',
          '1',
          '\n',
          '',
          'HEAD',
          '1 ',
        ),
      ),
      { maxLength: 30 },
    )
    .map((fields) => fields.join('\0'));
  const parsers = [parseStatus, parseWorktreeList, parseFileChanges, parseMergeTrees, parsePathChanges, parseVerdicts];
  fc.assert(
    fc.property(garbage, (text) => {
      for (const parse of parsers) expect(() => parse(text)).not.toThrow();
    }),
    { numRuns: 1000 },
  );
});
