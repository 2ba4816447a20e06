import type { Env } from './deps.ts';
import type { Runner } from './runner.ts';

/**
 * Shows a long text through the person's pager, as git does: GIT_PAGER, PAGER, else less, which quits by itself when the
 * text fits. The repository's configuration has no say. False when there is no pager to use.
 */
export async function showPaged(run: Runner, env: Env, spec: { text: string; cwd: string }): Promise<boolean> {
  const pager = env['GIT_PAGER'] ?? env['PAGER'] ?? 'less';
  if (pager === '' || pager === 'cat' || env['TERM'] === 'dumb') return false;
  const settings = { LESS: env['LESS'] ?? 'FRX', LV: env['LV'] ?? '-c' };
  const { exitCode } = await run({
    file: 'sh',
    args: ['-c', pager],
    cwd: spec.cwd,
    env: settings,
    input: spec.text,
    stdio: 'inherit',
  });
  return exitCode !== 126 && exitCode !== 127;
}
