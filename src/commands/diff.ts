import * as z from 'zod';
import { defineCommand } from '../cli/define.ts';
import { flag, sessionArg } from '../cli/params.ts';
import { FileChange } from '../git/diff.ts';
import { WtError } from '../core/errors.ts';
import { diffSession } from '../sessions/diff.ts';
import { openRepo } from '../sessions/open.ts';

export default defineCommand({
  description:
    "Everything since the session left its base: commits, staged, unstaged and untracked work in one patch. The session's index is not touched.",
  args: { id: sessionArg },
  options: {
    stat: flag('--stat', 'Only a summary of the files'),
    nameOnly: flag('--name-only', 'Only the names of the files'),
    committed: flag('--committed', 'Only what is committed'),
  },
  examples: ['wt diff fix-login', 'wt diff fix-login --stat', 'wt diff fix-login > fix-login.patch'],
  mutates: false,
  paged: true,
  data: z.object({
    id: z.string(),
    from: z.string(),
    to: z.string(),
    files: z.array(FileChange),
    patch: z.string().optional(),
  }),

  async run({ deps, look, globals }, { id, stat, nameOnly, committed }) {
    if (stat && nameOnly)
      throw new WtError('usage.invalid', { option: '--name-only', reason: 'give either --stat or --name-only' });
    const repo = await openRepo(deps);
    const format = nameOnly ? ('name-only' as const) : stat ? ('stat' as const) : ('patch' as const);
    const outcome = await diffSession(repo, {
      id,
      format,
      committed,
      color: deps.io.color > 0 && !globals.json,
      width: look.width,
    });
    return { ...outcome, format };
  },

  human: ({ text }) => text,
  json: ({ id, from, to, files, text, format }) => ({
    id,
    from,
    to,
    files: [...files],
    ...(format === 'patch' ? { patch: text } : {}),
  }),
});
