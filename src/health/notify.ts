import { readTold } from '../registry/notify-log.ts';
import type { Check } from './scene.ts';

/** The person's program that is to tell them something did not do so the last time. */
export const checkNotify: Check = async ({ repo }) => {
  const last = (await readTold(repo.layout)).at(-1);
  if (last === undefined || last.exitCode === 0) return [];
  const how = last.exitCode === null ? 'could not be run to its end' : `failed with exit code ${last.exitCode}`;
  const output = last.output.trim().split('\n').at(-1) ?? '';
  return [
    {
      check: 'notify.failed',
      severity: 'warning',
      session: null,
      message: `notify.command ${last.command[0] ?? ''} ${how}${output === '' ? '' : `: ${output}`}`,
      why: 'Nobody hears that a session waits, is done or has failed.',
      fix: { kind: 'command', argv: ['wt', 'config', 'explain', 'notify.command'], does: 'shows where it is set' },
    },
  ];
};
