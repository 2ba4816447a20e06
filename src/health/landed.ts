import { examineSessions } from '../sessions/list.ts';
import type { Finding } from './finding.ts';
import { restingSessions, type Check } from './scene.ts';

/** Sessions whose work is in their base or its upstream, with the proof that every other command would give. */
export const checkLanded: Check = async (scene) => {
  const examined = await examineSessions(scene.repo, restingSessions(scene), { conflicts: false });
  return examined.flatMap(({ inspection: { session }, evidence, view }): readonly Finding[] => {
    if (view.status !== 'landed' || evidence === undefined) return [];
    const { proof, on, as } = evidence;
    const where = (on ?? 'its base').replace(/^refs\/(?:heads|remotes)\//, '');
    return [
      {
        check: 'session.landed',
        severity: 'info',
        session: session.id,
        message: `its work is in ${where}${as === null ? '' : ` as ${as.slice(0, 7)}`} (${proof})`,
        why: 'It only takes room. What is taken away goes into the trash first.',
        fix: { kind: 'command', argv: ['wt', 'remove', session.id], does: 'takes it away' },
      },
    ];
  });
};
