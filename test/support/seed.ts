import * as fc from 'fast-check';

const wish = process.env['WT_SEED'] ?? '409';

/** The seed of every property, so that a run says the same twice; WT_SEED=<n> takes another, WT_SEED=random one by chance. */
export const SEED = wish === 'random' ? Math.trunc(Math.random() * 2 ** 31) : Number(wish);

fc.configureGlobal({ seed: SEED });
