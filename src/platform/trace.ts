import { shellQuote } from '../core/shell.ts';
import type { Runner } from './runner.ts';

/** The runner, telling every process and its duration (`--verbose`). */
export function traced(run: Runner, tell: (line: string) => void): Runner {
  return async (request) => {
    const result = await run(request);
    const words = [request.file, ...(request.shownArgs ?? request.args)].map(shellQuote);
    tell(`${words.join(' ')}  [${request.cwd}] exit ${result.exitCode}, ${Math.round(result.durationMs)} ms`);
    return result;
  };
}
