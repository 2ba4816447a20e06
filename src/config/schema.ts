import * as z from 'zod';
import { parseSize } from '../core/size.ts';
import { parseDuration } from '../core/time.ts';
import { AgentName } from '../core/names.ts';
import { Agents, NotifyConfig } from './agents.ts';
import { Phases, Ports, Stages, Template } from './commands.ts';
import {
  leadsOut,
  MESSAGE_NAMES,
  whyInvalidBranchTemplate,
  whyInvalidFile,
  whyInvalidPath,
  whyInvalidTemplate,
} from './names.ts';

const age = z
  .string()
  .refine((text) => parseDuration(text) !== undefined, 'a number and a unit, as in 30m, 12h, 14d, 4w')
  .transform((text) => parseDuration(text) ?? 0);

const size = z
  .string()
  .refine((text) => parseSize(text) !== undefined, 'a number and a unit, as in 500MB, 5GB, 2GiB')
  .transform((text) => parseSize(text) ?? 0);

const text = z.string().regex(/\S/, 'must not be empty');
const checked = (why: (value: string) => string | undefined): z.ZodString =>
  text.superRefine((value, context) => {
    const reason = why(value);
    if (reason !== undefined) context.addIssue({ code: 'custom', message: reason });
  });
const pattern = text.refine((value) => !leadsOut(value), 'leads out of the repository');
const count = z.number().int('a whole number').min(0, 'not below 0');

/** Folders that a build or an install makes again. */
export const REGENERABLE = [
  'node_modules',
  'target',
  'dist',
  '.venv',
  'venv',
  '__pycache__',
  '.next',
  '.nuxt',
  '.turbo',
  '.cache',
  '.parcel-cache',
  '.gradle',
  '.pytest_cache',
  '.mypy_cache',
  '.ruff_cache',
  '.tox',
  '.nyc_output',
  '.svelte-kit',
] as const;

/** Names that builds use too, and people for what they write by hand: no precious files, but never deleted unless named. */
export const AMBIGUOUS = ['build', 'out', 'coverage', '.terraform', 'bin', 'obj'] as const;

export const STRATEGIES = ['merge', 'squash', 'rebase', 'ff'] as const;
export type Strategy = (typeof STRATEGIES)[number];

/** Other tools whose set-up of a worktree is read when the project has none of its own, in this order. */
export const FORMATS = ['worktrunk', 'cursor', 'codex', 'conductor', 'gtr', 'phantom', 'claude'] as const;
export type FormatName = (typeof FORMATS)[number];

/** How sessions land. */
const MergeConfig = z.strictObject({
  gate: text.optional().describe('Shell command that must pass on the merged result before the base moves'),
  gateTimeout: age.prefault('1h').describe('How long the gate may take'),
  retries: count
    .max(100)
    .default(3)
    .describe('How often a landing is built and tested anew because the base has moved meanwhile'),
  requireApproval: z.boolean().default(false).describe('Only what a person has approved lands'),
  strategy: z
    .enum(STRATEGIES, `one of ${STRATEGIES.join(', ')}`)
    .default('merge')
    .describe('How the commits of a session come onto the base'),
  message: checked((value) => whyInvalidTemplate(value, MESSAGE_NAMES))
    .optional()
    .describe('Template of the message of a landing'),
});

/** What makes a new worktree ready. */
const SetupConfig = z.strictObject({
  copy: z
    .array(pattern)
    .default([])
    .describe('Ignored files that are copied from the main worktree, as gitignore patterns'),
  link: z
    .array(pattern)
    .default([])
    .describe('Ignored files and folders that are linked to those of the main worktree'),
  run: Stages.default([]).describe('Commands that run in the new worktree, one after the other'),
  timeout: age.prefault('15m').describe('How long one command may take'),
  from: z
    .array(z.enum(FORMATS, `of ${FORMATS.join(', ')}`))
    .default([...FORMATS])
    .describe('Other tools whose definitions are read when there is none here; the first that is found counts'),
  submodules: z.boolean().default(true).describe('Initialise the submodules that the main worktree has initialised'),
  lfs: z
    .enum(['skip', 'pull'], 'skip or pull')
    .default('pull')
    .describe('Whether files of Git LFS are fetched, or stay pointers'),
  envFile: checked(whyInvalidFile)
    .optional()
    .describe('File in the session that gets its values, as in .env.local; it has to be ignored by git'),
});

