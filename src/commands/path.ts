import * as z from 'zod';
import { defineCommand } from '../cli/define.ts';
import { sessionArg } from '../cli/params.ts';
import { readBook } from '../sessions/book.ts';
import { openRepo } from '../sessions/open.ts';
import { requireSession } from '../sessions/select.ts';

export default defineCommand({
  description: 'Prints one absolute path and nothing else.',
  args: { id: sessionArg },
  options: {},
  examples: ['cd "$(wt path fix-login)"', 'code "$(wt path fix-login)"'],
  mutates: false,
  data: z.object({ id: z.string(), path: z.string() }),

  async run({ deps }, { id }) {
    const repo = await openRepo(deps);
    return requireSession(repo, await readBook(repo), id);
  },

  human: ({ path }) => `${path}\n`,
  json: ({ id, path }) => ({ id, path }),
});
