import { listSpares } from '../sessions/spares/record.ts';
import { whyNone } from '../sessions/spares/make.ts';
import { judgeSpares, type SpareReason } from '../sessions/spares/reclaim.ts';
import { stampOf } from '../sessions/spares/stamp.ts';
import { readTrouble } from '../sessions/spares/trouble.ts';
import { loadDefinition } from '../setup/definition.ts';
import type { Finding } from './finding.ts';
import type { Check } from './scene.ts';

const WHAT: Readonly<Record<Extract<SpareReason, 'broken' | 'changed'>, string>> = {
  broken: 'was never finished, or is no longer what it was',
  changed: 'holds something that wt has not put there',
};

/** Spares that no session gets, and why there are none. */
export const checkSpares: Check = async ({ repo }) => {
  const definition = await loadDefinition(repo.root, repo.deps.env).catch(() => undefined);
  if (definition === undefined) return []; // the check of the configuration says so
  const spares = await listSpares(repo.layout);
  if (spares.length === 0 && definition.settings.pool.size === 0) return [];
  const judged = spares.length === 0 ? [] : await judgeSpares(repo, definition);
  const broken = judged.flatMap(({ spare, reason }): readonly Finding[] =>
    reason === 'broken' || reason === 'changed'
      ? [
          {
            check: `spare.${reason}`,
            severity: 'info',
            session: null,
            message: `the spare ${spare.tree} ${WHAT[reason]}`,
            why: 'No session gets it, and it takes room. It may also be one that is just being made.',
            fix: {
              kind: 'command',
              argv: ['wt', 'clean'],
              does: 'takes it away; what is not from wt is kept in the trash',
            },
          },
        ]
      : [],
  );
  if (definition.settings.pool.size === 0) return broken;
  const why = await whyNone(repo, definition);
  const trouble = await readTrouble(repo, await stampOf(repo, definition));
  return [
    ...broken,
    ...(why === undefined ? [] : [none(why)]),
    ...(trouble === undefined ? [] : [bare(trouble.reason)]),
  ];
};

function none(reason: string): Finding {
  return {
    check: 'spare.none',
    severity: 'info',
    session: null,
    message: `no spares are made: ${reason}`,
    why: 'pool.size asks for some; until then every create makes its own worktree.',
    fix: { kind: 'by-hand', does: 'see docs/spares.md, or set pool.size to 0' },
  };
}

function bare(reason: string): Finding {
  return {
    check: 'spare.bare',
    severity: 'info',
    session: null,
    message: `spares hold no set-up: ${reason}`,
    why: "Every session runs its set-up itself; git's checkout alone is saved.",
    fix: { kind: 'by-hand', does: 'see docs/spares.md' },
  };
}