const TeardownConfig = z.strictObject({
  run: Stages.default([]).describe('Commands that run in the worktree before it is taken away'),
  timeout: age.prefault('5m').describe('How long one command may take'),
});

/** What a machine can bear. 0 or absent: no limit. */
const LimitsConfig = z.strictObject({
  sessions: count.default(0).describe('Sessions at once; 0 for no limit'),
  unreviewed: count.default(0).describe('Sessions that are done and have not landed; 0 for no limit'),
  minFreeDisk: size.prefault('1GB').describe('What stays free on the disk after a create'),
  minFreeInodes: count.default(10_000).describe('How many more files the disk has room for after a create'),
});

/** Worktrees that are kept ready for the next sessions. */
const PoolConfig = z.strictObject({
  size: count.max(16).default(0).describe('Spares: finished worktrees that the next sessions get at once; 0 for none'),
});

const Templates = z.record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'a name of an environment variable'), Template);

/** What a repository, a person, and a person for one repository may set. */
const shared = {
  branch: checked(whyInvalidBranchTemplate).default('wt/{id}').describe('Template of the branch of a session'),
  path: checked(whyInvalidPath).default('.worktrees/{id}').describe('Template of its folder, below .worktrees'),
  setup: SetupConfig.prefault({}).describe('What makes a new worktree ready'),
  teardown: TeardownConfig.prefault({}).describe('What has to be done before a worktree goes'),
  hooks: Phases.prefault({}).describe('Commands around what wt does'),
  env: Templates.default({}).describe('Variables that a session gets, as templates'),
  ports: Ports.default({ names: [], from: 20_000, to: 29_999 }).describe('Ports that a session gets for itself'),
  limits: LimitsConfig.prefault({}).describe('When a create is refused'),
  pool: PoolConfig.prefault({}).describe('Worktrees that are kept ready for the next sessions'),
  merge: MergeConfig.prefault({}).describe('How sessions land'),
  agent: AgentName.optional().describe('Agent that `wt run` starts when none is named'),
};

/** How long what was removed is kept. Never a repository's to say: a clone could empty the trash. */
const TrashConfig = z.strictObject({
  keep: age.prefault('14d').describe('How long what was removed can be brought back'),
  maxSize: size.prefault('5GB').describe('What the trash may take on disk'),
  regenerable: z
    .array(z.string().regex(/^[^/]+$/, 'a name of a folder, without "/"'))
    .default([...REGENERABLE])
    .describe('Names of ignored folders that go first'),
});

/** What is a person's alone to say. */
const personal = {
  trash: TrashConfig.prefault({}),
  agents: Agents.describe('How agents are started'),
  notify: NotifyConfig.prefault({}).describe('How a person is told that a session needs one'),
};

const $schema = z.string().optional().describe('For editors');

/** What a repository brings along, for everyone who works on it. */
export const ProjectConfig = z.strictObject({ $schema, ...shared });

/** All that can be set, with a value for everything. */
export const Settings = z.strictObject({ ...shared, ...personal });
export type Settings = z.infer<typeof Settings>;

/** A person's own file: for all repositories, and for single ones by their path. */
export const PersonalConfig = z.strictObject({
  $schema,
  ...shared,
  ...personal,
  repositories: z
    .record(z.string(), z.strictObject(shared))
    .default({})
    .describe('The same for single repositories, by the path of their main worktree'),
});
