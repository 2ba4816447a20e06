import { nodeFile } from '../../platform/node.ts';
import type { Adapter, Wiring } from '../adapter.ts';
import { hookWords } from '../adapters.ts';

/** How an agent calls wt: `program` is the file wt was started from. */
export function wiringOf(program: string, agent: Pick<Adapter, 'name' | 'like'>, folder: string): Wiring {
  return { argv: [nodeFile, program, ...hookWords(agent)], folder };
}
