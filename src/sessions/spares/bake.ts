import { unknownNames } from '../../core/template.ts';
import type { Definition } from '../../setup/definition.ts';
import { stepsOf } from '../../setup/fill.ts';
import { templatesOf, wordsOf, type Step } from '../../setup/step.ts';

/** What is the same for every session, so that a template may name it. */
const SAME_FOR_ALL = ['repo', 'main', 'user'];

/** A variable that tells one session from another, by its name in a command or a script. */
export const SESSION_VARIABLE = /\bWT_(?!MAIN\b|PHASE\b)[A-Z]|\bCOMPOSE_PROJECT_NAME\b/;

/** What keeps something outside of the folder for it, by the folder's name or its path. */
const OUTSIDE = /\b(?:docker|docker-compose|podman|nerdctl|kubectl|direnv|mise)\b/;

const INSTALLS = [
  'npm (?:ci|install|i)',
  'pnpm (?:install|i)',
  'yarn(?: install)?',
  'bun install',
  'deno install',
  'cargo fetch',
  'go mod download',
  'bundle install',
  'composer install',
  'mix deps\\.get',
  'dotnet restore',
  'dart pub get',
  'flutter pub get',
];
const INSTALL = new RegExp(`^(?:${INSTALLS.join('|')})(?: --?[A-Za-z][A-Za-z0-9=-]*)*$`);

/** Whether a command installs what manifests and lockfiles name, and does nothing else. Pure. */
export function isInstall({ command, env }: Pick<Step, 'command' | 'env'>): boolean {
  const words = command.kind === 'shell' ? command.script.trim() : command.argv.join(' ');
  return Object.keys(env).length === 0 && INSTALL.test(words);
}

/** Whether what a program finds around it may differ from session to session, beside what its own words say. Pure. */
export function hasOwnVariables({ env, ports, settings }: Pick<Definition, 'env' | 'ports' | 'settings'>): boolean {
  return (
    ports.names.length > 0 ||
    settings.setup.envFile !== undefined ||
    env.some(({ template }) => unknownNames(template, SAME_FOR_ALL).length > 0)
  );
}

/**
 * The first commands of the set-up that can run before the session is known: those that by their words are the same for every session
 * and, where the surroundings may differ, plain installs. The first that is none ends it, with its whole stage. Pure.
 */
export function planBake(definition: Pick<Definition, 'steps'>, { isVaried }: { isVaried: boolean }): readonly Step[] {
  const steps = stepsOf(definition, ['setup']);
  const end = steps.findIndex((step) => !isBakeable(step, isVaried));
  if (end < 0) return steps;
  const last = steps[end];
  return steps.slice(0, end).filter(({ stage, source }) => stage !== last?.stage || source.file !== last.source.file);
}

function isBakeable(step: Step, isVaried: boolean): boolean {
  const { command, env, isLiteral, script = '' } = step;
  const words = [wordsOf(command), script, ...Object.entries(env).flat()].join('\n');
  const templates = [...(isLiteral ? [] : templatesOf(command)), ...Object.values(env)];
  const isSame = templates.every((text) => unknownNames(text, SAME_FOR_ALL).length === 0);
  return isSame && !SESSION_VARIABLE.test(words) && !OUTSIDE.test(words) && (!isVaried || isInstall(step));
}

/**
 * What of the commands that ran in a spare holds for a session: all of it when the session starts at the very same commit, else the
 * first that are installs, as long as no manifest has changed. Pure.
 */
export function stillDone(
  definition: Pick<Definition, 'steps'>,
  ran: readonly string[],
  { isSameCommit }: { isSameCommit: boolean },
): readonly string[] {
  const steps = stepsOf(definition, ['setup']);
  const end = steps.findIndex((step) => !ran.includes(step.at) || (!isSameCommit && !isInstall(step)));
  return (end < 0 ? steps : steps.slice(0, end)).map(({ at }) => at);
}

/** The same definition without commands that have run. Pure. */
export function withoutSteps(definition: Definition, ran: readonly string[]): Definition {
  if (ran.length === 0) return definition;
  return { ...definition, steps: definition.steps.filter(({ phase, at }) => phase !== 'setup' || !ran.includes(at)) };
}

/** Files that say which packages there are and which program reads them: with another one of these an install is out of date. */
export const MANIFESTS = [
  'package.json',
  'package-lock.json',
  'npm-shrinkwrap.json',
  '.npmrc',
  '.yarnrc*',
  'yarn.lock',
  'pnpm-lock.yaml',
  'pnpm-workspace.yaml',
  'bun.lock',
  'bun.lockb',
  'bunfig.toml',
  'deno.json*',
  'deno.lock',
  'Cargo.toml',
  'Cargo.lock',
  'pyproject.toml',
  'uv.lock',
  'poetry.lock',
  'pdm.lock',
  'Pipfile',
  'Pipfile.lock',
  'requirements*.txt',
  'Gemfile',
  'Gemfile.lock',
  'composer.json',
  'composer.lock',
  'go.mod',
  'go.sum',
  'mix.exs',
  'mix.lock',
  'pubspec.yaml',
  'pubspec.lock',
  'gradle.lockfile',
  'packages.lock.json',
  '*.csproj',
  '.nvmrc',
  '.node-version',
  '.python-version',
  '.ruby-version',
  '.tool-versions',
  'mise.toml',
  '.mise.toml',
];
