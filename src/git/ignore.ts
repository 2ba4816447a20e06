import path from 'node:path';
import { makePrivateDirectory, readText, realPathOf, replaceFile } from '../platform/files.ts';
import type { Git } from './git.ts';

/** Adds a line to `info/exclude` once (gitignore(5)); a tracked ignore file is never edited. */
export async function excludeOnce(commonDir: string, line: string): Promise<void> {
  const file = await realPathOf(path.join(commonDir, 'info', 'exclude'));
  const text = (await readText(file)) ?? '';
  if (text.split('\n').includes(line)) return;
  await makePrivateDirectory(path.dirname(file));
  await replaceFile(file, `${text}${text === '' || text.endsWith('\n') ? '' : '\n'}${line}\n`, 0o644);
}

/** Ignored files, and folders that are ignored as a whole with a "/" at the end; relative to the top. */
export async function listIgnored(git: Git): Promise<readonly string[]> {
  const args = ['ls-files', '-z', '--others', '--ignored', '--exclude-standard', '--directory'];
  const { stdout } = await git(args);
  return stdout.split('\0').filter((name) => name !== '');
}
