import process from 'node:process';

/** The words that start this very program again, by absolute paths, so that PATH plays no part. */
export function ownWords(program: string): readonly [string, string] {
  return [process.execPath, program];
}
