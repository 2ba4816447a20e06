import { ownWords } from '../../platform/program.ts';
import type { Adapter, Wiring } from '../adapter.ts';
import { hookWords } from '../adapters.ts';

/** How an agent calls wt: `program` is the file wt was started from. */
export function wiringOf(program: string, agent: Pick<Adapter, 'name' | 'like'>, folder: string): Wiring {
  return { argv: [...ownWords(program), ...hookWords(agent)], folder };
}
