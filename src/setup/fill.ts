import { fillScript, placesOf } from '../core/shell.ts';
import { fillTemplate, unknownNames } from '../core/template.ts';
import { WtError } from '../core/errors.ts';
import type { Env } from '../platform/deps.ts';
import { wordsOf, type Definition } from './definition.ts';
import type { Phase, Step } from './step.ts';
import { NAMES } from '../config/names.ts';

/** A step with every value in its place, ready to be started. */
export interface FilledStep {
  readonly step: Step;
  readonly file: string;
  readonly args: readonly string[];
  /** What this step gets on top of what every step gets. */
  readonly env: Env;
}

type Values = Readonly<Record<string, string>>;

/** Steps of these phases, in order. Pure. */
export function stepsOf({ steps }: Pick<Definition, 'steps'>, phases: readonly Phase[]): readonly Step[] {
  return steps.filter(({ phase }) => phases.includes(phase));
}

/** Names that templates of a session of this repository may use. Pure. */
export function knownNames({ ports }: Pick<Definition, 'ports'>): readonly string[] {
  const names = ports.names.map((name) => `port.${name}`);
  return NAMES.filter((name) => name !== 'port' || names.length > 0).concat(names as never[]);
}

/** Throws `config.invalid` for a template of these phases that names what nobody knows. Pure. */
export function requireKnown(
  definition: Pick<Definition, 'steps' | 'env'>,
  phases: readonly Phase[],
  known: readonly string[],
): void {
  const steps = stepsOf(definition, phases).filter(({ isLiteral }) => !isLiteral);
  for (const step of steps) requireKnownIn(step, known);
  if (steps.length === 0) return;
  for (const { name, template, source } of definition.env)
    refuse(unknownNames(template, known), { path: source.file, at: `env.${name}` });
}

function requireKnownIn(step: Step, known: readonly string[]): void {
  const { command } = step;
  const place = { path: step.source.file, at: step.at };
  const isKnown = (inner: string): boolean => unknownNames(`{${inner}}`, known).length === 0;
  const texts = [...(command.kind === 'argv' ? command.argv : []), ...Object.values(step.env)];
  const shell = command.kind === 'shell' ? placesOf(command.script).map((inner) => `{${inner}}`) : [];
  refuse(
    [...texts, ...shell].flatMap((text) => unknownNames(text, known)),
    place,
  );
  if (
    command.kind === 'shell' &&
    fillScript(command.script, (inner) => (isKnown(inner) ? '' : undefined)) === undefined
  )
    throw invalid(place, 'a value stands between single quotes, where a shell puts none; leave the quotes away');
}

function refuse([unknown]: readonly string[], place: { path: string; at: string }): void {
  if (unknown === undefined) return;
  throw invalid(place, `there is no {${unknown}}${/^port\b/.test(unknown) ? ': "ports" names none' : ''}`);
}

function invalid({ path, at }: { path: string; at: string }, reason: string): WtError {
  return new WtError('config.invalid', { path, line: null, column: null, reason: `${at}: ${reason}` });
}

/** Puts the values in. The templates have to be known ({@link requireKnown}). Pure. */
export function fillStep(step: Step, values: Values): FilledStep {
  const { command, isLiteral } = step;
  const text = (template: string): string => withoutNul(isLiteral ? template : fillTemplate(template, values));
  const env = Object.fromEntries(Object.entries(step.env).map(([name, template]) => [name, text(template)]));
  if (command.kind === 'argv') {
    const [file = '', ...args] = command.argv.map(text);
    return { step, file, args, env };
  }
  const isKnown = (inner: string): boolean => unknownNames(`{${inner}}`, Object.keys(values)).length === 0;
  const valueOf = (inner: string): string | undefined => (isKnown(inner) ? text(`{${inner}}`) : undefined);
  const filled = isLiteral ? undefined : fillScript(command.script, valueOf);
  return {
    step,
    file: 'sh',
    args: ['-c', filled?.script ?? command.script],
    env: { ...env, ...filled?.env },
  };
}

/** The variables that the definition gives to everything that runs for a session. Pure. */
export function fillEnv({ env }: Pick<Definition, 'env'>, values: Values): Env {
  return Object.fromEntries(env.map(({ name, template }) => [name, withoutNul(fillTemplate(template, values))]));
}

/** Neither an argument nor a variable can hold a null byte (execve(2)). */
export function withoutNul(text: string): string {
  return text.replaceAll('\0', '\u{FFFD}');
}

/** A step's name for people, on one line. Pure. */
export function labelOf({ name, command }: Step): string {
  const words = name ?? (command.kind === 'argv' ? command.argv.join(' ') : command.script);
  const [line = '', ...more] = words.trim().split('\n');
  return more.length === 0 ? line : `${line} …`;
}

/** What a person sees of a step before and while it runs: where it is written, and the command. Pure. */
export function describeStep(step: Step): string {
  return step.name === undefined ? wordsOf(step.command) : `${step.name}: ${wordsOf(step.command)}`;
}
