import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import { lstatOf, realPathOf } from './files.ts';

/** The words that start this very program again, by absolute paths, so that PATH plays no part. */
export function ownWords(program: string): readonly [string, string] {
  return [process.execPath, program];
}

/** Whether this user may run a file as a program. */
export async function isExecutable(file: string): Promise<boolean> {
  return access(file, constants.X_OK).then(
    () => true,
    () => false,
  );
}

/** The first program of that name on PATH that may be executed. */
export async function findProgram(
  env: Readonly<Record<string, string | undefined>>,
  name: string,
): Promise<string | undefined> {
  for (const folder of (env['PATH'] ?? '').split(path.delimiter)) {
    const file = path.join(folder, name);
    if (!path.isAbsolute(folder) || (await lstatOf(await realPathOf(file)))?.isFile() !== true) continue;
    if (await isExecutable(file)) return file;
  }
  return undefined;
}
