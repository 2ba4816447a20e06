import * as z from 'zod';
import { defineCommand } from '../cli/define.ts';
import { flag } from '../cli/params.ts';
import { EXIT } from '../core/exit-codes.ts';
import { examine, type DoctorOutcome } from '../health/doctor.ts';
import { commandOf, isWrong, SEVERITIES, type Finding, type Severity } from '../health/finding.ts';
import { plural, safe, safeLine, shellLine, widthOf, wrap } from '../ui/text.ts';
import type { Look } from '../ui/theme.ts';

const FindingData = z.object({
  check: z.string(),
  severity: z.enum(SEVERITIES),
  session: z.string().nullable(),
  message: z.string(),
  why: z.string(),
  fix: z.array(z.string()).nullable(),
  does: z.string(),
  automatic: z.boolean(),
  trouble: z.string().optional(),
});

export default defineCommand({
  description:
    'Looks at the registry, git and the disk, and says where they disagree, why that matters and what puts it right. It changes nothing without --fix, which mends only what loses nothing and leaves the rest to you. Ends with 7 while an error or a warning is left; notes do not count.',
  args: {},
  options: { fix: flag('--fix', 'Mend what can be mended without a person') },
  examples: ['wt doctor', 'wt doctor --fix --dry-run', 'wt doctor --fix'],
  mutates: true,
  data: z.object({
    findings: z.array(FindingData),
    fixed: z.array(FindingData),
    checked: z.object({ checks: z.number(), sessions: z.number() }),
  }),

  run: ({ deps, globals, busy }, { fix }) =>
    busy('looking at registry, git and disk', () => examine(deps, { fix, dryRun: globals.dryRun })),

  human: describe,
  json: ({ findings, fixed, checked }) => ({
    findings: findings.map(dataOf),
    fixed: fixed.map(dataOf),
    checked: { ...checked },
  }),
  exitCode: ({ findings }) => (findings.some(isWrong) ? EXIT.check : EXIT.ok),
});

function dataOf(finding: Finding): z.infer<typeof FindingData> {
  const { check, severity, session, message, why, fix, trouble } = finding;
  const command = commandOf(finding);
  return {
    check,
    severity,
    session,
    message,
    why,
    fix: command === null ? null : [...command],
    does: fix.does,
    automatic: fix.kind === 'automatic',
    ...(trouble === undefined ? {} : { trouble }),
  };
}

const TITLES: Readonly<Record<Severity, readonly [string, string]>> = {
  error: ['error', 'errors'],
  warning: ['warning', 'warnings'],
  info: ['note', 'notes'],
};

function describe(outcome: DoctorOutcome, look: Look): string {
  const { findings, fixed, checked } = outcome;
  const { theme } = look;
  const mended = fixed.map((finding) => lines(look, `${theme.ok} Mended: `, nameOf(finding), '  ')).join('');
  const scope = `${plural(checked.checks, 'check')}, ${plural(checked.sessions, 'session')}`;
  if (findings.length === 0) return `${mended}${theme.ok} All is well  ${theme.dim(scope)}\n`;
  const groups = SEVERITIES.map((severity) => group(outcome, severity, look)).filter((text) => text !== '');
  return `${[mended, ...groups].filter((text) => text !== '').join('\n')}\n${summary(outcome, scope, look)}`;
}

function group({ kind, findings }: DoctorOutcome, severity: Severity, look: Look): string {
  const own = findings.filter((finding) => finding.severity === severity);
  if (own.length === 0) return '';
  const [one, many] = TITLES[severity];
  const { theme } = look;
  const title = `${own.length} ${own.length === 1 ? one : many}`;
  const painted =
    severity === 'error' ? theme.bad(title) : severity === 'warning' ? theme.attention(title) : theme.heading(title);
  return `${painted}\n${own.map((finding) => entry(finding, kind === 'planned', look)).join('')}`;
}

function entry(finding: Finding, isPlan: boolean, look: Look): string {
  const { theme } = look;
  const { severity, why, fix, trouble } = finding;
  const mark = { error: theme.bad('✗'), warning: theme.warn, info: theme.dim('·') }[severity];
  const command = commandOf(finding);
  const isMending = isPlan && fix.kind === 'automatic';
  const shown = command === null || isMending ? '' : `    ${theme.dim('fix')}  ${theme.command(shellLine(command))}\n`;
  const label = isMending ? 'would' : shown === '' ? 'fix' : '';
  return [
    lines(look, `  ${mark} `, nameOf(finding), '    '),
    lines(look, `    ${theme.dim('why')}  `, why, '         '),
    shown,
    lines(look, label === '' ? '         ' : `    ${theme.dim(label)}  `, fix.does, '         '),
    trouble === undefined ? '' : lines(look, `    ${theme.bad('not mended')}  `, trouble, '         '),
  ].join('');
}

function nameOf({ session, message }: Finding): string {
  return session === null ? message : `${session}: ${message}`;
}

/** A text behind its label, wrapped on a terminal; off one a line stays whole, so that it can be searched. */
function lines({ isTerminal, width }: Look, label: string, text: string, indent: string): string {
  const room = isTerminal ? Math.max(30, width - Math.max(widthOf(label), indent.length) - 2) : Number.MAX_SAFE_INTEGER;
  return wrap(safeLine(text), room)
    .map((line, i) => `${i === 0 ? label : indent}${safe(line)}\n`)
    .join('');
}

function summary({ kind, findings, fixed }: DoctorOutcome, scope: string, { theme }: Look): string {
  const automatic = findings.filter(({ fix, trouble }) => fix.kind === 'automatic' && trouble === undefined).length;
  const counts = SEVERITIES.flatMap((severity) => {
    const count = findings.filter((finding) => finding.severity === severity).length;
    return count === 0 ? [] : [plural(count, ...TITLES[severity])];
  });
  const head = `${findings.some(isWrong) ? '' : 'Nothing is wrong. '}${counts.join(', ')}  ${theme.dim(scope)}`;
  const done = fixed.length === 0 ? '' : `, ${fixed.length} mended`;
  const next =
    automatic === 0
      ? ''
      : kind === 'planned'
        ? `${theme.command('wt doctor --fix')} ${theme.dim(`mends ${automatic} of them. Nothing was changed.`)}\n`
        : `${theme.command('wt doctor --fix')} ${theme.dim(`mends ${automatic} of them`)}\n`;
  return `${head}${theme.dim(done)}\n${next}`;
}
