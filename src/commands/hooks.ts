import * as z from 'zod';
import { findAdapter, listAgentNames, requireAdapter, type AgentConfigs } from '../agents/adapters.ts';
import { findHookFile, HOOK_FILES } from '../agents/hooks/files.ts';
import { defineCommand, type Context } from '../cli/define.ts';
import { loadConfig } from '../config/load.ts';
import { parseWorktreeCall } from '../agents/worktree-call.ts';
import { WtError } from '../core/errors.ts';
import { parseJson } from '../core/json.ts';
import {
  installHooks,
  listHooks,
  removeHooks,
  type HookOutcome,
  type HookRequest,
  type HookView,
} from '../sessions/agent-hooks.ts';
import { makeWorktree, takeWorktreeAway, type WorktreeOutcome } from '../sessions/agent-worktree.ts';
import type { HookedAgent, HookTarget } from '../sessions/hook-place.ts';
import { openRepo } from '../sessions/open.ts';
import type { Repo } from '../sessions/repo.ts';
import { narratorOf } from '../ui/setup.ts';
import { createTheme } from '../ui/theme.ts';
import { needsOf, renderHookOutcome, renderHookViews } from '../ui/hooks.ts';

const ACTIONS = ['install', 'remove', 'status', 'worktree'] as const;

type Outcome =
  | { readonly action: 'install' | 'remove'; readonly outcome: HookOutcome }
  | { readonly action: 'status'; readonly views: readonly HookView[] }
  | { readonly action: 'worktree'; readonly outcome: WorktreeOutcome };

const Hook = z.object({
  agent: z.string(),
  session: z.string().nullable(),
  place: z.enum(['session', 'main']),
  path: z.string(),
});

export default defineCommand({
  description: `Makes an agent tell wt what it does, by hooks in the settings that it reads: of one session, or of the main worktree.

  install <agent> [id]    writes them beside everything that is there
  remove <agent> [id]     takes them out; a file that is as it was left becomes what it was before, to the byte
  status [agent] [id]     says whether they are there, for all agents when none is named
  worktree                is what Claude Code calls for its worktrees, with the hook on standard input

wt run brings along what an agent takes on its command line; this is for agents that are started in another way. A file that git tracks is never written. In the main worktree Claude Code also makes its own worktrees as sessions.`,
  args: {
    action: { flags: '<action>', help: ACTIONS.join(', '), schema: z.string() },
    agent: { flags: '[agent]', help: 'Agent, as in wt run', schema: z.string().optional() },
    id: {
      flags: '[id]',
      help: 'Session; left out, the one stood in, or the main worktree when the caller stands there',
      schema: z.string().min(1, 'must not be empty').optional(),
    },
  },
  options: {},
  examples: [
    'wt hooks install claude',
    'wt hooks install gemini fix-login',
    'wt hooks status',
    'wt hooks remove gemini fix-login',
  ],
  mutates: true,
  data: z.object({
    change: Hook.extend({
      change: z.enum(['installed', 'updated', 'removed', 'none']),
      planned: z.boolean(),
    }).optional(),
    hooks: z
      .array(
        Hook.extend({
          state: z.enum(['current', 'outdated', 'absent', 'unfit']),
          reason: z.string().nullable(),
        }),
      )
      .optional(),
    worktree: z
      .object({
        id: z.string().nullable(),
        kind: z.enum(['created', 'removed', 'kept', 'foreign']),
        path: z.string().nullable(),
      })
      .optional(),
  }),

  async run(context, input): Promise<Outcome> {
    const action = requireAction(input.action);
    if (action === 'worktree') return { action, outcome: await serveWorktreeCall(context) };
    const repo = await openRepo(context.deps);
    const agents = await loadAgents(repo);
    if (action === 'status') {
      const isAgent = input.agent !== undefined && findAdapter(input.agent, agents) !== undefined;
      const named = isAgent ? input.agent : undefined;
      const id = input.id ?? (isAgent ? undefined : input.agent);
      return { action, views: await listHooks(repo, { id, agents: agentsOf(named, agents) }) };
    }
    if (input.agent === undefined)
      throw new WtError('usage.invalid', {
        option: '<agent>',
        reason: `say of which agent: ${HOOK_FILES.map(({ agent }) => agent).join(', ')}`,
        fix: ['wt', 'hooks', 'status'],
      });
    return { action, outcome: await change(context, repo, action, { ...input, agent: input.agent }, agents) };
  },

  human(outcome, look) {
    if (outcome.action === 'status') return renderHookViews(outcome.views, look);
    if (outcome.action !== 'worktree') return renderHookOutcome(outcome.outcome, look);
    // The agent takes the last line of it for the place to work in.
    return outcome.outcome.kind === 'created' ? `${outcome.outcome.path}\n` : '';
  },
  json(outcome) {
    if (outcome.action === 'status')
      return { hooks: outcome.views.map(({ target, state, reason }) => ({ ...placeOf(target), state, reason })) };
    if (outcome.action === 'worktree') return { worktree: worktreeOf(outcome.outcome) };
    const { target, change: kind, isPlanned } = outcome.outcome;
    return { change: { ...placeOf(target), change: kind, planned: isPlanned } };
  },
  warnings(outcome) {
    if (outcome.action === 'status')
      return outcome.views.flatMap(({ target, obstacles }) => obstacles.map((text) => `${target.name}: ${text}`));
    if (outcome.action === 'worktree') return outcome.outcome.warnings;
    const { target, obstacles } = outcome.outcome;
    return [...obstacles.map((text) => `${target.name}: ${text}`), ...needsOf(outcome.outcome)];
  },
});

