import type { Change } from '../config/change.ts';
import type { LayerName } from '../config/load.ts';
import type { ExplainedSetting, LayerView, SettingView } from '../config/views.ts';
import { renderTable, type Column } from './table.ts';
import { safe, shellLine, wrap, widthOf } from './text.ts';
import type { Look } from './theme.ts';

/** A value as people write it; nothing for what is not set. */
export function valueText(value: unknown): string {
  if (value === null || value === undefined) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

const LAYER_WORDS: Readonly<Record<LayerName, string>> = {
  default: 'default',
  project: 'project',
  personal: 'personal',
  repository: 'personal, here',
  environment: 'environment',
};

function originText({ origin, file, line, variable }: SettingView, home: string): string {
  if (variable !== null) return `$${variable}`;
  if (file === null) return LAYER_WORDS[origin];
  return `${LAYER_WORDS[origin]}  ${shortPath(file, home)}${line === null ? '' : `:${line}`}`;
}

function shortPath(file: string, home: string): string {
  return home !== '' && file.startsWith(`${home}/`) ? `~${file.slice(home.length)}` : file;
}

/** Every setting on a line: key, value, who says so. Pure. */
export function renderSettings(settings: readonly SettingView[], home: string, look: Look): string {
  const columns: readonly Column<SettingView>[] = [
    { header: 'key', value: ({ key }) => key, paint: (text, _, theme) => theme.name(text) },
    {
      header: 'value',
      value: ({ value }) => (value === null ? '-' : valueText(value)),
      min: 12,
      paint: (text, { origin }, theme) => (origin === 'default' ? theme.dim(text) : text),
    },
    {
      header: 'from',
      value: (view) => originText(view, home),
      min: 12,
      paint: (text, { origin }, theme) => (origin === 'default' ? theme.dim(text) : theme.attention(text)),
    },
  ];
  return renderTable(columns, settings, look);
}

/** All about one key: what it means, what holds, what each source says, where to set it. Pure. */
export function renderExplained(one: ExplainedSetting, home: string, { theme, width, isTerminal }: Look): string {
  const text = isTerminal ? wrap(one.description, Math.min(width, 100) - 2) : [one.description];
  const none = 'nothing';
  const head = [
    theme.name(one.key),
    ...text.map((line) => `  ${safe(line)}`),
    '',
    `  value    ${theme.good(one.value === null ? none : valueText(one.value))}`,
    `  default  ${safe(one.default === null ? none : valueText(one.default))}`,
    '',
  ];
  const shown = one.layers.map((layer) => ({
    layer,
    name: LAYER_WORDS[layer.origin],
    place: placeText(layer, one, home),
  }));
  const widest = Math.max(...shown.map(({ name }) => widthOf(name)));
  const rows = shown.map(({ layer, name, place }) => {
    const said = layer.isSet ? valueText(layer.value) : '-';
    const line = `${name.padEnd(widest)}  ${safe(said)}${place === '' ? '' : `  ${theme.dim(place)}`}`;
    return layer.wins ? `${theme.ok} ${line}` : `  ${line}`;
  });
  return `${[...head, ...rows, '', ...waysToSet(one)].join('\n')}\n`;
}

function placeText(layer: LayerView, { settable }: ExplainedSetting, home: string): string {
  if (layer.origin === 'environment') return settable === null ? '' : `$${settable}`;
  if (layer.file === null) return '';
  return `${shortPath(layer.file, home)}${layer.isSet && layer.line !== null ? `:${layer.line}` : ''}`;
}

function waysToSet({ key, settable, isShared }: ExplainedSetting): readonly string[] {
  const set = (...flags: string[]): string => shellLine(['wt', 'config', 'set', ...flags, key]);
  const ways = [
    ...(isShared ? [[`${set()} <value>`, 'for everyone who works on it']] : []),
    [`${set('--personal')} <value>`, 'for yourself, everywhere'],
    ...(isShared ? [[`${set('--here')} <value>`, 'for yourself, in this repository']] : []),
    ...(settable === null ? [] : [[`${settable}=<value> wt …`, 'for one call']]),
  ];
  const widest = Math.max(...ways.map(([line = '']) => widthOf(line)));
  return ways.map(([line = '', what = '']) => `  ${line.padEnd(widest)}  ${what}`);
}

/** What has been set or unset, and where. Pure. */
export function renderChange(
  key: string,
  { file, before, after, isChanged }: Change,
  { theme, isPlanned }: { theme: Look['theme']; isPlanned: boolean },
): string {
  const where = theme.path(file);
  const was = before === undefined ? '' : theme.dim(`  (was ${valueText(before)})`);
  if (!isChanged)
    return after === undefined
      ? `${theme.name(key)} is not set in ${where}\n`
      : `${theme.name(key)} is ${safe(valueText(after))} already in ${where}\n`;
  const what = after === undefined ? `${theme.name(key)} is unset` : `${theme.name(key)} = ${safe(valueText(after))}`;
  return isPlanned ? `Would write to ${where}: ${what}${was}\n` : `${theme.ok} ${what}${was}\n  ${where}\n`;
}
