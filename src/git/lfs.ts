import { readSmallFile } from '../platform/files.ts';
import type { Git } from './git.ts';

/** Tracked files whose contents Git LFS keeps (gitattributes(5), filter=lfs). */
export async function listLfsFiles(git: Git): Promise<readonly string[]> {
  const { stdout } = await git(['ls-files', '-z', '--', ':(top,attr:filter=lfs)']);
  return stdout.split('\0').filter(Boolean);
}

/** Whether a file is what git itself keeps of one: three lines that name the contents. */
export async function isLfsPointer(file: string): Promise<boolean> {
  const content = await readSmallFile(file, 1024);
  return (
    content !== undefined && 'text' in content && content.text.startsWith('version https://git-lfs.github.com/spec/')
  );
}

/** Whether git has the program that keeps them. */
export async function hasLfs(git: Git): Promise<boolean> {
  const { exitCode } = await git(['lfs', 'version'], { expect: [0, 1, 127, 128] });
  return exitCode === 0;
}
