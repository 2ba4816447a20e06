import path from 'node:path';
import { lstatOf } from '../platform/files.ts';

/** The generated JSON Schemas, which are part of the package. */
export const SCHEMA_FILES = {
  project: 'docs/schema/wt.config.json',
  personal: 'docs/schema/wt.config.personal.json',
} as const;

const PACKAGE = 'wt-sessions';

/** What `$schema` says: the package's own file where the repository has it installed, else the published one. */
export async function schemaAddress(kind: keyof typeof SCHEMA_FILES, root: string | undefined): Promise<string> {
  const installed = `node_modules/${PACKAGE}/${SCHEMA_FILES[kind]}`;
  const isHere = kind === 'project' && root !== undefined && (await lstatOf(path.join(root, installed))) !== undefined;
  return isHere ? `./${installed}` : `https://unpkg.com/${PACKAGE}/${SCHEMA_FILES[kind]}`;
}
