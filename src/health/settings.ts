import path from 'node:path';
import { loadConfig, personalConfigFile, projectConfigFile } from '../config/load.ts';
import { WtError } from '../core/errors.ts';
import { lstatOf } from '../platform/files.ts';
import { checkTree } from '../sessions/worktree.ts';
import type { Finding } from './finding.ts';
import { restingSessions, type Check } from './scene.ts';

/**
 * A relative core.hooksPath counts from the top of each worktree (git-config(1)). A folder that a tool generates and git
 * ignores, as husky's `.husky/_`, is in the main worktree only: commits elsewhere run no hook, without a word.
 */
export const checkHooks: Check = async (scene) => {
  const { repo } = scene;
  if (repo.isBare) return [];
  const { exitCode, stdout } = await repo.git(['config', '--type=path', '--get', 'core.hooksPath'], {
    hooks: true, // else our own setting would answer
    expect: [0, 1],
  });
  const setting = stdout.replace(/\n$/, '');
  if (exitCode !== 0 || setting === '' || path.isAbsolute(setting)) return [];
  const inMain = path.resolve(repo.root, setting);
  if (!(await lstatOf(inMain))?.isDirectory()) return [];
  const without: string[] = [];
  for (const session of restingSessions(scene)) {
    if ((await checkTree(session)) !== 'ok') continue;
    if ((await lstatOf(path.resolve(session.path, setting))) === undefined) without.push(session.id);
  }
  if (without.length === 0) return [];
  const finding: Finding = {
    check: 'hooks.missing',
    severity: 'warning',
    session: without.length === 1 ? (without[0] ?? null) : null,
    message: `git hooks do not run in ${without.join(', ')}: core.hooksPath is ${setting}, which is not there`,
    why: 'A commit there succeeds with none of the repository’s checks, and git says nothing.',
    fix: {
      kind: 'command',
      argv: ['git', '-C', repo.root, 'config', 'core.hooksPath', inMain],
      does: 'lets every worktree run the hooks of the main one; or run the tool that makes that folder in each session',
    },
  };
  return [finding];
};

/** A remote by a relative path counts from the top of each worktree, so it leads elsewhere from a session. */
export const checkRemotes: Check = async ({ repo, book }) => {
  if (repo.isBare || book.sessions.size === 0) return [];
  const { stdout } = await repo.git(['config', '-z', '--get-regexp', '^remote\\..*\\.url$'], { expect: [0, 1] });
  return stdout
    .split('\0')
    .filter(Boolean)
    .flatMap((line): readonly Finding[] => {
      const [key = '', url = ''] = line.split('\n');
      if (!/^\.{1,2}(?:\/|$)/.test(url)) return [];
      const name = key.slice('remote.'.length, -'.url'.length);
      return [
        {
          check: 'remote.relative',
          severity: 'warning',
          session: null,
          message: `the remote ${name} is ${url}, which leads elsewhere from a session`,
          why: 'Fetch and push work in the main worktree and fail in every session.',
          fix: {
            kind: 'command',
            argv: ['git', '-C', repo.root, 'remote', 'set-url', name, path.resolve(repo.root, url)],
            does: 'names it by its whole path',
          },
        },
      ];
    });
};

/** A configuration that cannot be read: what needs it fails, and programs of sessions go without its variables. */
export const checkConfiguration: Check = async ({ repo }) => {
  try {
    await loadConfig(repo.root, repo.deps.env);
    return [];
  } catch (error) {
    if (!WtError.is(error, 'config.invalid')) throw error;
    const { path: file, line, column, reason } = error.details;
    const isPersonal = file === personalConfigFile(repo.deps.env);
    const isFile = isPersonal || file === projectConfigFile(repo.root);
    return [
      {
        check: 'config.invalid',
        severity: 'error',
        session: null,
        message: `${file}${line === null ? '' : `:${line}:${column ?? 1}`}: ${reason}`,
        why: 'Commands that need the configuration fail, and programs in sessions go without its variables.',
        fix: isFile
          ? {
              kind: 'command',
              argv: ['wt', 'config', 'edit', ...(isPersonal ? ['--personal'] : [])],
              does: 'opens the file, and checks it when you are done',
            }
          : { kind: 'by-hand', does: `mend ${file}` },
      },
    ];
  }
};
