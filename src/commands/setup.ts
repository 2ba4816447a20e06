import * as z from 'zod';
import { askTrust } from '../cli/ask-trust.ts';
import { defineCommand } from '../cli/define.ts';
import { flag, sessionArg } from '../cli/params.ts';
import { readBook, type Session } from '../sessions/book.ts';
import { explainSetup, SetupExplanationData, type SetupExplanation } from '../sessions/explain-setup.ts';
import { findMissingTrust } from '../sessions/hooks.ts';
import { findRepo, openRepo } from '../sessions/open.ts';
import { plannedLines, ReadyData, readyData } from '../sessions/ready-report.ts';
import { makeReady, type ReadyOutcome } from '../sessions/ready.ts';
import { beginSetup, isFirstSetup, openMark } from '../sessions/setup-state.ts';
import { requireSession } from '../sessions/select.ts';
import { loadDefinition } from '../setup/definition.ts';
import type { Phase } from '../setup/step.ts';
import { renderSetup } from '../ui/definition.ts';
import { narratorOf, plannedText, readyLines } from '../ui/setup.ts';
import { createTheme } from '../ui/theme.ts';

interface SetUp {
  readonly kind: 'set-up';
  readonly session: Session;
  /** Undefined: it would only be done. */
  readonly ready: ReadyOutcome | undefined;
  readonly would: readonly string[];
}

type Outcome = SetUp | { readonly kind: 'explained'; readonly root: string; readonly explanation: SetupExplanation };

export default defineCommand({
  description:
    'Runs the set-up of a session, or runs it again after it has failed: submodules, files that are missing, variables, and the commands of setup.run. What the repository brings along runs only once it is approved (wt trust). A session whose set-up failed is broken until it has come to its end. With --explain nothing is run: it shows what would be, from which file and line, and what of it is approved; outside of a session and without an id, for a new one.',
  args: { id: sessionArg },
  options: { explain: flag('--explain', 'Show what would run and from where; run nothing') },
  examples: ['wt setup fix-login', 'wt setup --explain', 'wt setup fix-login --dry-run'],
  mutates: true,
  data: z.object({
    /** Null for a new session, with `--explain`. */
    id: z.string().nullable(),
    path: z.string().nullable(),
    explanation: SetupExplanationData.optional(),
    setup: ReadyData.optional(),
    /** What would be done, a line each; with `--dry-run`. */
    would: z.array(z.string()).optional(),
  }),

  async run(context, { id, explain }): Promise<Outcome> {
    const { deps, globals } = context;
    if (explain) {
      const found = await findRepo(deps);
      return { kind: 'explained', root: found.root, explanation: await explainSetup(found, id) };
    }
    const repo = await openRepo(deps);
    const session = await requireSession(repo, await readBook(repo), id);
    const definition = await loadDefinition(repo.root, deps.env);
    const isFirst = isFirstSetup(session);
    const phases: readonly Phase[] = isFirst ? ['setup', 'create.after'] : ['setup'];
    if (globals.dryRun) return { kind: 'set-up', session, ready: undefined, would: plannedLines(definition, phases) };
    const wanted = { phases, env: definition.settings.setup.envFile !== undefined };
    await askTrust(context, await findMissingTrust(repo, definition, wanted));
    const narrator = narratorOf(deps.io.err, createTheme(deps.io.errColor), session.id);
    const mark = await openMark(repo);
    try {
      const begun = await beginSetup(repo, session.id, { mark, wanted: definition.ports });
      const ready = await makeReady(repo, begun, definition, { narrator, isFirst, mark });
      return { kind: 'set-up', session, ready, would: [] };
    } finally {
      mark.end();
    }
  },

  human(outcome, look) {
    if (outcome.kind === 'explained') return renderSetup(outcome.explanation, outcome.root, look);
    const { session, ready, would } = outcome;
    const { theme } = look;
    if (ready !== undefined) return `${theme.ok} ${theme.name(session.id)} is ready\n${readyLines(ready, look)}`;
    return would.length === 0
      ? `There is nothing to do for ${theme.name(session.id)}.\n`
      : `Would set up ${theme.name(session.id)}\n${plannedText(would)}`;
  },
  warnings: (outcome) => (outcome.kind === 'explained' ? [] : (outcome.ready?.warnings ?? [])),
  json(outcome) {
    if (outcome.kind === 'explained') {
      const { explanation } = outcome;
      const { session, env } = explanation;
      return {
        id: session,
        path: session === null ? null : (env['WT_PATH'] ?? null),
        explanation: dataOf(explanation),
      };
    }
    const { session, ready, would } = outcome;
    return {
      id: session.id,
      path: session.path,
      ...(ready === undefined ? { would: [...would] } : { setup: readyData(ready) }),
    };
  },
});

function dataOf(explanation: SetupExplanation): z.infer<typeof SetupExplanationData> {
  const { definitions, files, steps, notes, matches } = explanation;
  return {
    ...explanation,
    definitions: definitions.map((one) => ({ ...one, notes: [...one.notes] })),
    files: files.map((one) => ({ ...one, patterns: [...one.patterns], except: [...one.except] })),
    steps: [...steps],
    matches: { copies: [...matches.copies], links: [...matches.links], skipped: [...matches.skipped] },
    notes: [...notes],
  };
}
