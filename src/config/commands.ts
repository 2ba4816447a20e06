import * as z from 'zod';
import { fillScript, placesOf } from '../core/shell.ts';
import { parseDuration } from '../core/time.ts';
import { whyInvalidTemplate } from './names.ts';

const FORM = 'a shell command as text, or a list of words that no shell sees';

/** A template that can be filled for a session. */
export const Template = z.string().superRefine((text, context) => {
  const reason = whyInvalidTemplate(text);
  if (reason !== undefined) context.addIssue({ code: 'custom', message: reason });
});

const QUOTED =
  'a value stands between single quotes, where a shell puts none; leave them away, or write "{ id }" where the braces are the program’s own';
const isGiven = (reason: string | undefined): boolean => reason !== undefined;

/** A shell script; only what stands where a value can is a template, so `${HOME}` and `awk '{print}'` are the shell's own. */
const Script = z
  .string()
  .regex(/\S/, 'must not be empty')
  .superRefine((text, context) => {
    const judge = (inner: string): string | undefined => whyInvalidTemplate(`{${inner}}`);
    const isSound = fillScript(text, (inner) => (judge(inner) === undefined ? '' : undefined)) !== undefined;
    const reason = isSound ? placesOf(text).map(judge).find(isGiven) : QUOTED;
    if (reason !== undefined) context.addIssue({ code: 'custom', message: reason });
  });

/** A shell script as text, or the words of one program that no shell sees. */
const Words = z.union([Script, z.array(Template).min(1, 'must not be empty')], FORM);

const Detailed = z.strictObject({
  run: Words,
  name: z.string().regex(/\S/, 'must not be empty').optional(),
  timeout: z
    .string()
    .refine((value) => parseDuration(value) !== undefined, 'a number and a unit, as in 30s, 10m')
    .transform((value) => parseDuration(value) ?? 0)
    .optional(),
  env: z.record(z.string(), Template).optional(),
});

const Command = z.union([Words, Detailed], `${FORM}, or { run, name, timeout, env }`);
export type CommandConfig = z.infer<typeof Command>;

const Stage = z.union(
  [Words, Detailed, z.strictObject({ parallel: z.array(Command).min(1) })],
  `${FORM}; { run, name, timeout, env }; or { parallel: […] } for several at once`,
);
export type StageConfig = z.infer<typeof Stage>;

/** One shell command, or a list of commands that run one after the other. */
export const Stages = z
  .union([Script, z.array(Stage)], 'a shell command, or a list of commands')
  .transform((value): readonly StageConfig[] => (typeof value === 'string' ? [value] : value));

/** Verbs that commands can be hung before and after. */
export const HOOKED = ['create', 'merge', 'remove', 'clean'] as const;
export type Hooked = (typeof HOOKED)[number];

const Around = z.strictObject({
  before: Stages.default([]).describe('Commands that run before it; one that fails refuses what was asked for'),
  after: Stages.default([]).describe('Commands that run after it; one that fails is a warning'),
});

export const Phases = z.strictObject({
  create: Around.prefault({}),
  merge: Around.prefault({}),
  remove: Around.prefault({}),
  clean: Around.prefault({}),
});

const PortName = z.string().regex(/^[a-z][a-z0-9_-]{0,30}$/, 'a name of lower-case letters, digits, "-" and "_"');
const names = z
  .array(PortName)
  .max(50)
  .refine(
    (all) => new Set(all.map((name) => name.replaceAll('-', '_'))).size === all.length,
    'every name once; "a-b" and "a_b" would be the same variable',
  );
const port = z.number().int().min(1024, 'from 1024 on').max(65_535, 'up to 65535');

/** Names of ports, or those with the range they are taken from. */
export const Ports = z
  .union([names, z.strictObject({ names, from: port.default(20_000), to: port.default(29_999) })], {
    error: 'a list of names, or { names, from, to }',
  })
  .transform((value) => ('names' in value ? value : { names: value, from: 20_000, to: 29_999 }))
  .refine(({ names: all, from, to }) => to - from + 1 >= all.length, 'the range is smaller than the list of names');
