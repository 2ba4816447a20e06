import path from 'node:path';
import * as z from 'zod';
import { defineCommand } from '../cli/define.ts';
import { flag } from '../cli/params.ts';
import { requireInside, writeConfigText } from '../config/change.ts';
import { readConfigText, requireRight } from '../config/file.ts';
import { projectConfigFile } from '../config/load.ts';
import { ProjectConfig } from '../config/schema.ts';
import { schemaAddress } from '../config/schema-address.ts';
import { WtError } from '../core/errors.ts';
import { keepAside } from '../platform/files.ts';
import { findRepo } from '../sessions/open.ts';
import { proposeConfig } from '../setup/proposal.ts';
import { surveyRepository, type Survey } from '../setup/survey.ts';
import { safe } from '../ui/text.ts';
import type { Look } from '../ui/theme.ts';

interface Outcome {
  readonly kind: 'written' | 'planned' | 'printed';
  readonly root: string;
  readonly file: string;
  readonly text: string;
  readonly survey: Survey;
  /** Where the configuration that was there lies now. */
  readonly kept: string | null;
  readonly hasCommands: boolean;
  /** False: another tool's definition does it. */
  readonly hasSetup: boolean;
  readonly isElsewhere: boolean;
}

export default defineCommand({
  description:
    'Looks at the repository and writes a short wt.config.jsonc with what it has found: what installs the dependencies, ignored .env files, the test command, ports. It runs nothing and changes nothing else. What it writes runs only once a person has approved it, with wt trust.',
  args: {},
  options: {
    print: flag('--print', 'Print it, and write nothing'),
    setup: flag('--setup', 'Write a set-up too where another tool’s definition is found'),
    force: flag('--force', 'Replace the configuration that is there; a copy of it is kept'),
  },
  examples: ['wt init', 'wt init --print', 'wt init --dry-run', 'wt trust'],
  mutates: true,
  data: z.object({
    file: z.string(),
    text: z.string(),
    written: z.boolean(),
    planned: z.boolean().optional(),
    kept: z.string().nullable(),
    found: z.object({
      install: z.array(z.object({ command: z.string(), file: z.string() })),
      test: z.object({ command: z.string(), file: z.string() }).nullable(),
      envFiles: z.array(z.string()),
      ports: z.array(z.object({ name: z.string(), port: z.number().int(), file: z.string() })),
      others: z.array(z.object({ format: z.string(), file: z.string() })),
      notes: z.array(z.string()),
    }),
  }),

  async run({ deps, globals }, input): Promise<Outcome> {
    const repo = await findRepo(deps);
    const { root } = repo;
    if (repo.isBare)
      throw new WtError('path.unsafe', {
        path: root,
        reason: 'a bare repository has no main worktree to write a file into',
      });
    await requireInside(root);
    const file = projectConfigFile(root);
    const before = await readConfigText(file);
    if (before !== undefined && !input.force && !input.print)
      throw new WtError('path.exists', {
        path: file,
        what: 'a configuration already',
        adoptable: false,
        fix: ['wt', 'init', '--print'],
      });
    const survey = await surveyRepository(root, repo.git);
    const $schema = await schemaAddress('project', root);
    const text = proposeConfig(root, survey, { $schema, withSetup: input.setup });
    requireRight(file, text, ProjectConfig);
    const kind = input.print ? 'printed' : globals.dryRun ? 'planned' : 'written';
    const kept = kind === 'written' && before !== undefined ? await keepAside(file) : null;
    if (kind === 'written') await writeConfigText(file, text, before);
    const hasSetup = survey.others.length === 0 || input.setup;
    const hasCommands = (hasSetup && survey.installs.length > 0) || (!hasSetup && survey.others.length > 0);
    const isElsewhere = repo.top !== undefined && repo.top !== root;
    return { kind, root, file, text, survey, kept, hasCommands, hasSetup, isElsewhere };
  },

  human: (outcome, look) => describe(outcome, look),
  warnings: ({ isElsewhere, kind, root }) =>
    isElsewhere && kind !== 'printed'
      ? [`the configuration is that of the main worktree, ${root}; commit it there`]
      : [],
  json: ({ kind, file, text, survey, kept }) => ({
    file,
    text,
    written: kind === 'written',
    ...(kind === 'planned' ? { planned: true } : {}),
    kept,
    found: {
      install: [...survey.installs],
      test: survey.test ?? null,
      envFiles: [...survey.envFiles],
      ports: [...survey.ports],
      others: [...survey.others],
      notes: [...survey.notes],
    },
  }),
});

function describe({ kind, root, file, text, survey, kept, hasCommands, hasSetup }: Outcome, { theme }: Look): string {
  if (kind === 'printed') return safe(text);
  const { installs, envFiles, test, ports, others, notes } = survey;
  const row = (what: string, value: string, from: string): string =>
    `  ${what.padEnd(8)} ${safe(value)}${from === '' ? '' : theme.dim(`  ${from}`)}\n`;
  const found = [
    ...(hasSetup ? installs : []).map(({ command, file: by }) => row('install', command, by)),
    ...(envFiles.length === 0 || !hasSetup ? [] : [row('copy', envFiles.join(', '), 'ignored by git')]),
    ...(test === undefined ? [] : [row('test', test.command, `${test.file}; commented out`)]),
    ...ports.map(({ name, port, file: by }) => row('port', `${name} ${port}`, `${by}; commented out`)),
    ...others.map(({ file: other }) =>
      row(
        'set-up',
        path.relative(root, other),
        hasSetup ? 'is replaced by what is written' : 'is read; wt init --setup writes one instead',
      ),
    ),
    ...notes.map((note) => row('note', note, '')),
  ];
  const nothing = found.length === 0 ? '  nothing that it knows: the file has examples only\n' : '';
  const head = kind === 'written' ? `${theme.ok} Wrote ${theme.path(file)}\n` : `Would write ${theme.path(file)}\n`;
  const old = kept === null ? '' : `  ${theme.dim('the one before is')} ${theme.path(kept)}\n`;
  const next = hasCommands ? `Look at it, then approve its commands: ${theme.command('wt trust')}\n` : '';
  const shown = kind === 'planned' ? `\n${safe(text)}` : '';
  return `${head}${old}${found.join('')}${nothing}${shown}${kind === 'written' ? next : ''}`;
}
