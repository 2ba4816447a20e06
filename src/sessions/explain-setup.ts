import * as z from 'zod';
import { FORMATS } from '../config/schema.ts';
import { listCrawlers } from '../health/crawlers.ts';
import { loadDefinition, type Definition } from '../setup/definition.ts';
import { explainDefinition, PHASES, type ExplainedFiles, type Explanation } from '../setup/explain.ts';
import { gatherMatches } from '../setup/files/match.ts';
import { findHookRules, listNotes, type Surroundings } from '../setup/sources/surroundings.ts';
import { broughtBy, covers, findApproval } from '../setup/trust.ts';
import { userOf, type SessionFacts } from '../setup/values.ts';
import { readBook, sessionAround } from './book.ts';
import { defaultBaseName } from './base.ts';
import { factsOf } from './facts.ts';
import { sessionPath } from './layout.ts';
import { nameBranch, nameFolder } from './naming.ts';
import { gitAtWorktree, type Repo } from './repo.ts';
import { requireSession } from './select.ts';
import { checkTree } from './worktree.ts';

/** All of {@link Explanation}, and whether a person has approved what the repository brings along. */
export interface SetupExplanation extends Explanation {
  /** `nothing`: it brings no commands along. */
  readonly trust: 'approved' | 'unapproved' | 'nothing';
  /** How many commands, variables and gates that would be. */
  readonly brought: number;
  /** What the rules for files match as things are. */
  readonly matches: ExplainedFiles;
  /** What was found beside the definition, in words. */
  readonly notes: readonly string[];
}

/** Explains the set-up of a session, or of a new one when none is named and the caller stands in none. Runs nothing but git, and changes nothing. */
export async function explainSetup(repo: Repo, id: string | undefined): Promise<SetupExplanation> {
  const book = await readBook(repo);
  const session = id === undefined ? sessionAround(book, repo.top) : await requireSession(repo, book, id);
  const definition = await loadDefinition(repo.root, repo.deps.env);
  const facts =
    session === undefined ? newFacts(repo, definition, defaultBaseName(repo, book)) : factsOf(repo, session);
  const isThere = session !== undefined && (await checkTree(session)) === 'ok';
  const around: Surroundings = {
    main: repo.root,
    commonDir: repo.commonDir,
    mainGit: repo.git,
    env: repo.deps.env,
    ...(isThere ? { session: session.path } : {}),
  };
  const [explanation, trust, matches, notes, crawlers] = await Promise.all([
    explainDefinition(definition, facts, { isNew: session === undefined }),
    judgeTrust(repo, definition),
    findMatches(repo, definition, { facts, around }),
    listNotes(around),
    listCrawlers(repo.root),
  ]);
  const hints = crawlers.map(({ message, fix }) => `${message}: ${fix.does}`);
  return { ...explanation, ...trust, matches, notes: [...notes, ...hints] };
}

/** Asks git as a set-up would; for a session that is not there, in the main worktree. */
async function findMatches(
  repo: Repo,
  { files }: Definition,
  { facts, around }: { readonly facts: SessionFacts; readonly around: Surroundings },
): Promise<ExplainedFiles> {
  const { deps, commonDir, git: mainGit } = repo;
  const git = around.session === undefined ? mainGit : gitAtWorktree(repo, around.session);
  const place = { facts, deps, commonDir, mainGit, git, adminDirectory: commonDir };
  const found = await gatherMatches(place, [...files, ...(await findHookRules(around))]);
  const left = found.copies.filter((name) => !found.except.includes(name.replace(/\/$/, '')));
  return { copies: left, links: found.links, skipped: found.skipped };
}

/** Stands where the id of a new session will. */
const NEW_ID = 'ID';

function newFacts(repo: Repo, { settings }: Definition, base: string): SessionFacts {
  const known = { id: NEW_ID, base, task: null, createdAt: repo.deps.clock.now().toISOString() };
  const branch = nameBranch(repo, settings, known);
  return {
    ...known,
    branch,
    path: sessionPath(repo.layout, NEW_ID, nameFolder(repo, settings, { ...known, branch })),
    main: repo.root,
    user: userOf(repo.deps.env),
    ports: {},
    taskFile: undefined,
  };
}

async function judgeTrust(
  { root, commonDir, deps }: Repo,
  definition: Definition,
): Promise<Pick<SetupExplanation, 'trust' | 'brought'>> {
  const brought = broughtBy(root, definition);
  const count = brought.commands.length;
  if (count === 0) return { trust: 'nothing', brought: 0 };
  const isApproved = covers(await findApproval(deps.env, commonDir), brought);
  return { trust: isApproved ? 'approved' : 'unapproved', brought: count };
}

const Written = { file: z.string(), line: z.number().nullable(), at: z.string() };
const Variables = z.record(z.string(), z.string());

/** The same in `--json`. */
export const SetupExplanationData = z.object({
  session: z.string().nullable(),
  trust: z.enum(['approved', 'unapproved', 'nothing']),
  brought: z.number(),
  definitions: z.array(
    z.object({
      format: z.enum(FORMATS),
      file: z.string(),
      isUsed: z.boolean(),
      reason: z.string(),
      notes: z.array(z.string()),
    }),
  ),
  files: z.array(
    z.object({
      kind: z.enum(['copy', 'link']),
      file: z.string(),
      patterns: z.array(z.string()),
      except: z.array(z.string()),
    }),
  ),
  steps: z.array(
    z.object({
      ...Written,
      phase: z.enum(PHASES),
      stage: z.number(),
      name: z.string().nullable(),
      command: z.string(),
      timeoutMs: z.number(),
      env: Variables,
      script: z.string().nullable(),
      owner: z.enum(['repository', 'person']),
    }),
  ),
  env: Variables,
  envFile: z.string().nullable(),
  ports: z.record(z.string(), z.number().nullable()),
  gate: z.object({ ...Written, command: z.string() }).nullable(),
  matches: z.object({
    copies: z.array(z.string()),
    links: z.array(z.string()),
    skipped: z.array(z.object({ path: z.string(), reason: z.string() })),
  }),
  notes: z.array(z.string()),
});
