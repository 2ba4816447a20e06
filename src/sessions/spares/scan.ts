import { readlink } from 'node:fs/promises';
import path from 'node:path';
import type { Git } from '../../git/git.ts';
import { mapLimit } from '../../core/pool.ts';
import { listDirectory, lstatOf } from '../../platform/files.ts';
import { findBytes } from '../../platform/search.ts';

const AT_ONCE = 8;

/** Whether any of these files, or of those in these folders, or the target of a link among them, holds a text. */
export async function holdsText(folder: string, names: readonly string[], text: string): Promise<boolean> {
  const open = names.map((name) => path.join(folder, name.replace(/\/$/, '')));
  while (open.length > 0) {
    const some = open.splice(-AT_ONCE);
    const found = await mapLimit(some, AT_ONCE, async (place) => {
      const stats = await lstatOf(place);
      if (stats?.isDirectory() === true) {
        open.push(...(await listDirectory(place)).map(({ name }) => path.join(place, name)));
        return false;
      }
      if (stats?.isSymbolicLink() === true) return (await readlink(place)).includes(text);
      return stats?.isFile() === true && (await findBytes(place, text));
    });
    if (found.includes(true)) return true;
  }
  return false;
}

/** Whether a file of a commit says a word that matches; its prose and wt's own configuration are passed over. */
export async function findMention(git: Git, commit: string, pattern: RegExp): Promise<boolean> {
  const paths = [':(top)', ':(exclude,top,glob)**/*.md', ':(exclude,top)wt.config.jsonc'];
  const args = ['grep', '-I', '-h', '-o', '-P', '-e', pattern.source, commit, '--', ...paths];
  const { stdout, exitCode } = await git(args, { expect: [0, 1, 128], timeoutMs: 600_000 });
  return exitCode === 128 || stdout !== '';
}
