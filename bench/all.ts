import type { Group } from './case.ts';
import { conflicts } from './cases/conflicts.ts';
import { copies } from './cases/copy.ts';
import { creates } from './cases/create.ts';
import { lists } from './cases/list.ts';
import { merges } from './cases/merge.ts';
import { modules } from './cases/modules.ts';
import { removes } from './cases/remove.ts';
import { sessions } from './cases/sessions.ts';
import { start } from './cases/start.ts';

/** Every case, in the order in which they run. */
export const ALL: readonly Group[] = [
  start,
  { ...lists, cases: [...lists.cases, ...conflicts] },
  creates,
  removes,
  merges,
  copies,
  sessions,
  modules,
];
