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
});
export type PersonalConfig = z.infer<typeof PersonalConfig>;
