import * as z from 'zod';
import { AgentName } from '../core/names.ts';

const word = z.string().min(1, 'must not be empty');
const words = z.array(word).max(100, 'at most 100 words');

/** Agents whose flags and hooks wt knows. */
export const KNOWN_AGENTS = ['claude', 'codex', 'gemini', 'opencode', 'aider', 'copilot', 'cursor-agent'] as const;

const holds = (name: string) =>
  [
    (all: readonly string[]): boolean => all.some((one) => one.includes(name)),
    `one of the words has to hold ${name}`,
  ] as const;

/** One agent: a known one with other words, or any other program. */
const AgentConfig = z.strictObject({
  command: words.min(1, 'must not be empty').optional().describe('The program and its first words'),
  like: z
    .enum(KNOWN_AGENTS, `one of ${KNOWN_AGENTS.join(', ')}`)
    .optional()
    .describe('Known agent whose flags and hooks it shares; the name itself, when that is known'),
  args: words.default([]).describe('Words that it gets at every start'),
  prompt: z
    .union([z.enum(['argument', 'stdin', 'file']), words.refine(...holds('{prompt}'))], {
      error: 'argument, stdin, file, or a list of words with {prompt} in it',
    })
    .optional()
    .describe(
      'How it gets what it is to do: as its last word, on its standard input, as the name of a file, or by such words',
    ),
  headless: words.optional().describe('Words that make it work without a terminal, for --background'),
  start: words
    .refine(...holds('{conversation}'))
    .optional()
    .describe('Words that give its conversation an id that wt has made up'),
  resume: words.optional().describe('Words that take a conversation up again; {conversation} is its id'),
  lines: z.boolean().optional().describe('It reads lines from its standard input while it runs, for wt send'),
  hooks: z.boolean().default(true).describe('Whether wt run makes it tell what it does'),
  env: z
    .record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'a name of an environment variable'), z.string())
    .default({}),
});
export type AgentConfig = z.infer<typeof AgentConfig>;

/** By name. A person's to say, never a repository's: it decides what program runs. */
export const Agents = z.record(AgentName, AgentConfig).default({});

/** When a person is told. A person's own too. */
export const NotifyConfig = z.strictObject({
  command: z
    .array(word)
    .min(1, 'must not be empty')
    .optional()
    .describe(
      'Program that is told of it: its first words; title and text come as the last two, and WT_SESSION, WT_STATUS, WT_REASON as variables',
    ),
  on: z
    .array(z.enum(['waiting', 'done', 'failed']))
    .default(['waiting', 'done', 'failed'])
    .describe('What a person is told of'),
  terminal: z.boolean().default(true).describe('Whether a terminal that watches rings and shows it'),
});
