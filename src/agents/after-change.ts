import type { FactsChange } from './receive.ts';

/** Called once by whoever has written down that an agent is at something else now. Loaded only then. */
export async function afterChange(_change: FactsChange): Promise<void> {
  await Promise.resolve();
}
