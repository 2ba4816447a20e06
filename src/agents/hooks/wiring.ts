import { nodeFile } from '../../platform/node.ts';
import type { Wiring } from '../adapter.ts';

/** How an agent calls wt: `program` is the file wt was started from. `like`: the agent whose hooks a person's own one speaks. */
export function wiringOf(program: string, agent: { name: string; like?: string | undefined }, folder: string): Wiring {
  const like = agent.like === undefined || agent.like === agent.name ? [] : ['--like', agent.like];
  return { argv: [nodeFile, program, 'hook', agent.name, ...like], folder };
}
