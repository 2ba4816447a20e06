import type { ErrorCatalog } from '../core/errors.ts';
import { fixOf, type Explanation } from './explanation.ts';

const SHOWN = 20;

const UNCHANGED: Readonly<Record<NonNullable<ErrorCatalog['hook.failed']['verb']>, string>> = {
  create: 'Nothing was created.',
  merge: 'Nothing was merged.',
  remove: 'Nothing was removed.',
  clean: 'Nothing was removed.',
};

/** A git hook of the repository, or a command of the configuration that runs before what wt does. */
export function explainHook(d: ErrorCatalog['hook.failed']): Explanation {
  const lines = d.output.split('\n').slice(-SHOWN);
  if (d.verb !== undefined)
    return {
      message: `hooks.${d.hook} refused it${d.id === '' ? '' : ` for ${d.id}`}: ${d.command ?? ''}`,
      lines: d.log == null ? [] : [`log  ${d.log}`],
      unchanged: UNCHANGED[d.verb],
      ...fixOf(d.fix),
    };
  return {
    message: `a hook of the repository refused the ${d.hook === 'pre-push' ? 'push' : 'commit'} (${d.hook})`,
    lines,
    unchanged: d.hook === 'pre-push' ? 'Nothing was pushed.' : 'Nothing was committed and the index is as it was.',
    fix: ['wt', 'diff', d.id],
  };
}

/** A session that is there and is not ready. What the command printed was seen while it ran. */
export function explainSetup(d: ErrorCatalog['setup.failed']): Explanation {
  return {
    message: `session ${d.id} is there, but its set-up failed (${d.reason}): ${d.step}`,
    lines: [
      `folder  ${d.path}`,
      ...(d.log === null ? [] : [`log     ${d.log}`]),
      'once the cause is mended, this runs the set-up again:',
    ],
    fix: ['wt', 'setup', d.id],
  };
}
