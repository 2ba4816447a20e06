import path from 'node:path';
import { databaseName, slugOf } from '../core/template.ts';
import type { Env } from '../platform/deps.ts';

/** What is known of a session when something is made for it. */
export interface SessionFacts {
  readonly id: string;
  readonly branch: string;
  /** The branch it lands on, else the commit it was cut from. */
  readonly base: string;
  readonly task: string | null;
  readonly path: string;
  readonly main: string;
  /** The person's login name. */
  readonly user: string;
  /** ISO 8601 UTC. */
  readonly createdAt: string;
  /** Leased ports by name, in the order of the configuration. */
  readonly ports: Readonly<Record<string, number>>;
  /** A file with the task, when there is one. */
  readonly taskFile: string | undefined;
}

/** The person's login name. Pure. */
export function userOf(env: Env): string {
  return env['USER'] || env['LOGNAME'] || 'user';
}

/** Values for templates. Ports that were not leased are absent, so a template that names one is refused. Pure. */
export function valuesOf(facts: SessionFacts): Readonly<Record<string, string>> {
  const { id, branch, base, task, main, createdAt, ports, user } = facts;
  const repo = path.basename(main);
  const [first] = Object.values(ports);
  return {
    id,
    branch,
    base,
    repo,
    user,
    task: task ?? '',
    'task.slug': slugOf((task ?? '').split('\n')[0] ?? ''),
    date: createdAt.slice(0, 10),
    path: facts.path,
    main,
    db: databaseOf(facts),
    compose: composeOf(facts),
    ...(first === undefined ? {} : { port: String(first) }),
    ...Object.fromEntries(Object.entries(ports).map(([name, port]) => [`port.${name}`, String(port)])),
  };
}

function databaseOf({ id, main }: SessionFacts): string {
  return databaseName(`${path.basename(main)}_${id}`);
}

/** A Compose project name: lower-case letters, digits, hyphens and underscores, beginning with a letter or digit (docs.docker.com, COMPOSE_PROJECT_NAME). */
function composeOf({ id, main }: SessionFacts): string {
  return `${slugOf(path.basename(main)) || 'repo'}-${id.toLowerCase()}`;
}

/** Variables of every program that runs for a session. Pure. */
export function environmentOf(facts: SessionFacts): Env {
  const { id, branch, base, task, taskFile, main, ports } = facts;
  const [first] = Object.values(ports);
  return {
    WT_SESSION: id,
    WT_ID: id,
    WT_BRANCH: branch,
    WT_PATH: facts.path,
    WT_MAIN: main,
    WT_BASE: base,
    WT_DB: databaseOf(facts),
    COMPOSE_PROJECT_NAME: composeOf(facts),
    ...(task === null ? {} : { WT_TASK: task }),
    ...(taskFile === undefined ? {} : { WT_TASK_FILE: taskFile }),
    ...(first === undefined ? {} : { WT_PORT: String(first) }),
    ...Object.fromEntries(
      Object.entries(ports).map(([name, port]) => [`WT_PORT_${name.toUpperCase().replaceAll('-', '_')}`, String(port)]),
    ),
  };
}
