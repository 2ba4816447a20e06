import type { SetupExplanation } from '../sessions/explain-setup.ts';
import { few, plural, safe, safeLine } from './text.ts';
import type { Look, Theme } from './theme.ts';

type Written = Readonly<{ file: string; line: number | null; at: string }>;

/** What would be done, in the order in which it would; every text of the repository is made harmless. */
export function renderSetup(explanation: SetupExplanation, root: string, { theme }: Look): string {
  const short = (file: string): string => (file.startsWith(`${root}/`) ? file.slice(root.length + 1) : file);
  const { session, definitions, steps, gate, env, ports, notes } = explanation;
  const parts = [
    `${theme.heading(session === null ? 'Set-up of a new session' : `Set-up of ${session}`)}\n${trustLine(explanation, theme)}`,
    definitions.map((one) => definitionLines(one, short, theme)).join(''),
    section('Files', filesLines(explanation, short), theme),
    section('Commands', stepLines(steps, short, theme), theme),
    gate === null ? '' : section('Gate', [`${safe(gate.command)}  ${theme.dim(placeOf(gate, short))}`], theme),
    section('Ports', portLines(ports), theme),
    section(
      'Variables',
      Object.entries(env).map(([name, value]) => `${safeLine(name)}=${safeLine(value)}`),
      theme,
    ),
    section('Found', notes.map(safeLine), theme),
  ];
  return parts.filter((part) => part !== '').join('\n');
}

function section(title: string, lines: readonly string[], theme: Theme): string {
  return lines.length === 0 ? '' : `${theme.heading(title)}\n${lines.map((line) => `  ${line}\n`).join('')}`;
}

function trustLine({ trust, brought }: SetupExplanation, theme: Theme): string {
  switch (trust) {
    case 'nothing':
      return 'The repository brings no commands along: there is nothing to approve.\n';
    case 'approved':
      return `${theme.ok} ${plural(brought, 'command')} of the repository: approved\n`;
    case 'unapproved':
      return `${theme.warn} ${plural(brought, 'command')} of the repository: not approved, and none of them runs. ${theme.command('wt trust')}\n`;
  }
}

function portLines(ports: SetupExplanation['ports']): readonly string[] {
  const all = Object.entries(ports);
  const leased = all.flatMap(([name, port]) => (port === null ? [] : [`${safeLine(name)} ${port}`]));
  const open = all.flatMap(([name, port]) => (port === null ? [safeLine(name)] : []));
  return [
    ...(leased.length === 0 ? [] : [leased.join('  ')]),
    ...(open.length === 0 ? [] : [`${open.join('  ')}: leased when the session is created`]),
  ];
}

function placeOf({ file, line, at }: Written, short: (file: string) => string): string {
  return [file === '' ? 'environment' : `${safe(short(file))}${line === null ? '' : `:${line}`}`, safe(at)].join(' ');
}

function definitionLines(
  { file, isUsed, reason, notes }: SetupExplanation['definitions'][number],
  short: (file: string) => string,
  theme: Theme,
): string {
  const head = `${isUsed ? theme.ok : '-'} ${theme.path(short(file))} ${isUsed ? 'is used' : 'is not used'}: ${safeLine(reason)}\n`;
  return head + notes.map((note) => `    ${theme.dim(note)}\n`).join('');
}

function filesLines({ files, envFile, matches }: SetupExplanation, short: (file: string) => string): readonly string[] {
  const rules = files.map(({ kind, file, patterns, except }) => {
    const what = patterns.length === 0 ? 'what it names' : patterns.map(safeLine).join(' ');
    const left = except.length === 0 ? '' : ` but ${except.map(safeLine).join(' ')}`;
    return `${kind} ${what}${left}  (${safeLine(short(file))})`;
  });
  const named = [
    ...(matches.copies.length === 0
      ? []
      : [`now ${plural(matches.copies.length, 'match', 'matches')} to copy: ${safeLine(few(matches.copies))}`]),
    ...(matches.links.length === 0 ? [] : [`now to link: ${safeLine(few(matches.links))}`]),
    ...matches.skipped.map((one) => `left out: ${safeLine(one.path)}, ${safeLine(one.reason)}`),
  ];
  rules.push(...named);
  return envFile === null ? rules : [...rules, `write the variables into ${safeLine(envFile)}`];
}

function stepLines(steps: SetupExplanation['steps'], short: (file: string) => string, theme: Theme): readonly string[] {
  return steps.flatMap((step, i) => {
    const { phase, stage, name, command, env, script, owner } = step;
    const isBeside = [steps[i - 1], steps[i + 1]].some(
      (one) => one?.phase === phase && one.stage === stage && one.file === step.file,
    );
    const origin = `${placeOf(step, short)}${owner === 'person' ? ', your own' : ''}`;
    return [
      `${theme.name(phase)}${name === null ? '' : ` ${safeLine(name)}`}${isBeside ? ' (at the same time)' : ''}  ${theme.dim(origin)}`,
      ...safe(command)
        .split('\n')
        .map((line) => `    ${line}`),
      ...Object.entries(env).map(([key, value]) => `    ${theme.dim(`${key}=${value}`)}`),
      ...(script === null ? [] : [`    ${theme.dim(`starts ${script}, which is approved with it`)}`]),
    ];
  });
}
