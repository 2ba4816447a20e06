import process from 'node:process';

/** Shows that something takes its time, on a terminal's stderr only; nothing is loaded or printed elsewhere. */
export async function withProgress<T>(
  text: string,
  { isShown, isColored }: { readonly isShown: boolean; readonly isColored: boolean },
  work: () => Promise<T>,
): Promise<T> {
  // A terminal that says it has no columns: a spinner would clear lines for ever.
  if (!isShown || !(process.stderr.columns > 0)) return work();
  const { default: ora } = await import('ora');
  const spinner = ora({ text, discardStdin: false, ...(isColored ? {} : { color: false }) });
  const timer = setTimeout(() => spinner.start(), 300);
  try {
    return await work();
  } finally {
    clearTimeout(timer);
    if (spinner.isSpinning) spinner.stop();
  }
}
