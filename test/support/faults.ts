import { chmod, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { runBuilt } from './built.ts';
import type { Bench, Stage } from './wt.ts';

/** Around a process: before it has done anything, or after it has done all. */
export const MOMENTS = ['before', 'after'] as const;
export type Moment = (typeof MOMENTS)[number];

/** Makes the n-th process fail: `before` it has done anything, or `after` it has done all and only its answer is lost. */
export function failAt(n: number, moment: Moment): { wrap: NonNullable<Stage['wrap']>; hit: () => string | undefined } {
  let count = 0;
  let hit: string | undefined;
  return {
    hit: () => hit,
    wrap: (run) => async (request) => {
      if (++count !== n) return run(request);
      hit = `${request.file} ${(request.shownArgs ?? request.args).slice(0, 2).join(' ')}`;
      if (moment === 'after') await run(request);
      return { exitCode: 128, stdout: '', stderr: 'fatal: injected\n', durationMs: 0 };
    },
  };
}

const SHIM = `#!/bin/sh
printf x >> "$WT_FAULT_COUNT"
n=$(wc -c < "$WT_FAULT_COUNT")
if [ "$n" -lt "$WT_FAULT_AT" ]; then exec "$WT_FAULT_GIT" "$@"; fi
if [ "$WT_FAULT_MOMENT" = after ]; then "$WT_FAULT_GIT" "$@"; fi
kill -9 0
`;

/** The built program, killed with all its children around its n-th call of git. False when it ended before that. */
export async function killAtGit(
  bench: Bench,
  argv: readonly string[],
  at: { n: number; moment: Moment },
): Promise<boolean> {
  const { room } = bench;
  const folder = path.join(room.dir, 'shim');
  const count = path.join(room.dir, 'count');
  await room.write(folder, { git: SHIM });
  await chmod(path.join(folder, 'git'), 0o755);
  await rm(count, { force: true });
  const { isKilled } = await runBuilt(room, bench.root, argv, {
    PATH: `${folder}:${room.env['PATH'] ?? ''}`,
    WT_FAULT_GIT: path.join(await room.git(bench.root, '--exec-path'), 'git'),
    WT_FAULT_COUNT: count,
    WT_FAULT_AT: String(at.n),
    WT_FAULT_MOMENT: at.moment,
  });
  return isKilled;
}

/**
 * Files named `*.boom` run a script when git writes them, once: in the very middle of a checkout. `disarm` ends that.
 * Arm it only after the file is committed somewhere.
 */
export async function armBoom({ room, git }: Bench, script: string): Promise<() => Promise<void>> {
  const [flag, file] = [path.join(room.dir, 'armed'), path.join(room.dir, 'boom.sh')];
  await writeFile(flag, '');
  await writeFile(file, `if [ -e '${flag}' ]; then rm '${flag}'; ${script}; fi\ncat\n`);
  await git('config', 'filter.boom.smudge', `sh '${file}'`);
  return () => rm(flag, { force: true });
}
