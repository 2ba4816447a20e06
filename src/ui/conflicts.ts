import type { ConflictFile } from '../git/conflicts.ts';
import type { BaseConflict, ConflictsOutcome, Place } from '../landing/radar/conflicts.ts';
import type { PairConflict } from '../landing/radar/radar.ts';
import type { Trespass } from '../landing/radar/ownership.ts';
import { few, plural, safeLine, truncate, widthOf } from './text.ts';
import type { Look } from './theme.ts';

const FILES_SHOWN = 8;
const PAIRS_SHOWN = 15;
const ORDER_SHOWN = 20;

/** For a person: what is wrong at a glance, a matrix when it says more than a list, then where, and in which order to land. Pure. */
export function renderConflicts(outcome: ConflictsOutcome, look: Look): string {
  const { compared, asked, pairs, base, ownership, order } = outcome;
  const isOrdered = pairs.length > 0 || order.some(({ after }) => after.length > 0);
  const parts = [
    headline(outcome, look),
    ...(ownership.length === 0 && pairs.length + base.length === 0
      ? []
      : [matrix(outcome, look), baseSection(base, look), pairSection(pairs, look), ownershipSection(ownership, look)]),
    ...(asked === undefined && compared.length > 1 && isOrdered ? [orderSection(outcome, look)] : []),
  ];
  return parts.filter((part) => part !== '').join('\n');
}

function headline({ compared, asked, pairs, base, ownership }: ConflictsOutcome, { theme }: Look): string {
  if (compared.length === 0) return `${theme.ok} Nothing to compare: no session has work that has not landed.\n`;
  const all = plural(compared.length, 'session');
  const each = compared.length === 1 ? 'with its base' : 'with their bases or with each other';
  const findings = [
    ...(pairs.length === 0 ? [] : [`${plural(pairs.length, 'pair')} of sessions`]),
    ...(base.length === 0
      ? []
      : [`${plural(base.length, 'session')} with ${base.length === 1 ? 'its base' : 'their bases'}`]),
  ];
  if (findings.length > 0)
    return `${theme.bad(`Conflicts: ${findings.join(', ')}`)}  ${theme.dim(`${all} compared`)}\n`;
  if (asked !== undefined && ownership.length === 0)
    return `${theme.ok} ${few(asked)}: no conflicts.  ${theme.dim(`${all} compared`)}\n`;
  return ownership.length > 0
    ? `${theme.warn} ${all}, no conflicts, but changes against --owns.\n`
    : `${theme.ok} ${all}, no conflicts ${each}.\n`;
}

const CELL = 3;
const NARROWEST = 8;

/** Sessions against sessions, with the number of files; '' when a list says as much, or when it does not fit. */
function matrix({ compared, pairs, base }: ConflictsOutcome, look: Look): string {
  const { theme } = look;
  const ids = compared.filter(
    (id) => pairs.some(({ a, b }) => a === id || b === id) || base.some((one) => one.id === id),
  );
  const fixed = 2 + 2 + 2 + 2 + 4 + ids.length * CELL;
  const longest = Math.max(...ids.map((id) => widthOf(id)));
  const width = Math.min(24, look.width - fixed, longest);
  if (pairs.length < 2 || width < Math.min(NARROWEST, longest)) return '';
  const count = (files: readonly ConflictFile[] | undefined, size: number): string =>
    files === undefined ? theme.dim('·'.padStart(size)) : theme.bad(String(files.length).padStart(size));
  const head = ids.map((_, i) => String(i + 1).padStart(CELL)).join('');
  const rows = ids.map((id, row) => {
    const name = truncate(id, width);
    const cells = ids.map((other, column) =>
      row === column
        ? theme.dim('\\'.padStart(CELL))
        : count(pairs.find(({ a, b }) => (a === id && b === other) || (a === other && b === id))?.files, CELL),
    );
    const own = count(base.find((one) => one.id === id)?.files, 4);
    return `  ${theme.dim(String(row + 1).padStart(2))}  ${theme.name(name)}${' '.repeat(width - widthOf(name) + 2)}${own}${cells.join('')}\n`;
  });
  const rest = compared.length - ids.length;
  const more =
    rest === 0
      ? ''
      : `  ${theme.dim(`${plural(rest, 'more session')} ${rest === 1 ? 'conflicts' : 'conflict'} with nothing`)}\n`;
  return `  ${' '.repeat(2 + 2 + width + 2)}${theme.dim(`base${head}`)}\n${rows.join('')}${more}`;
}

function baseSection(base: readonly BaseConflict[], look: Look): string {
  if (base.length === 0) return '';
  const { theme } = look;
  const blocks = base
    .slice(0, PAIRS_SHOWN)
    .map(
      ({ id, branch, files }) =>
        `  ${theme.name(id)} ${theme.dim('and its base')} ${theme.name(branch)}\n${fileLines(files, look)}`,
    );
  return `${theme.heading(`With the base (${base.length})`)}\n${blocks.join('')}${moreLine(base.length - PAIRS_SHOWN, 'more session', look)}`;
}

