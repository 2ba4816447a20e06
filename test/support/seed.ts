/** The seed of runs that have to meet certain cases, so that they always do; WT_SEED=<n> takes others. */
export const SEED = Number(process.env['WT_SEED'] ?? 409);
