import * as z from 'zod';
import { WtError } from '../core/errors.ts';
import { parseJson } from '../core/json.ts';
import { environmentForPrograms } from '../git/git.ts';
import type { Forge, ForgePlace } from '../git/forge.ts';
import { withoutCredentials } from '../git/push.ts';
import type { RunResult } from '../platform/runner.ts';
import type { Repo } from './repo.ts';

export type ForgeProgram = 'gh' | 'glab';

/** A pull request, or a merge request, as its forge tells. */
export interface ChangeRequest {
  readonly number: number;
  readonly url: string;
  readonly state: 'open' | 'draft' | 'merged' | 'closed';
  /** Last commit of its branch. */
  readonly head: string | null;
  /** Whose copy has the branch; null when the forge does not say. */
  readonly owner: string | null;
}

/** A program that is missing, not logged in, or does not answer is no failure: there is another way, or none is needed. */
export type Answer<T> =
  | { readonly kind: 'answer'; readonly value: T }
  | { readonly kind: 'unavailable'; readonly why: string };

export interface CreateSpec {
  readonly head: string;
  readonly base: string;
  readonly title: string;
  readonly body: string;
  readonly isDraft: boolean;
  /** Hand it to the browser instead. */
  readonly isWeb: boolean;
}

const ASK_TIMEOUT_MS = 30_000;
const CREATE_TIMEOUT_MS = 120_000;

/** Nothing asks, nothing colours, nothing looks for a newer version of itself. */
const QUIET = {
  GH_PROMPT_DISABLED: '1',
  GH_NO_UPDATE_NOTIFIER: '1',
  GH_NO_EXTENSION_UPDATE_NOTIFIER: '1',
  GH_SPINNER_DISABLED: '1',
  GH_FORCE_TTY: undefined,
  GH_REPO: undefined,
  NO_PROMPT: '1',
  GLAB_NO_PROMPT: '1',
  GLAB_CHECK_UPDATE: 'false',
  GLAB_SEND_TELEMETRY: 'false',
  CHECK_UPDATE: 'false',
  NO_COLOR: '1',
  CLICOLOR_FORCE: undefined,
  PAGER: 'cat',
  GH_PAGER: 'cat',
  GIT_TERMINAL_PROMPT: '0',
};

/** The program that speaks to a forge; undefined when none does. */
export function programOf(forge: Forge): ForgeProgram | undefined {
  return forge === 'github' ? 'gh' : forge === 'gitlab' ? 'glab' : undefined;
}

/** What a host of its own name is, when one of the programs is logged in there. */
export async function askWhichForge(repo: Repo, host: string): Promise<Forge | undefined> {
  for (const [program, forge] of [
    ['gh', 'github'],
    ['glab', 'gitlab'],
  ] as const) {
    const answer = await ask(repo, program, ['auth', 'status', `--hostname=${host}`], ASK_TIMEOUT_MS);
    if (answer.kind === 'answer') return forge;
  }
  return undefined;
}

const GitHubRequest = z.object({
  number: z.number(),
  url: z.string(),
  state: z.string(),
  isDraft: z.boolean().nullish(),
  headRefOid: z.string().nullish(),
  headRepositoryOwner: z.object({ login: z.string() }).nullish(),
});
const GitLabRequest = z.object({
  iid: z.number(),
  web_url: z.string(),
  state: z.string(),
  draft: z.boolean().nullish(),
  sha: z.string().nullish(),
});

/** Change requests of a branch, newest first. */
export async function listRequests(
  repo: Repo,
  place: ForgePlace,
  { head, isMerged, timeoutMs = ASK_TIMEOUT_MS }: { head: string; isMerged: boolean; timeoutMs?: number },
): Promise<Answer<readonly ChangeRequest[]>> {
  const program = programOf(place.forge);
  if (program === undefined) return { kind: 'unavailable', why: `wt knows no program for ${place.host}` };
  const fields = 'number,url,state,isDraft,headRefOid,headRepositoryOwner,mergeCommit';
  const args =
    program === 'gh'
      ? ['pr', 'list', repoFlag(place), `--head=${head}`, `--state=${isMerged ? 'merged' : 'all'}`, `--json=${fields}`]
      : ['mr', 'list', repoFlag(place), `--source-branch=${head}`, isMerged ? '--merged' : '--all', '--output=json'];
  const answer = await ask(repo, program, args, timeoutMs);
  if (answer.kind === 'unavailable') return answer;
  const found = parseRequests(program, answer.value.stdout);
  return found === undefined
    ? { kind: 'unavailable', why: `${program} answered in a way that wt does not understand` }
    : { kind: 'answer', value: found };
}

