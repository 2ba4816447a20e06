import { execa } from 'execa';
import { PROGRAM } from './built.ts';
import type { Bench } from './wt.ts';

export const CANNOT_MOUNT = 'this machine lets nobody here mount anything (unshare --map-root-user --mount)';

/** The built wt where one folder is mounted on another; undefined when nobody here may mount anything. */
export async function runMounted(
  { room, root }: Bench,
  { from, on }: { from: string; on: string },
  argv: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<{ exitCode: number; stdout: string } | undefined> {
  const script = 'mount --bind "$1" "$2" || exit 99; cd "$3"; shift 3; exec "$@"';
  const words = ['sh', '-c', script, 'sh', from, on, root, process.execPath, PROGRAM, ...argv];
  const { exitCode, stdout } = await execa('unshare', ['--map-root-user', '--mount', ...words], {
    env: { ...(room.env as Record<string, string>), ...env },
    extendEnv: false,
    reject: false,
  });
  return exitCode === 99 || exitCode === 1 || exitCode === undefined ? undefined : { exitCode, stdout };
}
