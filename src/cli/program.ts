import { Argument, Command, Help, Option } from 'commander';
import { nearNames } from '../core/names.ts';
import { WtError } from '../core/errors.ts';
import type { AnyCommand, Globals, Param, Params } from './define.ts';
import { globalParams } from './params.ts';
import { findVerb, table, type Verb, type VerbName } from './table.ts';

/** One call as it was typed, checked. */
export interface Call {
  readonly verb: VerbName;
  readonly spec: AnyCommand;
  readonly input: Record<string, unknown>;
  readonly globals: Globals;
  readonly directory: string | undefined;
}

export interface Texts {
  readonly out: (text: string) => void;
  readonly version: string;
  readonly columns: number;
}

/** Verbs that another program's words follow. */
const WITH_DASHES = new Set<VerbName | undefined>(['exec', 'lock', 'run', 'resume', 'create']);

/**
 * commander swallows the first "--"; where another program's words follow it, a second one is kept for us, so that
 * `wt exec -- ls` and `wt exec a -- ls` can be told apart.
 */
export function keepDashes(argv: readonly string[]): readonly string[] {
  const at = argv.indexOf('--');
  return at < 0 || !WITH_DASHES.has(verbIn(argv)) ? argv : [...argv.slice(0, at + 1), ...argv.slice(at)];
}

/** The verb that argv names: its first word that is no flag and no flag's value. */
export function verbIn(argv: readonly string[]): VerbName | undefined {
  return findVerb(firstWord(argv));
}

function firstWord(argv: readonly string[]): string | undefined {
  for (let i = 0; i < argv.length; i++) {
    const word = argv[i] ?? '';
    if (word === '-C') i++;
    else if (!word.startsWith('-')) return word === 'help' ? firstWord(argv.slice(i + 1)) : word;
  }
  return undefined;
}

/**
 * The command line as commander sees it; only the named verb is loaded, the others are names with a summary. `act` gets
 * the call; commander's own refusals come out as CommanderError.
 */
export async function buildProgram(
  argv: readonly string[],
  texts: Texts,
  act: (call: Call) => Promise<void>,
): Promise<Command> {
  const named = verbIn(argv);
  const program = new Command('wt')
    .description('Run many coding agents on one repository and lose nothing.')
    .usage('<command> [flags]')
    .exitOverride()
    .configureOutput({
      writeOut: texts.out,
      writeErr: () => {},
      outputError: () => {},
      getOutHelpWidth: () => texts.columns,
    })
    .configureHelp({ visibleCommands: (command) => [...command.commands], formatHelp: formatRootFirst })
    .enablePositionalOptions()
    .version(texts.version, '-V, --version', 'Print the version')
    .helpOption('-h, --help', 'Show help')
    .addHelpText('after', '\nRun "wt <command> --help" for its flags and examples.');
  addOptions(program, globalParams);
  for (const name of Object.keys(table) as VerbName[]) {
    const verb: Verb = table[name];
    const command = program
      .command(name)
      .summary(verb.summary)
      .description(verb.summary)
      .helpGroup(`${verb.group}:`)
      .helpOption('-h, --help', 'Show help');
    if (verb.alias !== undefined) command.alias(verb.alias);
    if (name === named) configure(command, { name, verb, spec: (await verb.load()).default, argv }, program, act);
  }
  return program;
}

