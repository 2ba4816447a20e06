import { makeBench, type Bench } from './wt.ts';
import type { Files } from './room.ts';

/** A repository with this configuration, approved. */
export async function makeSetup(config: object, files: Files = {}): Promise<Bench> {
  const bench = await makeBench({
    '.gitignore': '*.log\nout/\n.env*\n',
    'wt.config.jsonc': `${JSON.stringify(config)}\n`,
    ...files,
  });
  await bench.wt('trust', '--yes');
  return bench;
}

/** A new configuration, approved; not committed, since wt reads it from the main worktree. */
export async function configure(bench: Bench, config: object): Promise<void> {
  await bench.write({ 'wt.config.jsonc': `${JSON.stringify(config)}\n` });
  await bench.wt('trust', '--yes');
}
