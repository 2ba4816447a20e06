import path from 'node:path';
import type { Survey } from './survey.ts';

/**
 * A short configuration with comments, made of what was found. Only commands of a fixed list and plain names get into it, nothing
 * that a file of the repository could word. Pure.
 */
export function proposeConfig(
  root: string,
  { installs, envFiles, test, ports, others }: Survey,
  { $schema, withSetup }: { $schema: string; withSetup: boolean },
): string {
  const files = others.map(({ file }) => path.relative(root, file)).filter((name) => /^[A-Za-z0-9_.@/-]+$/.test(name));
  const isReplaced = others.length > 0 && !withSetup;
  const setup = isReplaced
    ? [
        `  // Sessions are set up as ${files.join(', ') || 'another tool’s file'} says; see "wt setup --explain". A "setup" here would replace that.`,
        '',
      ]
    : setupLines(installs, envFiles);
  return [
    '{',
    '  // Settings of wt for everyone who works on this repository. All of them, with their defaults: wt config',
    '  // What one of them means: wt config explain <key>',
    `  "$schema": ${JSON.stringify($schema)},`,
    '',
    ...setup,
    ...portLines(ports),
    '  // Worktrees that are kept ready, set-up and all: wt create gets one at once. They take room',
    '  // "pool": { "size": 1 },',
    '',
    '  "merge": {',
    '    // The command that must pass on the merged result before the base moves',
    `    // "gate": ${JSON.stringify(test?.command ?? 'npm test')}`,
    '  }',
    '}',
    '',
  ].join('\n');
}

function listText(items: readonly string[]): string {
  return `[${items.map((item) => JSON.stringify(item)).join(', ')}]`;
}

function setupLines(installs: Survey['installs'], envFiles: readonly string[]): readonly string[] {
  if (installs.length === 0 && envFiles.length === 0)
    return ['  // What makes a new session ready', '  // "setup": { "copy": [".env"], "run": ["make deps"] },', ''];
  const commands = listText(installs.map(({ command }) => command));
  return [
    `  // What makes a new session ready${installs.length === 0 ? '' : '; the commands run once they are approved: wt trust'}`,
    '  "setup": {',
    ...(envFiles.length === 0
      ? []
      : [
          '    // Ignored files that a session gets a copy of',
          `    "copy": ${listText(envFiles)}${installs.length === 0 ? '' : ','}`,
        ]),
    ...(installs.length === 0
      ? []
      : [`    // Seen by ${installs.map(({ file }) => file).join(', ')}`, `    "run": ${commands}`]),
    '  },',
    '',
  ];
}

function portLines(ports: Survey['ports']): readonly string[] {
  if (ports.length === 0) return [];
  const seen = [...new Set(ports.map(({ file }) => file))];
  const words = ports.map(({ name, port }) => `${name} ${port}`).join(', ');
  const variables = ports.slice(0, 3).map(({ name }) => `$WT_PORT_${name.toUpperCase().replaceAll('-', '_')}`);
  return [
    `  // Seen in ${seen.join(', ')}: ${words}. With this each session gets ports of its own, in ${variables.join(', ')}`,
    `  // "ports": ${listText(ports.map(({ name }) => name))},`,
    '',
  ];
}