function configure(
  command: Command,
  { name, verb, spec, argv }: { name: VerbName; verb: Verb; spec: AnyCommand; argv: readonly string[] },
  program: Command,
  act: (call: Call) => Promise<void>,
): void {
  command.description(`${verb.summary}.\n\n${spec.description}`);
  for (const arg of Object.values<Param>(spec.args)) command.addArgument(new Argument(arg.flags, arg.help));
  command.optionsGroup('Flags:');
  addOptions(command, spec.options as Params);
  command.usage(['[flags]', ...Object.values<Param>(spec.args).map((arg) => arg.flags)].join(' '));
  command.optionsGroup('Global flags:');
  addOptions(command, globalParams, spec.mutates ? [] : ['dryRun']);
  // With a "--" it is plain where the other program's words begin; without one they begin after the first argument.
  if (spec.passThrough === true && !argv.includes('--')) command.passThroughOptions();
  command.addHelpText('after', `\nExamples:\n${spec.examples.map((line: string) => `  ${line}`).join('\n')}`);
  command.action(async (...values: unknown[]) => {
    const before = program.opts<Record<string, unknown>>();
    const after = command.opts<Record<string, unknown>>();
    const raw = { ...Object.fromEntries(Object.keys(spec.args).map((key, i) => [key, values[i]])), ...after };
    const all = Object.fromEntries(Object.keys(globalParams).map((key) => [key, pickGlobal(key, before, after)]));
    if (all['dryRun'] === true && !spec.mutates)
      throw new WtError('usage.invalid', { option: '--dry-run', reason: `wt ${name} changes nothing anyway` });
    const globals = parseParams(globalParams, all);
    await act({
      verb: name,
      spec,
      input: parseParams({ ...spec.args, ...spec.options }, raw),
      globals: globals as never,
      directory: globals['directory'] as string | undefined,
    });
  });
}

/** A flag counts wherever it stands: `--no-input` is false when either place says so, the others true. */
function pickGlobal(key: string, before: Record<string, unknown>, after: Record<string, unknown>): unknown {
  const name = key === 'directory' ? 'C' : key;
  if (key === 'input' || key === 'color') return before[name] !== false && after[name] !== false;
  return after[name] ?? before[name];
}

function addOptions(command: Command, params: Params, hidden: readonly string[] = []): void {
  const taken = new Set(command.options.map(({ short }) => short));
  for (const [key, { flags, help, repeats }] of Object.entries(params)) {
    const isHidden = hidden.includes(key);
    // The letter of a global that means nothing to this verb may mean something of its own here.
    const [short = '', long = flags] = flags.split(', ');
    const option = new Option(isHidden && taken.has(short) ? long : flags, help).hideHelp(isHidden);
    if (repeats === true)
      option.argParser((value: string, before: readonly string[] | undefined) => [...(before ?? []), value]);
    command.addOption(option);
  }
}

function parseParams(params: Params, raw: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(params).map(([key, param]) => {
      const value = raw[key];
      const parsed = param.schema.safeParse(value);
      if (!parsed.success)
        throw new WtError('usage.invalid', {
          option: param.flags,
          reason: parsed.error.issues[0]?.message ?? 'not valid',
        });
      return [key, parsed.data];
    }),
  );
}

/** The verbs come first in the help of the program; a verb's own help is commander's. */
function formatRootFirst(command: Command, helper: Help): string {
  if (command.parent !== null) return Help.prototype.formatHelp.call(helper, command, helper);
  const verbs = helper.visibleCommands(command);
  const width = Math.max(
    ...verbs.map((verb) => helper.subcommandTerm(verb).length),
    helper.longestOptionTermLength(command, helper),
  );
  const item = (term: string, text: string): string => helper.formatItem(term, width, text, helper);
  const groups = [...new Set(verbs.map((verb) => verb.helpGroup()))].map((title) => {
    const lines = verbs.filter((verb) => verb.helpGroup() === title).map((verb) => item(termOf(verb), verb.summary()));
    return [title, ...lines, ''].join('\n');
  });
  const flags = helper.visibleOptions(command).map((option) => item(helper.optionTerm(option), option.description));
  const head = [`Usage: ${helper.commandUsage(command)}`, '', helper.commandDescription(command), ''];
  return [...head, ...groups, 'Global flags, before or after the command:', ...flags, ''].join('\n');
}

function termOf(verb: Command): string {
  return [verb.name(), ...verb.aliases()].join(', ');
}

/** Near verbs for a word that is none. */
export function nearVerbs(word: string): readonly string[] {
  return nearNames(word, Object.keys(table));
}
