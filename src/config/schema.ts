import * as z from 'zod';
import { parseSize } from '../core/size.ts';
import { parseDuration } from '../core/time.ts';

const age = z
  .string()
  .refine((text) => parseDuration(text) !== undefined, 'a number and a unit, as in 30m, 12h, 14d, 4w')
  .transform((text) => parseDuration(text) ?? 0);

const size = z
  .string()
  .refine((text) => parseSize(text) !== undefined, 'a number and a unit, as in 500MB, 5GB, 2GiB')
  .transform((text) => parseSize(text) ?? 0);

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

/** How sessions land. */
export const MergeConfig = z.strictObject({
  /** Shell command that must pass on the merged result before the base moves. */
  gate: z.string().regex(/\S/, 'must not be empty').optional(),
  /** How often a landing is built and tested anew because the base has moved meanwhile. */
  retries: z.number().int().min(0).max(100).optional(),
  /** Only what a person has approved lands. */
  requireApproval: z.boolean().optional(),
  strategy: z.enum(STRATEGIES, `one of ${STRATEGIES.join(', ')}`).optional(),
  /** Template of the message; see landing/message.ts for what it may name. */
  message: z.string().regex(/\S/, 'must not be empty').optional(),
});
export type MergeConfig = z.infer<typeof MergeConfig>;

/** What a repository brings along, for everyone who works on it. */
export const ProjectConfig = z.strictObject({ $schema: z.string().optional(), merge: MergeConfig.prefault({}) });

/** A person's own settings. How long the trash is kept is never a repository's to say: a clone could empty it. */
export const PersonalConfig = z.strictObject({
  $schema: z.string().optional(),
  trash: z
    .strictObject({
      /** How long what was removed can be brought back. */
      keep: age.prefault('14d'),
      /** What the trash may take on disk. */
      maxSize: size.prefault('5GB'),
      /** Names of ignored folders that go first. */
      regenerable: z.array(z.string().regex(/^[^/]+$/, 'a name of a folder, without "/"')).default([...REGENERABLE]),
    })
    .prefault({}),
  merge: MergeConfig.prefault({}),
});
export type PersonalConfig = z.infer<typeof PersonalConfig>;
