import type { Phase } from '../step.ts';
import type { Format } from './format.ts';
import { parseGitConfig, type Entry } from './git-config.ts';
import { readOwn } from './read.ts';
import { outsideNotes, rulesFor, shellStep, type Origin } from './steps.ts';

const HOOKS: Readonly<Record<string, { readonly phase: Phase; readonly at: string }>> = {
  'hooks.postcreate': { phase: 'setup', at: 'hooks.postCreate' },
  'hooks.preremove': { phase: 'teardown', at: 'hooks.preRemove' },
  'hooks.postremove': { phase: 'remove.after', at: 'hooks.postRemove' },
};
const COPY = ['copy.include', 'copy.exclude', 'copy.includedirs', 'copy.excludedirs'];

/** `.gtrconfig` of git-worktree-runner, in the syntax of git config (github.com/coderabbitai/git-worktree-runner, docs/configuration.md). */
export const gtr: Format = {
  name: 'gtr',
  async find(root) {
    const written = await readOwn(root, '.gtrconfig');
    if (written === undefined) return undefined;
    const entries = parseGitConfig(written);
    const origin: Origin = {
      root,
      format: 'gtr',
      file: written.file,
      env: { REPO_ROOT: '{main}', WORKTREE_PATH: '{path}', BRANCH: '{branch}' },
      shell: 'bash',
    };
    const all = (key: string): readonly string[] =>
      entries.flatMap((one) => (one.key === key ? (one.value ?? []) : []));
    const copied = rulesFor(origin, 'copy', { globs: all('copy.include'), except: all('copy.exclude') });
    // A bare name is looked for at every depth when the root has none.
    const folders = rulesFor(origin, 'copy', {
      globs: all('copy.includedirs').map(asFolder),
      except: all('copy.excludedirs').map(asFolder),
    });
    const hooks = entries.flatMap((entry) => {
      const hook = HOOKS[entry.key];
      return hook === undefined || (entry.value ?? '').trim() === '' ? [] : [{ ...hook, script: entry.value ?? '' }];
    });
    const steps = hooks.map(({ phase, at, script }, i) => {
      const stage = hooks.slice(0, i).filter((one) => one.at === at).length;
      return shellStep(origin, { phase, at: `${at}[${stage}]`, stage, script });
    });
    return {
      format: 'gtr',
      file: written.file,
      steps: await Promise.all(steps),
      files: [...copied.files, ...folders.files],
      ports: [],
      notes: [...outsideNotes([...copied.outside, ...folders.outside]), ...notesOf(entries)],
    };
  },
};

function asFolder(glob: string): string {
  const name = glob.replace(/\/+$/, '');
  return `${name.includes('/') ? '' : '**/'}${name}/`;
}

function notesOf(entries: readonly Entry[]): readonly string[] {
  const keys = new Set(entries.map(({ key }) => key).filter((key) => HOOKS[key] === undefined && !COPY.includes(key)));
  return [...keys].map((key) => {
    if (key === 'hooks.postcd') return 'hooks.postCd is not run: it is for the shell of gtr';
    if (key.startsWith('include.') || key.startsWith('includeif.')) return `${key} is not followed`;
    return `${key} is not used`;
  });
}
