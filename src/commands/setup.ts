import * as z from 'zod';
import { askTrust } from '../cli/ask-trust.ts';
import { defineCommand } from '../cli/define.ts';
import { sessionArg } from '../cli/params.ts';
import { readBook, type Session } from '../sessions/book.ts';
import { factsOf } from '../sessions/facts.ts';
import { findMissingTrust } from '../sessions/hooks.ts';
import { openRepo } from '../sessions/open.ts';
import { plannedLines, ReadyData, readyData } from '../sessions/ready-report.ts';
import { beginSetup, isFirstSetup, makeReady, openMark, type ReadyOutcome } from '../sessions/ready.ts';
import { requireSession } from '../sessions/select.ts';
import { loadDefinition } from '../setup/definition.ts';
import { knownNames, requireKnown } from '../setup/fill.ts';
import type { Phase } from '../setup/step.ts';
import { valuesOf } from '../setup/values.ts';
import { narratorOf, plannedText, readyLines } from '../ui/setup.ts';
import { createTheme } from '../ui/theme.ts';

interface Outcome {
  readonly session: Session;
  /** Undefined: it would only be done. */
  readonly ready: ReadyOutcome | undefined;
  readonly would: readonly string[];
}

export default defineCommand({
  description:
    'Runs the set-up of a session, or runs it again after it has failed: submodules, files that are missing, variables, and the commands of setup.run. What the repository brings along runs only once it is approved (wt trust). A session whose set-up failed is broken until it has come to its end.',
  args: { id: sessionArg },
  options: {},
  examples: ['wt setup fix-login', 'wt setup fix-login --dry-run'],
  mutates: true,
  data: z.object({
    id: z.string(),
    path: z.string(),
    setup: ReadyData.optional(),
    /** What would be done, a line each; with `--dry-run`. */
    would: z.array(z.string()).optional(),
  }),

  async run(context, { id }): Promise<Outcome> {
    const { deps, globals } = context;
    const repo = await openRepo(deps);
    const session = await requireSession(repo, await readBook(repo), id);
    const definition = await loadDefinition(repo.root, deps.env);
    const isFirst = isFirstSetup(session);
    const phases: readonly Phase[] = isFirst ? ['setup', 'create.after'] : ['setup'];
    requireKnown(definition, phases, [...knownNames(definition), ...Object.keys(valuesOf(factsOf(repo, session)))]);
    if (globals.dryRun) return { session, ready: undefined, would: plannedLines(definition, phases) };
    const wanted = { phases, env: definition.settings.setup.envFile !== undefined };
    await askTrust(context, await findMissingTrust(repo, definition, wanted));
    const narrator = narratorOf(deps.io.err, createTheme(deps.io.errColor), session.id);
    const mark = await openMark(repo);
    try {
      const begun = await beginSetup(repo, session.id, { mark, wanted: definition.ports });
      return { session, ready: await makeReady(repo, begun, definition, { narrator, isFirst, mark }), would: [] };
    } finally {
      mark.end();
    }
  },

  human({ session, ready, would }, look) {
    const { theme } = look;
    if (ready !== undefined) return `${theme.ok} ${theme.name(session.id)} is ready\n${readyLines(ready, look)}`;
    return would.length === 0
      ? `There is nothing to do for ${theme.name(session.id)}.\n`
      : `Would set up ${theme.name(session.id)}\n${plannedText(would)}`;
  },
  warnings: ({ ready }) => ready?.warnings ?? [],
  json: ({ session, ready, would }) => ({
    id: session.id,
    path: session.path,
    ...(ready === undefined ? { would: [...would] } : { setup: readyData(ready) }),
  }),
});
