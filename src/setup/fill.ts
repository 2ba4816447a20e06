import { fillScript } from '../core/shell.ts';
import { fillTemplate, unknownNames } from '../core/template.ts';
import { WtError } from '../core/errors.ts';
import type { Env } from '../platform/deps.ts';
import type { Definition } from './definition.ts';
import { templatesOf, wordsOf, type Phase, type Step } from './step.ts';

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

/** Throws `config.invalid` for a template of this phase that names what is not known here, as the ports of a session without any. Pure. */
export function requireKnown(definition: Pick<Definition, 'steps'>, phase: Phase, known: readonly string[]): void {
  for (const { isLiteral, command, source, at, env } of stepsOf(definition, [phase])) {
    if (isLiteral) continue;
    const templates = [...templatesOf(command), ...Object.values(env)];
    const [unknown] = templates.flatMap((text) => unknownNames(text, known));
    if (unknown === undefined) continue;
    const reason = `${at}: there is no {${unknown}} here`;
    throw new WtError('config.invalid', { path: source.file, line: null, column: null, reason });
  }
}

/** Puts the values in. The templates have to be known ({@link requireKnown}). Pure. */
export function fillStep(step: Step, values: Values): FilledStep {
  const { command, isLiteral } = step;
  const text = (template: string): string => withoutNul(isLiteral ? template : fillTemplate(template, values));
  const env = fillVariables(step, values);
  if (command.kind === 'argv') {
    const [file = '', ...args] = command.argv.map(text);
    return { step, file, args, env };
  }
  const isKnown = (inner: string): boolean => unknownNames(`{${inner}}`, Object.keys(values)).length === 0;
  const valueOf = (inner: string): string | undefined => (isKnown(inner) ? text(`{${inner}}`) : undefined);
  const filled = isLiteral ? undefined : fillScript(command.script, valueOf);
  const script = filled?.script ?? command.script;
  const args = command.shell === 'bash' ? ['-c', WITH_BASH, script] : ['-c', script];
  return { step, file: 'sh', args, env: { ...env, ...filled?.env } };
}

/** Not every machine has bash; what was written for it mostly runs in sh as well. */
const WITH_BASH = 'if command -v bash >/dev/null 2>&1; then exec bash -c "$0"; else exec sh -c "$0"; fi';

/** A variable of another tool that names a port this session does not have is left away. */
function fillVariables({ env, isLiteral }: Step, values: Values): Readonly<Record<string, string>> {
  const known = Object.keys(values);
  const entries = Object.entries(env).filter(
    ([, template]) => !isLiteral || unknownNames(template, known).length === 0,
  );
  return Object.fromEntries(
    entries.map(([name, template]) => [name, withoutNul(fillTemplate(template, values))] as const),
  );
}

/** The variables that the definition gives to everything that runs for a session; one that names what this has not is left away. Pure. */
export function fillEnv({ env }: Pick<Definition, 'env'>, values: Values): Env {
  const known = Object.keys(values);
  const filled = env.filter(({ template }) => unknownNames(template, known).length === 0);
  return Object.fromEntries(filled.map(({ name, template }) => [name, withoutNul(fillTemplate(template, values))]));
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
