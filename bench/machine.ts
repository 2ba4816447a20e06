import { spawnSync } from 'node:child_process';
import { availableParallelism, cpus, loadavg, release, totalmem, type as system } from 'node:os';

/** Where a bench ran. */
export interface Machine {
  readonly wt: string;
  readonly node: string;
  readonly git: string;
  readonly system: string;
  readonly processors: string;
  readonly memoryGiB: number;
  /** Processes that wanted to run, the minute before: above 1 times are noise. */
  readonly load: number;
}

export function lookAtMachine(program: string): Machine {
  const say = (file: string, ...args: readonly string[]): string =>
    (spawnSync(file, args, { encoding: 'utf8' }).stdout ?? '').trim();
  return {
    wt: [say(process.execPath, program, '--version'), say('git', 'rev-parse', '--short', 'HEAD')].join(' '),
    node: process.versions.node,
    git: say('git', '--version').replace('git version ', ''),
    system: `${system()} ${release()}`,
    processors: `${availableParallelism()} × ${cpus()[0]?.model.trim() ?? 'unknown'}`,
    memoryGiB: Math.round(totalmem() / 1024 ** 3),
    load: Math.round((loadavg()[0] ?? 0) * 10) / 10,
  };
}
