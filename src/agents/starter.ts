import path from 'node:path';
import { describeProcess, type Owner } from '../platform/identity.ts';
import type { Parent } from '../platform/parents.ts';

const SHELLS = ['sh', 'bash', 'dash', 'zsh', 'fish', 'ksh', 'tcsh', 'csh', 'nu', 'pwsh', 'xonsh', 'elvish', 'busybox'];
/** Between a hook and its agent, and never the agent. */
const WRAPPERS = [
  'env',
  'timeout',
  'nice',
  'ionice',
  'nohup',
  'setsid',
  'stdbuf',
  'sudo',
  'su',
  'script',
  'xargs',
  'npx',
];
/** Where the agents of a terminal come from. */
const HOSTS = [
  'tmux',
  'screen',
  'zellij',
  'sshd',
  'login',
  'init',
  'systemd',
  'cron',
  'make',
  'git',
  'dtach',
  'abduco',
];

/**
 * The process of the agent that has called a hook, among those the hook comes from: the nearest one that has the agent's name, else
 * the nearest that is no shell. Pure.
 */
export function findStarter(
  parents: readonly Parent[],
  names: readonly string[],
  isOurs: (parent: Parent) => boolean,
): Parent | undefined {
  const candidates = parents.filter((parent) => !isOneOf(parent, [...SHELLS, ...WRAPPERS]) && !isOurs(parent));
  const named = candidates.find((parent) =>
    parent.words.slice(0, 3).some((word) => names.some((name) => isNamed(word, name))),
  );
  if (named !== undefined) return named;
  const [nearest] = candidates;
  return nearest === undefined || isOneOf(nearest, HOSTS) ? undefined : nearest;
}

/**
 * Whether an agent that the owner has started in turn is the caller: agents start others by a shell, which then stands between the
 * two. False as well when the owner is not among the parents. Pure.
 */
export function isNestedBelow(parents: readonly Parent[], { pid }: Owner): boolean {
  const between = parents.slice(
    0,
    Math.max(
      0,
      parents.findIndex((parent) => parent.pid === pid),
    ),
  );
  const first = between.findIndex((parent) => !isOneOf(parent, [...SHELLS, ...WRAPPERS]));
  return first !== -1 && between.slice(first).some((parent) => isOneOf(parent, SHELLS));
}

/** Undefined: it has gone. */
export function ownerOf(starter: Parent | undefined, agent: string): Owner | undefined {
  return starter === undefined ? undefined : describeProcess(starter.pid, agent);
}

function isOneOf({ name, words: [program = ''] }: Parent, names: readonly string[]): boolean {
  const base = path.basename(program).replace(/^-/, '');
  return names.some((one) => name === one || base === one || name.startsWith(`${one}:`));
}

/** `/usr/bin/claude`, `…/claude-code/cli.js`, `codex`. */
function isNamed(word: string, name: string): boolean {
  return word.split('/').some((part) => part === name || part.startsWith(`${name}-`) || part.startsWith(`${name}.`));
}
