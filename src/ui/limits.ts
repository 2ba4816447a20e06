import type { Cleanable, ErrorCatalog, LockUser } from '../core/errors.ts';
import type { Strain } from '../setup/limits.ts';
import type { Explanation } from './explanation.ts';
import { bytes, few, plural, safe } from './text.ts';

/** What a create is refused for: the number, the key, who says so, and what would help. */
export function explainLimit({
  limit,
  allowed,
  found,
  origin,
  ids = [],
  cleanable,
}: ErrorCatalog['limit.reached']): Explanation {
  if (limit === 'ports')
    return {
      message: `no ports are left: ${origin}`,
      lines: [
        '"ports": { "names": […], "from": …, "to": … } widens the range; a port that anybody listens on counts as taken',
      ],
      fix: ['wt', 'list', '--json'],
    };
  if (limit === 'limits.unreviewed')
    return {
      message: `${plural(found, 'session')} ${found === 1 ? 'is' : 'are'} finished and not landed, and ${limit} allows ${allowed} (${origin})`,
      lines: [`waiting for review: ${few(ids)}`],
      fix: ['wt', 'merge', ids[0] ?? '<id>'],
    };
  return {
    message: `there ${found === 1 ? 'is' : 'are'} ${plural(found, 'session')}, and ${limit} allows ${allowed} (${origin})`,
    lines: cleanableLines(cleanable),
    fix: isAny(cleanable) ? ['wt', 'clean'] : ['wt', 'list'],
  };
}

export function explainLowDisk({
  limit,
  path,
  free,
  needed,
  keep,
  origin,
  cleanable,
}: ErrorCatalog['disk.low']): Explanation {
  const count = limit === 'limits.minFreeDisk' ? bytes : (n: number): string => plural(n, 'file');
  return {
    message: `the disk of ${path} has room for ${count(free)}; the session takes about ${count(needed)}, and ${limit} keeps ${count(keep)} free (${origin})`,
    lines: cleanableLines(cleanable),
    fix: isAny(cleanable) ? ['wt', 'clean'] : ['wt', 'du'],
  };
}

function isAny(cleanable: Cleanable | undefined): boolean {
  return (cleanable?.ids.length ?? 0) > 0;
}

function cleanableLines(cleanable: Cleanable | undefined): readonly string[] {
  if (cleanable === undefined) return [];
  if (cleanable.ids.length === 0) return ['wt clean would take nothing away: no session is proven landed'];
  const { ids, bytes: size } = cleanable;
  return [`wt clean would move ${plural(ids.length, 'session')} (${bytes(size)}) into the trash: ${few(ids)}`];
}

export function explainBusyLock({ name, max, holders, waiting, waitedMs }: ErrorCatalog['lock.busy']): Explanation {
  const others = waiting === 0 ? '' : `; ${waiting} more ${waiting === 1 ? 'waits' : 'wait'} for it`;
  return {
    message: `lock ${name} is busy${max === 1 ? '' : ` (${holders.length} of ${max} places taken)`}`,
    lines: [
      ...holders.map((holder) => `held by ${lockUserWords(holder)}`),
      `waited ${Math.round(waitedMs / 1000)} s${others}; --wait <time> waits longer`,
    ],
    unchanged: 'The command was not run.',
    fix: ['wt', 'lock', '--list'],
  };
}

/** Who it is, where, since when. */
export function lockUserWords({ pid, command, session, since }: LockUser): string {
  const where = session === null ? '' : ` in ${session}`;
  return safe(`process ${pid}${where} since ${since.slice(0, 19).replace('T', ' ')} UTC: ${command}`);
}

/** A limit of the kernel, in a line. */
export function strainWords(strain: Strain): string {
  switch (strain.kind) {
    case 'watches':
      return `programs that watch files may fail: ${strain.sessions} sessions have about ${strain.needed} folders, and fs.inotify.max_user_watches is ${strain.max}`;
    case 'open-files':
      return `a program may open ${strain.max} files only (ulimit -n), which is few for builds and servers`;
    case 'files-open':
      return `${strain.used} files are open on this machine, and fs.file-max allows ${strain.max}`;
  }
}
