import type { Wiring } from '../adapter.ts';
import type { HookSupport } from './support.ts';

const FIRST_LINE = '// Written by wt: tells it what opencode does here. `wt hooks remove opencode` takes it away.';

/** Events that are passed on as they are; all others say nothing that wt would know of. */
const HEARD = [
  'session.created',
  'session.status',
  'session.idle',
  'session.error',
  'permission.asked',
  'permission.updated',
  'permission.replied',
  'question.asked',
  'question.replied',
  'question.rejected',
  'server.instance.disposed',
];

const TIMEOUT_MS = 5000;

/** The plugin runs in opencode, not here. */
const SPAWNER = 'node:child_process';

/** opencode, by a plugin in a file of wt's own. */
export const opencodeHookFile: HookSupport = {
  agent: 'opencode',
  file: '.opencode/plugins/wt-sessions.js',
  isOnlyInMain: false,
  whyUnfit: (text) => (isOwn(text) ? undefined : 'it is not one that wt has written'),
  install: (_text, wiring) => pluginText(wiring),
  remove: (text) => (isOwn(text) ? undefined : text),
  stateOf: (text, wiring) => (!isOwn(text) ? 'absent' : text === pluginText(wiring) ? 'current' : 'outdated'),
  listObstacles: () => [],
};

function isOwn(text: string): boolean {
  return text.trim() === '' || text.startsWith(FIRST_LINE);
}

/**
 * One call at a time, in the order of the events; opencode never waits for one, and none of them can fail it. A conversation that
 * another one has begun is a helper's, and its later events are told apart by that.
 */
function pluginText({ argv: [command = '', ...args] }: Wiring): string {
  return `${FIRST_LINE}
import { spawn } from ${JSON.stringify(SPAWNER)};
import { existsSync } from 'node:fs';

const COMMAND = ${JSON.stringify(command)};
const ARGS = ${JSON.stringify(args)};
const HEARD = new Set(${JSON.stringify(HEARD)});

export const WtSessions = async ({ directory }) => {
  let last = Promise.resolve();
  const parents = new Map();

  const tell = (payload) => {
    last = last.then(() => call(JSON.stringify(payload))).catch(() => {});
    return last;
  };

  const withParent = (properties) => {
    const info = properties.info ?? {};
    if (info.id && info.parentID) parents.set(info.id, info.parentID);
    const parentID = parents.get(properties.sessionID ?? info.id);
    return parentID === undefined ? {} : { parentID };
  };

  return {
    event: async ({ event }) => {
      if (!HEARD.has(event.type)) return;
      const properties = event.properties ?? {};
      tell({ type: event.type, cwd: directory, ...withParent(properties), properties });
    },
    'tool.execute.after': async ({ sessionID }) => {
      const properties = { sessionID };
      tell({ type: 'tool.execute.after', cwd: directory, ...withParent(properties), properties });
    },
  };
};

function call(text) {
  if (!existsSync(COMMAND) || !existsSync(ARGS[0])) return undefined;
  return new Promise((resolve) => {
    const child = spawn(COMMAND, ARGS, { stdio: ['pipe', 'ignore', 'ignore'], timeout: ${TIMEOUT_MS} });
    child.on('error', resolve);
    child.on('close', resolve);
    child.stdin.on('error', () => {});
    child.stdin.end(text);
  });
}
`;
}
