import type { Place } from './place.ts';

/** Writes the session's values into the file that was asked for. Returns its path relative to the session, and what to know. */
export async function writeEnvFile(
  _place: Place,
  _file: string,
  _variables: Readonly<Record<string, string>>,
): Promise<{ readonly file: string; readonly warnings: readonly string[] }> {
  return Promise.resolve({ file: _file, warnings: [] });
}
