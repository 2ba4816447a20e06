import { fromErrno, WtError } from '../core/errors.ts';
import { EXIT, exitCodeOf, exitCodeOfSignal, retryableCodes } from '../core/exit-codes.ts';
import type { Streams } from '../platform/streams.ts';
import { explain } from '../ui/errors.ts';
import { guardTerminal, safe, safeJson, shellLine } from '../ui/text.ts';
import { createTheme } from '../ui/theme.ts';

export const SCHEMA = 1;

/** Anything thrown, as a failure of the catalogue; what wt did not foresee is a bug. */
export function toWtError(error: unknown): WtError {
  if (WtError.any(error)) return error;
  const message = error instanceof Error ? error.message : String(error);
  return fromErrno(error) ?? new WtError('internal', { message }, { cause: error });
}

/** A base that has moved on stays so: only a race is worth another try. What cannot come any more does not come later either. */
function isRetryable(error: WtError): boolean {
  if (WtError.is(error, 'wait.failed')) return !error.details.isOver;
  return retryableCodes.has(error.code) && !(WtError.is(error, 'target.moved') && error.details.reason !== 'raced');
}

/** Prints a failure where its readers look for it and returns the exit code. */
export function reportError(
  error: WtError,
  io: Streams,
  options: { json: boolean; command: string | null; verbose: boolean },
): number {
  const { message, lines = [], unchanged = error.changed ? undefined : 'Nothing was changed.', fix } = explain(error);
  if (options.json) {
    const { code, details, changed } = error;
    const failure = {
      code,
      message,
      details,
      changed,
      retryable: isRetryable(error),
      ...(fix === undefined ? {} : { fix }),
    };
    io.out(`${safeJson({ schema: SCHEMA, ok: false, command: options.command, error: failure })}\n`);
  } else {
    const theme = createTheme(io.errColor);
    const shown = lines
      .filter((line) => line !== '')
      .map((line) => `  ${safe(line)}\n`)
      .join('');
    const rest =
      unchanged === undefined || exitCodeOf[error.code] === EXIT.usage || exitCodeOf[error.code] === EXIT.notFound
        ? ''
        : `  ${theme.dim(unchanged)}\n`;
    io.err(
      guardTerminal(
        `${theme.bad('error:')} ${safe(message)}\n${shown}${rest}${fix === undefined ? '' : `  next: ${theme.command(shellLine(fix))}\n`}`,
      ),
    );
  }
  if (options.verbose && error.code === 'internal' && error.cause instanceof Error)
    io.err(guardTerminal(`${error.cause.stack ?? ''}\n`));
  return WtError.is(error, 'interrupted') ? exitCodeOfSignal(error.details.signal) : exitCodeOf[error.code];
}
