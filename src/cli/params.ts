import * as z from 'zod';
import { AgentName } from '../core/names.ts';
import { parseDuration } from '../core/time.ts';

/** Arguments and flags that several verbs share. */
const text = z.string().min(1, 'must not be empty');

export const sessionArg = {
  flags: '[id]',
  help: 'Session id, branch or path; inside a session it may be left out',
  schema: text.optional(),
};
export const sessionsArg = {
  flags: '[id...]',
  help: 'Session ids, branches or paths; inside a session they may be left out',
  schema: z.array(text).default([]),
};
export const baseOption = {
  flags: '--base <ref>',
  help: 'Branch, remote branch, tag or commit to cut from',
  schema: text.optional(),
};
export const agentOption = {
  flags: '--agent <name>',
  help: 'Agent that will work there',
  schema: AgentName.optional(),
};
export const taskOption = {
  flags: '--task <text>',
  help: 'What the session is for',
  schema: text.max(65_536, 'at most 64 kB').optional(),
};
export const remoteOption = {
  flags: '--remote <name>',
  help: 'Remote to push to (default: as git would choose; else that of the base, origin, or the only one)',
  schema: text.optional(),
};
export const ownsOption = {
  flags: '--owns <pattern>',
  help: 'Paths it may touch, as a gitignore pattern; may be given several times',
  schema: z
    .array(
      text
        .max(1000, 'at most 1000 characters')
        .refine((pattern) => !/[\u0000-\u001f\u007f]/.test(pattern), 'must not have control characters')
        .refine((pattern) => !/^(?:#|!?\s*$)/.test(pattern), 'is no pattern'),
    )
    .max(100, 'at most 100')
    .default([]),
  repeats: true,
};
export const afterOption = {
  flags: '--after <id>',
  help: 'Session that lands before it; may be given several times',
  schema: z.array(text).max(100, 'at most 100').default([]),
  repeats: true,
};
/** What an agent is to do, and whether it has a terminal. */
export const promptOptions = {
  background: {
    flags: '--background',
    help: 'Let it work without a terminal; what it prints goes into a log',
    schema: z.boolean().default(false),
  },
  tmux: {
    flags: '--tmux',
    help: 'Start it in tmux: in a new window of the session you are in, else in a session of its own',
    schema: z.boolean().default(false),
  },
  prompt: { flags: '--prompt <text>', help: 'What it is to do', schema: z.string().optional() },
  promptFile: {
    flags: '--prompt-file <path>',
    help: 'Read that from a file, or from standard input with "-"',
    schema: text.optional(),
  },
};
export const messageOption = {
  flags: '-m, --message <text>',
  help: 'Commit message',
  schema: text.regex(/\S/, 'must not be empty').optional(),
};
export const flag = (
  flags: string,
  help: string,
): { flags: string; help: string; schema: z.ZodDefault<z.ZodBoolean> } => ({
  flags,
  help,
  schema: z.boolean().default(false),
});
/** A conflict goes back into the session: laid out there, ended, or given up. */
export const resolveOptions = {
  resolve: flag('--resolve', 'Lay the conflict with the base out in the session, to be resolved there'),
  continue: flag('--continue', 'End the merge in the session once its conflicts are resolved, and go on'),
  abort: flag('--abort', 'Give the merge in the session up; what was resolved is kept aside'),
};
export const killOption = flag(
  '--kill',
  'First end the programs that wt has started in the session, when nothing else is in the way',
);
export const hooksOption = {
  flags: '--no-hooks',
  help: 'Run none of the commands that the configuration hangs around this',
  schema: z.boolean().default(true),
};
export const duration = z
  .string()
  .refine((value) => parseDuration(value) !== undefined, {
    error: ({ input }) => `"${String(input)}" is no age; a number and a unit are, as in 90s, 30m, 12h, 7d, 2w`,
  })
  .transform((value) => parseDuration(value) ?? 0);

/** Flags that every verb takes, before or after its name. */
export const globalParams = {
  directory: { flags: '-C <dir>', help: 'Run as if started there', schema: text.optional() },
  json: flag('--json', 'Print one JSON object'),
  quiet: flag('-q, --quiet', 'Print no narration'),
  verbose: flag('-v, --verbose', 'Print each git command, and what all took'),
  dryRun: flag('-n, --dry-run', 'Say what would happen, change nothing'),
  yes: flag('-y, --yes', 'Answer questions with yes; never forces anything'),
  input: { flags: '--no-input', help: 'Never ask', schema: z.boolean().default(true) },
  color: { flags: '--no-color', help: 'No colours', schema: z.boolean().default(true) },
} as const;