/** What Claude Code asks for instead of `git worktree add` and `remove`: a session. */
async function serveWorktreeCall({ deps, globals }: Context): Promise<WorktreeOutcome> {
  const { io } = deps;
  const call = parseWorktreeCall(parseJson(io.stdinIsTTY ? '' : await io.readStdin()));
  if (call === undefined)
    throw new WtError('usage.invalid', {
      option: 'standard input',
      reason: 'it has to be a WorktreeCreate hook with a name, or a WorktreeRemove hook with a worktree_path',
    });
  const repo = await openRepo(call.cwd === undefined ? deps : { ...deps, cwd: call.cwd });
  const service = { narrator: narratorOf(io.err, createTheme(io.errColor), ''), dryRun: globals.dryRun };
  return call.kind === 'create' ? makeWorktree(repo, call.name, service) : takeWorktreeAway(repo, call.path, service);
}

function worktreeOf(outcome: WorktreeOutcome): {
  id: string | null;
  kind: WorktreeOutcome['kind'];
  path: string | null;
} {
  const { kind } = outcome;
  return {
    id: kind === 'foreign' ? null : outcome.id,
    kind,
    path: kind === 'created' ? outcome.path : null,
  };
}

async function change(
  { globals }: Context,
  repo: Repo,
  action: 'install' | 'remove',
  { agent, id }: { readonly agent: string; readonly id?: string | undefined },
  agents: AgentConfigs,
): Promise<HookOutcome> {
  const [hooked] = agentsOf(agent, agents);
  if (hooked === undefined) {
    requireAdapter(agent, agents);
    const fix = id === undefined ? undefined : ['wt', 'run', id, agent];
    const reason = 'it has none that wt knows; only its process tells what it does';
    throw new WtError('hooks.refused', { agent, path: null, reason, ...(fix === undefined ? {} : { fix }) });
  }
  const request: HookRequest = { id, agent: hooked, dryRun: globals.dryRun };
  return action === 'install' ? installHooks(repo, request) : removeHooks(repo, request);
}

/** Agents that have hooks: the one that is named, or all. */
function agentsOf(named: string | undefined, agents: AgentConfigs): readonly HookedAgent[] {
  const names = named === undefined ? listAgentNames(agents) : [named];
  return names.flatMap((name) => {
    const like = findAdapter(name, agents)?.like;
    const hooks = findHookFile(like ?? name);
    return hooks === undefined ? [] : [{ name, like, hooks }];
  });
}

async function loadAgents(repo: Repo): Promise<AgentConfigs> {
  return (await loadConfig(repo.root, repo.deps.env)).settings.agents;
}

function placeOf({ name, session, place, file }: HookTarget): z.infer<typeof Hook> {
  return { agent: name, session: session?.id ?? null, place, path: file };
}

function requireAction(word: string): (typeof ACTIONS)[number] {
  const found = ACTIONS.find((action) => action === word);
  if (found !== undefined) return found;
  throw new WtError('usage.invalid', {
    option: word,
    reason: `wt hooks has no such action; it has ${ACTIONS.join(', ')}`,
    fix: ['wt', 'hooks', 'status'],
  });
}
