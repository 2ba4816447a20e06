import { CommanderError } from 'commander';
import path from 'node:path';
import { WtError } from '../core/errors.ts';
import { EXIT } from '../core/exit-codes.ts';
import type { Deps } from '../platform/deps.ts';
import { NOTIFY_FLAG, SPARES_FLAG } from '../platform/node.ts';
import { showPaged } from '../platform/pager.ts';
import { withProgress } from '../platform/progress.ts';
import { throwIfInterrupted } from '../platform/runner.ts';
import type { TraceRequest } from '../platform/trace.ts';
import { guardTerminal, safe, safeJson, safeLine } from '../ui/text.ts';
import { createTheme, type Look } from '../ui/theme.ts';
import type { Context, Globals } from './define.ts';
import { showHome } from './home.ts';
import { buildProgram, keepDashes, nearVerbs, verbIn, type Call } from './program.ts';
import { reportError, SCHEMA, toWtError } from './report.ts';

/** argv and the world → exit code. Never throws. */
export async function main(argv: readonly string[], deps: Deps, version: string): Promise<number> {
  const own = argv.includes('--') ? argv.slice(0, argv.indexOf('--')) : argv;
  const asked = {
    json: own.includes('--json'),
    command: verbIn(argv) ?? null,
    verbose: own.includes('-v') || own.includes('--verbose'),
  };
  let exitCode: number = EXIT.ok;
  let trace: Trace | undefined;
  try {
    if (argv.length === 0) {
      trace = await traceIfAsked(deps, null, false);
      return await showHome({ ...deps, ...trace }, version);
    }
    if (argv[0] === NOTIFY_FLAG) return await (await import('./notify.ts')).notifyPerson(deps, argv[1]);
    if (argv[0] === SPARES_FLAG) return await (await import('./spares.ts')).makeSparesHere(deps);
    const program = await buildProgram(argv, { out: deps.io.out, version, columns: deps.io.columns }, async (call) => {
      Object.assign(asked, { json: call.globals.json, verbose: call.globals.verbose });
      trace = await traceIfAsked(deps, call.verb, call.globals.verbose);
      exitCode = await perform(call, { ...deps, ...trace });
    });
    await program.parseAsync([...keepDashes(argv)], { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return EXIT.ok;
    const failure = error instanceof CommanderError ? usageError(error, argv) : toWtError(error);
    return reportError(failure, deps.io, asked);
  } finally {
    trace?.end();
  }
}

type Trace = Pick<Deps, 'run' | 'detach'> & { end(): void };

/** The doors to other processes with somebody who watches them, where `--verbose` or `WT_TRACE` asks for it. */
async function traceIfAsked(deps: Deps, command: string | null, isVerbose: boolean): Promise<Trace | undefined> {
  // Loaded only then: nearly no command is watched.
  if (!isVerbose && (deps.env['WT_TRACE'] ?? '') === '') return undefined;
  const { isTraceAsked, startTrace } = await import('../platform/trace.ts');
  if (!isVerbose && !isTraceAsked(deps.env)) return undefined;
  const say: TraceRequest['say'] = (line) => deps.io.err(`${safeLine(line)}\n`);
  return startTrace(deps, { env: deps.env, say, command, isVerbose });
}

async function perform(call: Call, outer: Deps): Promise<number> {
  const { spec, input, globals } = call;
  const deps = withGlobals(outer, call);
  const context = contextOf(deps, globals);
  const outcome: unknown = await spec.run(context, input);
  const warnings = spec.warnings?.(outcome) ?? [];
  const { theme } = createLook(deps, deps.io.errColor);
  const data: unknown = globals.json ? spec.json(outcome) : undefined;
  if (globals.json) {
    if (data !== undefined)
      deps.io.out(`${safeJson({ schema: SCHEMA, ok: true, command: call.verb, data, warnings })}\n`);
  } else {
    const look = { ...context.look, width: outer.io.columns }; // as wide as it is by now
    await print(deps, spec.human(outcome, look), spec.paged === true);
    if (!globals.quiet) for (const warning of warnings) deps.io.err(`${theme.warn} ${safe(warning)}\n`);
  }
  return spec.exitCode?.(outcome) ?? EXIT.ok;
}

/** Off a terminal byte for byte; on one nothing but colours controls it. */
async function print(deps: Deps, text: string, isPaged: boolean): Promise<void> {
  if (!deps.io.stdoutIsTTY) return deps.io.out(text);
  const guarded = guardTerminal(text);
  const isShown = isPaged && text !== '' && (await showPaged(deps.run, deps.env, { text: guarded, cwd: deps.cwd }));
  if (!isShown) deps.io.out(guarded);
}

function withGlobals(deps: Deps, { globals, directory }: Call): Deps {
  const err = (text: string): void => {
    if (!globals.quiet) deps.io.err(guardTerminal(text));
  };
  return {
    ...deps,
    ...(directory === undefined ? {} : { cwd: path.resolve(deps.cwd, directory), calledFrom: deps.cwd }),
    io: { ...deps.io, err },
  };
}

function contextOf(deps: Deps, globals: Globals): Context {
  const isQuiet = globals.json || globals.quiet || !deps.io.stderrIsTTY;
  return {
    deps,
    globals,
    look: createLook(deps, deps.io.color),
    async confirm(question, withoutAsking) {
      if (globals.yes) return true;
      const answer = globals.input && !globals.json ? await deps.confirm(question) : undefined;
      throwIfInterrupted(deps.signal);
      if (answer === undefined) throw new WtError('confirm.required', { question, argv: withoutAsking });
      return answer;
    },
    busy: (text, work) =>
      withProgress(text, { isShown: !isQuiet && !globals.verbose, isColored: deps.io.errColor > 0 }, work),
    tell: (text) => deps.io.err(text),
    emit: (text) => deps.io.out(deps.io.stdoutIsTTY ? guardTerminal(text) : text),
  };
}

function createLook(deps: Deps, level: 0 | 1 | 2 | 3): Look {
  return { theme: createTheme(level), isTerminal: deps.io.stdoutIsTTY, width: deps.io.columns, now: deps.clock.now() };
}

/** commander's refusal in our words; an unknown verb or flag names the near ones. */
function usageError(error: CommanderError, argv: readonly string[]): WtError<'usage.invalid'> {
  const text = error.message
    .replace(/^error: /, '')
    .replaceAll('\n', ' ')
    .trim();
  const [, verb] = /^unknown command '(.*)'/.exec(text) ?? [];
  if (verb !== undefined) {
    const [near] = nearVerbs(verb);
    return new WtError('usage.invalid', {
      option: verb,
      reason: `wt has no such command${near === undefined ? '' : `; did you mean ${near}?`}`,
      fix: near === undefined ? ['wt', '--help'] : ['wt', near, '--help'],
    });
  }
  const fix = ['wt', ...(verbIn(argv) === undefined ? [] : [String(verbIn(argv))]), '--help'];
  if (error.code === 'commander.help')
    return new WtError('usage.invalid', { option: 'wt', reason: 'no command was given', fix });
  const [, flag, near] = /^unknown option '(.*?)'(?: \(Did you mean (.*)\?\))?/.exec(text) ?? [];
  if (flag === undefined) return new WtError('usage.invalid', { option: 'usage', reason: text, fix });
  return new WtError('usage.invalid', {
    option: flag,
    reason: `there is no such flag${near === undefined ? '' : `; did you mean ${near}?`}`,
    fix,
  });
}