function pairSection(pairs: readonly PairConflict[], look: Look): string {
  if (pairs.length === 0) return '';
  const { theme } = look;
  const blocks = pairs
    .slice(0, PAIRS_SHOWN)
    .map(({ a, b, files }) => `  ${theme.name(a)} ${theme.dim('and')} ${theme.name(b)}\n${fileLines(files, look)}`);
  return `${theme.heading(`With each other (${pairs.length})`)}\n${blocks.join('')}${moreLine(pairs.length - PAIRS_SHOWN, 'more pair', look)}`;
}

function moreLine(count: number, what: string, { theme }: Look): string {
  return count <= 0
    ? ''
    : `  ${theme.dim(`and ${plural(count, what)};`)} ${theme.command('wt conflicts <id>')} ${theme.dim('shows those of one session')}\n`;
}

function fileLines(files: readonly ConflictFile[], look: Look): string {
  const { theme } = look;
  const shown = files.slice(0, FILES_SHOWN);
  const room = Math.max(20, look.width - 4 - 2 - 'file/directory'.length);
  const names = shown.map(({ path }) => truncate(safeLine(path), room, 'middle'));
  const width = Math.max(...names.map((name) => widthOf(name)));
  const lines = names.map(
    (name, i) =>
      `    ${theme.path(name)}${' '.repeat(width - widthOf(name) + 2)}${theme.attention(shown[i]?.kind ?? '')}\n`,
  );
  const rest = files.length - shown.length;
  return lines.join('') + (rest === 0 ? '' : `    ${theme.dim(`and ${plural(rest, 'more file')}`)}\n`);
}

function ownershipSection(ownership: readonly Trespass[], look: Look): string {
  if (ownership.length === 0) return '';
  const { theme } = look;
  const blocks = groupsOf(ownership).map(({ id, owner, paths }) => {
    const whose =
      owner === null
        ? theme.dim('outside what it owns')
        : `${theme.dim('in what')} ${theme.name(owner)} ${theme.dim('owns')}`;
    const shown = paths
      .slice(0, FILES_SHOWN)
      .map((path) => `    ${theme.path(truncate(safeLine(path), look.width - 4, 'middle'))}\n`);
    const rest = paths.length - shown.length;
    return `  ${theme.name(id)} ${whose}\n${shown.join('')}${rest === 0 ? '' : `    ${theme.dim(`and ${plural(rest, 'more file')}`)}\n`}`;
  });
  return `${theme.heading(`Against --owns (${ownership.length})`)}\n${blocks.join('')}`;
}

/** The same, a line for each pair of a session and whose files they are. */
export function trespassLines(ownership: readonly Trespass[]): readonly string[] {
  return groupsOf(ownership).map(
    ({ id, owner, paths }) =>
      `${id} changes ${owner === null ? 'files outside what it owns' : `files that ${owner} owns`}: ${few(paths)}`,
  );
}

function groupsOf(ownership: readonly Trespass[]): readonly { id: string; owner: string | null; paths: string[] }[] {
  const groups = new Map<string, { id: string; owner: string | null; paths: string[] }>();
  for (const { id, path, owner } of ownership) {
    const key = `${id} ${owner ?? ''}`;
    const group = groups.get(key) ?? { id, owner, paths: [] };
    group.paths.push(path);
    groups.set(key, group);
  }
  return [...groups.values()];
}

function orderSection({ order }: ConflictsOutcome, look: Look): string {
  const { theme } = look;
  const shown = order.slice(0, ORDER_SHOWN);
  const width = Math.min(32, Math.max(...shown.map(({ id }) => widthOf(id))));
  const lines = shown.map((place, i) => {
    const name = truncate(place.id, width);
    const reason = reasonOf(place);
    const room = Math.max(10, look.width - width - 8);
    return `  ${theme.dim(String(i + 1).padStart(2))}  ${theme.name(name)}${' '.repeat(width - widthOf(name) + 2)}${theme.dim(truncate(reason, room))}\n`;
  });
  const rest = order.length - shown.length;
  return `${theme.heading('Land in this order')}\n${lines.join('')}${rest === 0 ? '' : `  ${theme.dim(`and ${rest} more`)}\n`}`;
}

/** Why it stands there, in words. */
function reasonOf({ after, base, before, behind }: Place): string {
  const some = (ids: readonly string[], where: string): readonly string[] =>
    ids.length === 0
      ? []
      : [`${ids.length > 2 || ids.join().length > 24 ? plural(ids.length, 'session') : ids.join(' and ')} ${where}`];
  const rivals = [...(base === null ? [] : [base]), ...some(before, 'above'), ...some(behind, 'below')];
  const parts = [
    ...(after.length === 0 ? [] : [`after ${few(after)}`]),
    ...(rivals.length === 0 ? [] : [`conflicts with ${rivals.join(', ')}`]),
  ];
  return parts.length === 0 ? 'no conflicts' : parts.join('; ');
}

/** For programs: a line a conflict, what it is, who, with whom, and the files. Pure. */
export function pipeConflicts({ base, pairs, ownership }: ConflictsOutcome): string {
  const lines = [
    ...base.map(({ id, branch, files }) => ['base', id, branch, ...files.map(({ path }) => path)]),
    ...pairs.map(({ a, b, files }) => ['pair', a, b, ...files.map(({ path }) => path)]),
    ...ownership.map(({ id, path, owner }) => ['owns', id, owner ?? '', path]),
  ];
  return lines.map((line) => `${line.map(safeLine).join('\t')}\n`).join('');
}
