import type { Env } from '../platform/deps.ts';

/** A setting from the environment: its key, and how its text is read. */
interface Variable {
  readonly key: readonly [string, ...string[]];
  readonly read?: (text: string) => unknown;
}

const isTrue = (text: string): unknown =>
  /^(1|true|yes|on)$/i.test(text) ? true : /^(0|false|no|off)$/i.test(text) ? false : text;

/**
 * Every setting that the environment can give. None has a name that a session exports (`WT_BRANCH`, `WT_PATH`, `WT_PORT`…), or a call
 * from inside of one would be configured by it.
 */
export const VARIABLES: Readonly<Record<string, Variable>> = {
  WT_TRASH_KEEP: { key: ['trash', 'keep'] },
  WT_TRASH_MAX_SIZE: { key: ['trash', 'maxSize'] },
  WT_MERGE_GATE: { key: ['merge', 'gate'] },
  WT_MERGE_RETRIES: { key: ['merge', 'retries'], read: Number },
  WT_MERGE_STRATEGY: { key: ['merge', 'strategy'] },
  WT_MERGE_MESSAGE: { key: ['merge', 'message'] },
  WT_MERGE_REQUIRE_APPROVAL: { key: ['merge', 'requireApproval'], read: isTrue },
  WT_BRANCH_TEMPLATE: { key: ['branch'] },
  WT_PATH_TEMPLATE: { key: ['path'] },
  WT_SETUP_TIMEOUT: { key: ['setup', 'timeout'] },
  WT_SETUP_LFS: { key: ['setup', 'lfs'] },
  WT_SETUP_SUBMODULES: { key: ['setup', 'submodules'], read: isTrue },
  WT_TEARDOWN_TIMEOUT: { key: ['teardown', 'timeout'] },
  WT_AGENT: { key: ['agent'] },
  WT_POOL_SIZE: { key: ['pool', 'size'], read: Number },
  WT_LIMITS_SESSIONS: { key: ['limits', 'sessions'], read: Number },
  WT_LIMITS_UNREVIEWED: { key: ['limits', 'unreviewed'], read: Number },
  WT_LIMITS_MIN_FREE_DISK: { key: ['limits', 'minFreeDisk'] },
  WT_LIMITS_MIN_FREE_INODES: { key: ['limits', 'minFreeInodes'], read: Number },
};

/** What the environment says, in the shape of a configuration file; empty variables say nothing. Pure. */
export function readVariables(env: Env): Readonly<Record<string, unknown>> {
  const value: Record<string, unknown> = {};
  for (const [name, { key, read }] of Object.entries(VARIABLES)) {
    const text = env[name];
    if (text === undefined || text === '') continue;
    const [first, second] = key;
    const said = read === undefined ? text : read(text);
    if (second === undefined) value[first] = said;
    else value[first] = { ...(value[first] as object | undefined), [second]: said };
  }
  return value;
}

/** The variable that gives this setting, if it is set. Pure. */
export function variableFor(key: string, env: Env): string | undefined {
  return Object.entries(VARIABLES).find(([name, one]) => one.key.join('.') === key && env[name])?.[0];
}
