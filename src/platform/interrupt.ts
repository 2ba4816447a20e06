import { WtError } from '../core/errors.ts';

/** Throws `interrupted` once a signal has arrived. In a file of its own, for the path of a hook loads no runner. */
export function throwIfInterrupted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new WtError('interrupted', { signal: String(signal.reason) });
}
