import path from 'node:path';
import { makePrivateDirectory, readText, realPathOf, replaceFile } from '../platform/files.ts';

/** Adds a line to `info/exclude` once (gitignore(5)); a tracked ignore file is never edited. */
export async function excludeOnce(commonDir: string, line: string): Promise<void> {
  const file = await realPathOf(path.join(commonDir, 'info', 'exclude'));
  const text = (await readText(file)) ?? '';
  if (text.split('\n').includes(line)) return;
  await makePrivateDirectory(path.dirname(file));
  await replaceFile(file, `${text}${text === '' || text.endsWith('\n') ? '' : '\n'}${line}\n`, 0o644);
}
