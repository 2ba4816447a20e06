import type { FormatName } from '../../config/schema.ts';
import type { Format, Found } from './format.ts';

/** Every reader, by name. */
const READERS: Partial<Record<FormatName, Format>> = {};

/** The definitions of other tools that a repository holds, in the order that was asked for. Throws `config.invalid`. */
export async function listFound(root: string, order: readonly FormatName[]): Promise<readonly Found[]> {
  const found = await Promise.all(order.map(async (name) => READERS[name]?.find(root)));
  return found.flatMap((one) => one ?? []);
}
