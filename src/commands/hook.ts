import * as z from 'zod';
import { receiveHook } from '../agents/receive.ts';
import { defineCommand } from '../cli/define.ts';
import { listParents } from '../platform/parents.ts';

export default defineCommand({
  description:
    'Agents call it, people do not: it reads the JSON of one hook from standard input (or, as Codex hands it over, from the last word), finds the session from the folder the agent is in, and writes down what the agent is at. It prints nothing but an answer that the agent has asked for, and always succeeds. A program that wt does not know says it in words: working, waiting, idle or failed, and a reason.',
  args: {
    agent: { flags: '<agent>', help: 'Who calls', schema: z.string() },
    words: { flags: '[words...]', help: 'What the agent adds', schema: z.array(z.string()).default([]) },
  },
  options: {},
  examples: ['wt hook claude < event.json', 'wt hook my-agent waiting permission'],
  mutates: false,
  passThrough: true,
  data: z.object({ answer: z.string() }),

  async run({ deps }, { agent, words }) {
    const { run, clock, random, signal, io, env, cwd, program } = deps;
    const answer = await receiveHook({
      argv: [agent, ...words],
      env,
      cwd,
      at: clock.now().toISOString(),
      deps: { run, clock, random, signal },
      program,
      readInput: () => (io.stdinIsTTY ? Promise.resolve('') : io.readStdin()),
      listParents,
      afterChange: async (change) => (await import('../agents/after-change.ts')).afterChange(change, { env, program }),
    });
    return { answer };
  },

  human: ({ answer }) => answer,
  json: (outcome) => outcome,
});
