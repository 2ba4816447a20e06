import path from 'node:path';
import { WtError } from '../core/errors.ts';
import { listTrackedUnder } from '../git/status.ts';
import { checkTree } from '../sessions/worktree.ts';
import type { Finding } from './finding.ts';
import { restingSessions, type Check } from './scene.ts';

/** sessions.json: readable, whole, and nobody else's. */
export const checkRegistry: Check = async ({ repo, book, refused }) => {
  const { registry, worktrees } = repo.layout;
  if (refused !== undefined) return [refusal(refused, registry, worktrees)];
  if (book.repair === undefined) return [];
  const { kind, reason } = book.repair;
  return [
    {
      check: `registry.${kind}`,
      severity: 'warning',
      session: null,
      message: kind === 'rows' ? `sessions.json is not complete: ${reason}` : `${registry} is no use: ${reason}`,
      why: 'Scripts that read it see fewer sessions than there are. wt itself knows them from the notes that lie in git.',
      fix: {
        kind: 'automatic',
        does:
          kind === 'damaged'
            ? 'moves it aside and writes it again from the notes; any other wt command does the same'
            : 'writes it again from the notes; any other wt command does the same',
        apply: () => Promise.resolve(), // taking the lock has done it
      },
    },
  ];
};

function refusal(error: WtError, registry: string, worktrees: string): Finding {
  const base = { severity: 'error' as const, session: null };
  if (WtError.is(error, 'registry.too-new'))
    return {
      ...base,
      check: 'registry.too-new',
      message: `${registry} was written by a newer wt (version ${error.details.found}; this one knows ${error.details.known})`,
      why: 'This wt changes nothing here, so that it cannot drop what the newer one knows.',
      fix: {
        kind: 'command',
        argv: ['npm', 'install', '--global', 'wt-sessions@latest'],
        does: 'brings this wt up to date',
      },
    };
  const isFolder = WtError.is(error, 'path.unsafe');
  const place = isFolder ? worktrees : registry;
  const reason =
    WtError.is(error, 'registry.damaged') || WtError.is(error, 'path.unsafe') ? error.details.reason : error.code;
  return {
    ...base,
    check: isFolder ? 'registry.folder' : 'registry.not-a-file',
    message: `${place} is not used: ${reason}`,
    why: 'Something else was put in its place. wt neither reads nor writes through it, so every command is refused.',
    fix: {
      kind: 'command',
      argv: ['mv', place, `${place}.aside`],
      does: 'moves it aside; the next wt command writes sessions.json again from the notes in git',
    },
  };
}

/** What the file says of a session is what git says. */
export const checkRows: Check = async (scene) => {
  const { file } = scene.book;
  const found: Finding[] = [];
  for (const session of restingSessions(scene)) {
    const { id, path: at, admin } = session;
    const written = file.sessions.get(id);
    if (written === undefined || admin === undefined || (await checkTree(session)) !== 'ok') continue;
    const row = { ...session.row, path: at };
    const wrong = (['path', 'branch', 'ownsBranch'] as const).filter((field) => written[field] !== row[field]);
    if (wrong.length === 0) continue;
    found.push({
      check: 'registry.stale',
      severity: 'warning',
      session: id,
      message: `its ${wrong.join(' and ')} in sessions.json ${wrong.length === 1 ? 'is' : 'are'} not what git says`,
      why: 'wt goes by git, but a script that reads the file is led astray. The folder was moved, or the file was edited by hand.',
      fix: {
        kind: 'automatic',
        does: 'writes the entry again as git has it',
        apply: (held) => held.save(new Map([[id, row]])),
      },
    });
  }
  return found;
};

/** Nothing below `.worktrees` may be in git: a checkout would write over the sessions. */
export const checkTracked: Check = async ({ repo }) => {
  if (repo.isBare) return [];
  const tracked = await listTrackedUnder(repo.git, path.relative(repo.root, repo.layout.worktrees));
  const [first] = tracked;
  if (first === undefined) return [];
  return [
    {
      check: 'registry.tracked',
      severity: 'error',
      session: null,
      message: `git tracks ${first}${tracked.length === 1 ? '' : ` and ${tracked.length - 1} more`} below .worktrees`,
      why: 'A switch or a clone would write over sessions or bring them along, so wt makes and removes none until that ends.',
      fix: {
        kind: 'command',
        argv: ['git', '-C', repo.root, 'rm', '-r', '--quiet', '--cached', '.worktrees'],
        does: 'takes it out of the index, the files stay; commit that',
      },
    },
  ];
};
