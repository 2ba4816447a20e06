import type { Group } from './case.ts';

/**
 * The cases that were asked for, by their names or those of their groups; all without any, but in a quick run for the long ones.
 * Throws for a name that nothing has. Pure.
 */
export function chosenFrom(groups: readonly Group[], names: readonly string[], isQuick: boolean): readonly Group[] {
  const known = new Set(groups.flatMap(({ name, cases }) => [name, ...cases.map((one) => one.name)]));
  const unknown = names.filter((name) => !known.has(name));
  if (unknown.length > 0) throw new Error(`no such case: ${unknown.join(', ')}; --list prints all`);
  return groups
    .map((group) => ({
      ...group,
      cases: group.cases.filter(({ name, isLong = false }) =>
        names.length === 0 ? !(isQuick && isLong) : names.includes(name) || names.includes(group.name),
      ),
    }))
    .filter(({ cases }) => cases.length > 0);
}