/** Pure half of {@link listRequests}; undefined for anything that is no list of them. */
export function parseRequests(program: ForgeProgram, stdout: string): readonly ChangeRequest[] | undefined {
  const json = parseJson(stdout.trim() === '' ? '[]' : stdout);
  if (program === 'gh') {
    const parsed = z.array(GitHubRequest).safeParse(json);
    return parsed.data?.map(({ number, url, state, isDraft, headRefOid, headRepositoryOwner }) => ({
      number,
      url,
      state: stateOf(state, isDraft === true),
      head: headRefOid ?? null,
      owner: headRepositoryOwner?.login ?? null,
    }));
  }
  const parsed = z.array(GitLabRequest).safeParse(json);
  return parsed.data?.map(({ iid, web_url: url, state, draft, sha }) => ({
    number: iid,
    url,
    state: stateOf(state, draft === true),
    head: sha ?? null,
    owner: null,
  }));
}

function stateOf(state: string, isDraft: boolean): ChangeRequest['state'] {
  const lower = state.toLowerCase();
  if (lower === 'merged') return 'merged';
  if (lower === 'closed') return 'closed';
  return isDraft ? 'draft' : 'open';
}

/** Opens one; its address, null when it was handed to the browser. Throws `git.failed`, `git.timeout`. */
export async function createRequest(
  repo: Repo,
  place: ForgePlace,
  { head, base, title, body, isDraft, isWeb }: CreateSpec,
): Promise<Answer<string | null>> {
  const program = programOf(place.forge);
  if (program === undefined) return { kind: 'unavailable', why: `wt knows no program for ${place.host}` };
  const draft = isDraft && !isWeb ? ['--draft'] : [];
  const args =
    program === 'gh'
      ? ['pr', 'create', repoFlag(place), `--head=${head}`, `--base=${base}`, `--title=${title}`, '--body-file=-']
      : [
          'mr',
          'create',
          repoFlag(place),
          `--source-branch=${head}`,
          `--target-branch=${base}`,
          `--title=${title}`,
          `--description=${body}`,
          '--yes',
        ];
  const all = [...args, ...draft, ...(isWeb ? ['--web'] : [])];
  const result = await call(repo, program, all, CREATE_TIMEOUT_MS, program === 'gh' ? body : undefined);
  const why = whyUnavailable(program, result);
  if (why !== undefined) return { kind: 'unavailable', why };
  if (result.exitCode !== 0)
    throw new WtError('git.failed', {
      args: [program, ...args.slice(0, 2)],
      exitCode: result.exitCode,
      stderr: withoutCredentials(result.stderr.trim() || result.stdout.trim()),
    });
  if (isWeb) return { kind: 'answer', value: null };
  const url = /https?:\/\/\S+\/(?:pull|merge_requests)\/\d+/.exec(`${result.stdout}\n${result.stderr}`)?.[0];
  return { kind: 'answer', value: url ?? null };
}

/** Shows an existing one in the browser. */
export async function browseRequest(repo: Repo, place: ForgePlace, number: number): Promise<void> {
  const program = programOf(place.forge);
  if (program === undefined) return;
  const noun = program === 'gh' ? 'pr' : 'mr';
  await ask(repo, program, [noun, 'view', String(number), repoFlag(place), '--web'], ASK_TIMEOUT_MS);
}

function repoFlag({ forge, host, repository, page }: ForgePlace): string {
  return `--repo=${forge === 'github' ? `${host}/${repository}` : page}`;
}

async function ask(
  repo: Repo,
  program: ForgeProgram,
  args: readonly string[],
  timeoutMs: number,
): Promise<Answer<RunResult>> {
  try {
    const result = await call(repo, program, args, timeoutMs);
    const why = whyUnavailable(program, result) ?? (result.exitCode === 0 ? undefined : failureWords(program, result));
    return why === undefined ? { kind: 'answer', value: result } : { kind: 'unavailable', why };
  } catch (error) {
    if (!WtError.is(error, 'git.timeout')) throw error;
    return { kind: 'unavailable', why: `${program} did not answer within ${error.details.seconds} s` };
  }
}

/** No shell, no terminal, and the repository is named: where it is called from decides nothing. */
function call(
  repo: Repo,
  program: ForgeProgram,
  args: readonly string[],
  timeoutMs: number,
  input?: string,
): Promise<RunResult> {
  return repo.deps.run({
    file: program,
    args,
    cwd: repo.root,
    env: { ...environmentForPrograms({}), ...QUIET },
    timeoutMs: Math.min(timeoutMs, repo.git.place.limitMs ?? timeoutMs),
    shownArgs: args.slice(0, 2),
    ...(input === undefined ? {} : { input }),
  });
}

/** gh says with exit code 4 that it is not logged in (gh help exit-codes); glab only says it. */
function whyUnavailable(program: ForgeProgram, { exitCode, stderr }: RunResult): string | undefined {
  if (exitCode === 127 || exitCode === 126) return `${program} is not installed`;
  const isStranger =
    exitCode !== 0 &&
    /auth login|not logged in|not authenticated|401 Unauthorized|HTTP 401|Bad credentials/i.test(stderr);
  return (program === 'gh' && exitCode === 4) || isStranger
    ? `${program} is not logged in there (${program} auth login)`
    : undefined;
}

function failureWords(program: ForgeProgram, { stderr, exitCode }: RunResult): string {
  const [first = ''] = withoutCredentials(stderr).trim().split('\n');
  return `${program} failed: ${first === '' ? `exit ${exitCode}` : first}`;
}
