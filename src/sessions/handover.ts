import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { findOwnPane, tmuxAt } from '../agents/tmux.ts';
import { agentFiles } from '../agents/place.ts';
import type { TmuxPlace } from '../agents/facts.ts';
import { parseJson } from '../core/json.ts';
import type { Deps, Env } from '../platform/deps.ts';
import { makePrivateDirectory, readText, removeFile, replaceFile } from '../platform/files.ts';
import type { RunRequest } from './run.ts';

/** What is handed to the wt in a pane: its environment is that of a server that was started long ago, by somebody else perhaps. */
export interface Handover {
  readonly env: Readonly<Record<string, string>>;
  readonly request: Pick<RunRequest, 'id' | 'agent' | 'prompt' | 'args' | 'isResumed'>;
}

/** Names the file with the handover, in the environment of the wt that takes it over, and of nobody else. */
export const HANDOVER = 'WT_HANDOVER';

/** What belongs to the terminal, and not to who starts something there. */
const OF_THE_PANE = new Set([
  'TMUX',
  'TMUX_PANE',
  'TERM',
  'TERM_PROGRAM',
  'TERM_PROGRAM_VERSION',
  'COLUMNS',
  'LINES',
  'SHLVL',
  'PWD',
  'OLDPWD',
  '_',
  HANDOVER,
]);

/** Into a private file, which is gone once it has been read: prompts and keys must be seen on no command line. Returns its path. */
export async function writeHandover(
  { env }: Pick<Deps, 'env'>,
  adminDirectory: string,
  request: Handover['request'],
): Promise<string> {
  const { folder } = agentFiles(adminDirectory);
  await makePrivateDirectory(folder);
  const file = path.join(folder, `handover-${randomUUID()}.json`);
  const own = Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined);
  const handed: Handover = { env: Object.fromEntries(own.filter(([name]) => !OF_THE_PANE.has(name))), request };
  await replaceFile(file, JSON.stringify(handed), 0o600, { isDurable: false });
  return file;
}

export interface TakenOver {
  readonly deps: Deps;
  readonly request: Handover['request'];
  readonly tmux: TmuxPlace;
}

/** Undefined: nothing was handed over to this call, or somebody else has taken it. */
export async function takeHandover(deps: Deps): Promise<TakenOver | undefined> {
  const file = deps.env[HANDOVER];
  const own = findOwnPane(deps.env);
  if (file === undefined || own === undefined) return undefined;
  const handed = parseJson(await readText(file)) as Handover | undefined;
  await removeFile(file);
  if (handed === undefined) return undefined;
  const tmux = tmuxAt(deps.run, deps.cwd, own.socket);
  const { stdout } = await tmux([['display-message', '-p', '-t', own.pane, '#{session_name}']]);
  return { deps: withEnv(deps, handed.env), request: handed.request, tmux: { ...own, session: stdout.trim() } };
}

/** The same doors in another environment. */
function withEnv(deps: Deps, handed: Env): Deps {
  const names = new Set([...Object.keys(deps.env), ...Object.keys(handed)]);
  const env = Object.fromEntries(
    [...names].map((name) => [name, OF_THE_PANE.has(name) ? deps.env[name] : handed[name]]),
  );
  const clean: Env = { ...env, [HANDOVER]: undefined };
  return { ...deps, env: clean, run: (request) => deps.run({ ...request, env: { ...clean, ...request.env } }) };
}
