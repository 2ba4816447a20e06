// The contracts of the agents that fake-agent.mjs plays: words, settings files, hooks, screens. From their published documentation.
import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';

/** A call that the real program would refuse in this way. */
export class Refusal extends Error {
  constructor(message, code = 1) {
    super(message);
    this.code = code;
  }
}

// Words ------------------------------------------------------------------------------------------------------------

/**
 * Reads argv as the library of the real program does: `words` are all that belong to no option, `verbs` those before `--`. `spec` maps each option to flag, value (a word), optional (a word, if one
 * follows that is no option) or list (all words up to the next option); a text that begins with a dash names another spelling.
 * `strict`: a value may not begin with a dash, unless it is joined by `=`.
 */
function parseWords(argv, spec, { strict = false } = {}) {
  const options = {};
  const words = [];
  const set = (name, value) => {
    if (options[name] === undefined || options[name] === true) options[name] = value;
    else options[name] = [options[name], value].flat();
  };
  for (let i = 0; i < argv.length; i++) {
    const word = argv[i];
    if (word === '--') return { options, words: [...words, ...argv.slice(i + 1)], verbs: words };
    if (!word.startsWith('-') || word === '-') {
      words.push(word);
      continue;
    }
    const equals = word.startsWith('--') ? word.indexOf('=') : -1;
    const spelled = equals === -1 ? word : word.slice(0, equals);
    const name = spec[spelled]?.startsWith('-') ? spec[spelled] : spelled;
    const kind = spec[name];
    const next = argv[i + 1];
    const isWord = next !== undefined && (!next.startsWith('-') || next === '-');
    if (kind === undefined) throw new Refusal(`error: unknown option '${word}'`, strict ? 2 : 1);
    if (equals !== -1) set(name, word.slice(equals + 1));
    else if (kind === 'flag') set(name, true);
    else if (kind === 'value') {
      if (next === undefined || (strict && !isWord)) throw new Refusal(`error: option '${word}' needs a value`, 2);
      set(name, argv[++i]);
    } else {
      set(name, true);
      while (argv[i + 1] !== undefined && !argv[i + 1].startsWith('-')) {
        set(name, argv[++i]);
        if (kind === 'optional') break;
      }
    }
  }
  return { options, words, verbs: words };
}

const spec = (flags, values, more = {}) => ({
  ...Object.fromEntries(flags.split(' ').map((name) => [name, 'flag'])),
  ...Object.fromEntries(values.split(' ').map((name) => [name, 'value'])),
  ...more,
});

const last = (value) => (Array.isArray(value) ? value.at(-1) : value);
const text = (value) => (typeof last(value) === 'string' ? last(value) : undefined);
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

// Settings ---------------------------------------------------------------------------------------------------------

async function readJsonc(file) {
  if (!existsSync(file)) return undefined;
  const { parse } = await import('jsonc-parser');
  const errors = [];
  const value = parse(readFileSync(file, 'utf8'), errors, { allowTrailingComma: true });
  if (errors.length > 0) throw new Refusal(`Error: cannot parse ${file}`);
  return value;
}

function readJson(file) {
  if (!existsSync(file)) return undefined;
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new Refusal(`Error: cannot parse ${file}: ${error.message}`);
  }
}

async function readToml(file) {
  if (!existsSync(file)) return undefined;
  const { parse } = await import('smol-toml');
  return parse(readFileSync(file, 'utf8'));
}

/** The main worktree of a linked one: the folder that holds git's common directory. */
function mainOf(cwd) {
  const file = path.join(cwd, '.git');
  if (!existsSync(file) || statSync(file).isDirectory()) return cwd;
  const admin = path.resolve(cwd, readFileSync(file, 'utf8').trim().replace('gitdir: ', ''));
  const common = path.resolve(admin, readFileSync(path.join(admin, 'commondir'), 'utf8').trim());
  return path.dirname(common);
}

/** Handlers of `{Event: [{matcher, hooks: [{type, command, args, timeout, async}]}]}`; a unit is that of `timeout`, in ms. */
function groupedHandlers(hooks, unitMs) {
  const handlers = [];
  for (const [event, groups] of Object.entries(hooks ?? {})) {
    if (!Array.isArray(groups)) continue;
    for (const group of groups)
      for (const hook of group.hooks ?? []) {
        if (hook.type !== 'command') continue;
        handlers.push({
          event,
          matcher: group.matcher,
          argv: hook.args === undefined ? ['/bin/sh', '-c', hook.command] : [hook.command, ...hook.args],
          timeoutMs: (hook.timeout ?? 60_000 / unitMs) * unitMs,
          isAsync: hook.async === true,
        });
      }
  }
  return handlers;
}

/** Handlers of `{event: [{command | bash, cwd, env, timeoutSec}]}`. */
function flatHandlers(hooks, cwd) {
  return Object.entries(hooks ?? {}).flatMap(([event, entries]) =>
    entries.map((entry) => ({
      event,
      matcher: entry.matcher,
      argv: ['/bin/sh', '-c', entry.bash ?? entry.command],
      timeoutMs: (entry.timeoutSec ?? entry.timeout ?? 30) * 1000,
      cwd: path.resolve(cwd, entry.cwd ?? '.'),
      env: entry.env,
      isAsync: false,
    })),
  );
}

/** Equal handlers run once. */
function withoutDoubles(handlers) {
  const seen = new Map(handlers.map((one) => [JSON.stringify([one.event, one.matcher ?? '', one.argv]), one]));
  return [...seen.values()];
}

// Kinds ------------------------------------------------------------------------------------------------------------

const claude = {
  version: '2.1.215 (Claude Code)',
  readsAnswers: true,
  spec: spec(
    '--print --continue --dangerously-skip-permissions --allow-dangerously-skip-permissions --verbose --fork-session --ide ' +
      '--strict-mcp-config --include-hook-events --include-partial-messages --replay-user-messages --version --help --json --all --bg',
    '--session-id --settings --append-system-prompt --append-system-prompt-file --system-prompt --system-prompt-file --permission-mode ' +
      '--model --output-format --input-format --name --effort --max-turns --max-budget-usd --setting-sources --agent --agents ' +
      '--plugin-dir --json-schema --fallback-model --cwd',
    {
      '--resume': 'optional',
      '--worktree': 'optional',
      '--debug': 'optional',
      '--from-pr': 'optional',
      '--add-dir': 'list',
      '--allowedTools': 'list',
      '--disallowedTools': 'list',
      '--mcp-config': 'list',
      '--tools': 'list',
      '--allowed-tools': '--allowedTools',
      '--disallowed-tools': '--disallowedTools',
      '-p': '--print',
      '-c': '--continue',
      '-r': '--resume',
      '-n': '--name',
      '-w': '--worktree',
      '-d': '--debug',
      '-v': '--version',
      '-h': '--help',
    },
  ),
  parse(argv) {
    const { options, words } = parseWords(argv, this.spec);
    if (options['--version'] === true) return { prints: this.version };
    if (words[0] === 'agents' && options['--json'] === true)
      return { printsFile: 'claude-agents.json', otherwise: '[]' };
    const assigned = text(options['--session-id']);
    if (assigned !== undefined && !UUID.test(assigned))
      throw new Refusal('Error: Invalid session ID. Must be a valid UUID.');
    const isHeadless = options['--print'] === true;
    if (words.length > 1) throw new Refusal(`error: too many arguments: ${JSON.stringify(words)}`);
    return {
      isHeadless,
      prompt: words[0],
      readsStdin: isHeadless,
      takesJsonLines: text(options['--input-format']) === 'stream-json',
      assigned,
      resume: options['--resume'] ?? (options['--continue'] === true ? true : undefined),
      forks: options['--fork-session'] === true,
      worktree: options['--worktree'],
      settings: text(options['--settings']),
    };
  },
  noConversation: (id) => `No conversation found with session ID: ${id}`,
  newId: () => randomUUID(),
  load({ cwd, home, env, call }) {
    const own = env.CLAUDE_CONFIG_DIR ?? path.join(home, '.claude');
    const files = [path.join(own, 'settings.json'), '.claude/settings.json', '.claude/settings.local.json'];
    const layers = files.map((file) => readJson(path.resolve(cwd, file)));
    if (call.settings !== undefined) {
      const isText = call.settings.trim().startsWith('{');
      if (!isText && !existsSync(path.resolve(cwd, call.settings)))
        throw new Refusal(`Error: Settings file not found: ${call.settings}`);
      try {
        layers.push(JSON.parse(isText ? call.settings : readFileSync(path.resolve(cwd, call.settings), 'utf8')));
      } catch {
        throw new Refusal('Error: Invalid JSON provided to --settings');
      }
    }
    if (layers.some((layer) => layer?.disableAllHooks === true)) return [];
    return withoutDoubles(layers.flatMap((layer) => groupedHandlers(layer?.hooks, 1000)));
  },
  env: ({ root }) => ({ CLAUDE_PROJECT_DIR: root, CLAUDECODE: '1' }),
  base: ({ conversation, cwd, home, subagent }) => ({
    session_id: conversation,
    transcript_path: path.join(home, '.claude/projects', cwd.replaceAll(/[^A-Za-z0-9]/g, '-'), `${conversation}.jsonl`),
    cwd,
    permission_mode: 'default',
    ...(subagent === undefined ? {} : { agent_id: subagent, agent_type: 'general-purpose' }),
  }),
  moments: {
    start: ({ source }) => ['SessionStart', { source, model: 'claude-fake-1' }, source],
    prompt: ({ prompt }) => ['UserPromptSubmit', { prompt }],
    toolStart: (tool) => ['PreToolUse', claudeTool(tool), tool.name],
    ask: (tool) => ['PermissionRequest', { ...claudeTool(tool), permission_suggestions: [] }, tool.name],
    asked: (tool) => [
      'Notification',
      { message: `Claude needs your permission to use ${tool.name}`, notification_type: 'permission_prompt' },
      'permission_prompt',
    ],
    toolEnd: (tool) => ['PostToolUse', { ...claudeTool(tool), tool_response: { stdout: 'ok', stderr: '' } }, tool.name],
    stop: ({ message, background }) => [
      'Stop',
      { stop_hook_active: false, last_assistant_message: message, background_tasks: background, session_crons: [] },
    ],
    failure: ({ error }) => ['StopFailure', { error, error_details: 'made up' }, error],
    end: ({ reason }) => ['SessionEnd', { reason }, reason],
    notify: ({ kind, message }) => ['Notification', { message, notification_type: kind }, kind],
    subagentStart: () => ['SubagentStart', {}],
    subagentStop: () => ['SubagentStop', { stop_hook_active: false }],
  },
  reasons: { exit: 'prompt_input_exit', done: 'other', signal: 'other', clear: 'clear' },
  look: {
    welcome: ['╭───────────────────────────╮', '│ ✻ Welcome to Claude Code! │', '╰───────────────────────────╯'],
    said: (line) => `⏺ ${line}`,
    asked: (line) => `> ${line}`,
    ready: (line) => ['─'.repeat(40), `❯ ${line}`, '─'.repeat(40), '  ? for shortcuts'],
    working: (line) => [
      '✻ Simmering… (3s · ↓ 12 tokens · esc to interrupt)',
      '─'.repeat(40),
      `❯ ${line}`,
      '─'.repeat(40),
    ],
    blocked: ({ name, input }) => [
      '─'.repeat(40),
      ` ${name} command`,
      '',
      `   ${input.command}`,
      '',
      ' Do you want to proceed?',
      ' ❯ 1. Yes',
      `   2. Yes, and don't ask again for ${input.command} commands`,
      '   3. No, and tell Claude what to do differently (esc)',
      '',
      ' Esc to cancel',
    ],
  },
};

function claudeTool({ name, input, id }) {
  return { tool_name: name, tool_input: input, tool_use_id: id };
}

const codex = {
  version: 'codex-cli 0.131.0',
  readsAnswers: true,
  spec: spec(
    '--full-auto --dangerously-bypass-approvals-and-sandbox --yolo --dangerously-bypass-hook-trust --search --oss --json ' +
      '--skip-git-repo-check --ephemeral --last --all --no-alt-screen --version --help --include-non-interactive',
    '--config --cd --model --sandbox --ask-for-approval --profile --add-dir --image --enable --disable --output-last-message ' +
      '--output-schema --color',
    {
      '-c': '--config',
      '-C': '--cd',
      '-m': '--model',
      '-s': '--sandbox',
      '-a': '--ask-for-approval',
      '-p': '--profile',
      '-i': '--image',
      '-o': '--output-last-message',
      '-V': '--version',
      '-h': '--help',
    },
  ),
  parse(argv) {
    const { options, words, verbs } = parseWords(argv, this.spec, { strict: true });
    if (options['--version'] === true) return { prints: this.version };
    const isHeadless = verbs[0] === 'exec' || verbs[0] === 'e';
    const rest = isHeadless ? words.slice(1) : words;
    const resumes = verbs[isHeadless ? 1 : 0] === 'resume';
    if (resumes) rest.shift();
    const isLast = options['--last'] === true;
    const resume = resumes ? (isLast ? true : (rest.shift() ?? true)) : undefined;
    if (rest.length > 1) throw new Refusal(`error: unexpected argument '${rest[1]}' found`, 2);
    return {
      isHeadless,
      prompt: rest[0] === '-' ? undefined : rest[0],
      readsStdin: isHeadless,
      needsPrompt: isHeadless,
      resume,
      cwd: text(options['--cd']),
      overrides: [options['--config'] ?? []].flat(),
      writable: [options['--add-dir'] ?? []].flat(),
    };
  },
  noConversation: (id) => `Error: No saved session found with ID ${id}`,
  newId: () => randomUUID(),
  async load({ cwd, home, env, call }) {
    const own = env.CODEX_HOME ?? path.join(home, '.codex');
    const { parse } = await import('smol-toml');
    const overrides = call.overrides.map((override) => {
      try {
        return parse(override);
      } catch {
        const equals = override.indexOf('=');
        return parse(`${override.slice(0, equals)} = ${JSON.stringify(override.slice(equals + 1))}`); // a bare text is itself
      }
    });
    const files = [path.join(own, 'config.toml'), path.join(cwd, '.codex/config.toml')];
    const layers = [...(await Promise.all(files.map((file) => readToml(file)))), ...overrides];
    const jsons = [path.join(own, 'hooks.json'), path.join(mainOf(cwd), '.codex/hooks.json')].map((file) =>
      readJson(file),
    );
    const notify = layers.findLast((layer) => layer?.notify !== undefined)?.notify;
    const isOff = layers.some((layer) => layer?.features?.hooks === false);
    const grouped = isOff ? [] : [...layers, ...jsons].flatMap((layer) => groupedHandlers(layer?.hooks, 1000));
    const told = notify === undefined ? [] : [{ event: 'notify', argv: notify, isLastWord: true, timeoutMs: 60_000 }];
    return withoutDoubles([...grouped, ...told]);
  },
  env: () => ({}),
  base: ({ conversation, cwd, turn, subagent }) => ({
    session_id: conversation,
    transcript_path: null,
    cwd,
    model: 'gpt-fake',
    permission_mode: 'default',
    ...(turn === undefined ? {} : { turn_id: turn }),
    ...(subagent === undefined ? {} : { agent_id: subagent, agent_type: 'worker' }),
  }),
  moments: {
    start: ({ source }) => ['SessionStart', { source }, source],
    prompt: ({ prompt }) => ['UserPromptSubmit', { prompt }],
    toolStart: (tool) => ['PreToolUse', claudeTool(tool), tool.name],
    ask: (tool) => ['PermissionRequest', claudeTool(tool), tool.name],
    toolEnd: (tool) => ['PostToolUse', { ...claudeTool(tool), tool_response: 'ok' }, tool.name],
    stop: ({ message }) => ['Stop', { stop_hook_active: false, last_assistant_message: message }],
    stopped: ({ message, prompt, conversation, turn, cwd }) => [
      'notify',
      {
        type: 'agent-turn-complete',
        'thread-id': conversation,
        'turn-id': turn,
        cwd,
        'input-messages': [prompt],
        'last-assistant-message': message,
      },
    ],
    end: ({ reason }) => ['SessionEnd', { reason }, reason],
    subagentStart: () => ['SubagentStart', {}],
    subagentStop: () => ['SubagentStop', { stop_hook_active: false, last_assistant_message: null }],
  },
  reasons: { exit: 'prompt_input_exit', done: 'other', signal: 'other', clear: 'clear' },
  /** Enter in one piece with other keys is taken for a part of a paste. */
  pastes: true,
  look: {
    welcome: ['╭──────────────────────────╮', '│ >_ OpenAI Codex (v0.131) │', '╰──────────────────────────╯'],
    said: (line) => `• ${line}`,
    asked: (line) => `› ${line}`,
    ready: (line) => [
      '',
      `› ${line === '' ? 'Ask Codex to do anything' : line}`,
      '',
      '  ? for shortcuts        100% context left',
    ],
    working: (line) => [
      '• Working (3s • esc to interrupt)',
      '',
      `› ${line === '' ? 'Ask Codex to do anything' : line}`,
    ],
    blocked: ({ input }) => [
      '  Would you like to run the following command?',
      '',
      `  $ ${input.command}`,
      '',
      '› 1. Yes, proceed (y)',
      "  2. Yes, and don't ask again for this command (a)",
      '  3. No, and tell Codex what to do differently (esc)',
      '',
      '  Press enter to confirm or esc to cancel',
    ],
  },
};

const gemini = {
  version: '0.31.0',
  readsAnswers: true,
  spec: spec(
    '--yolo --sandbox --debug --list-sessions --list-extensions --acp --skip-trust --screen-reader --version --help',
    '--prompt --prompt-interactive --model --approval-mode --resume --include-directories --session-id --output-format ' +
      '--delete-session --allowed-tools --extensions --policy --allowed-mcp-server-names',
    {
      '--worktree': 'optional',
      '-p': '--prompt',
      '-i': '--prompt-interactive',
      '-m': '--model',
      '-y': '--yolo',
      '-s': '--sandbox',
      '-d': '--debug',
      '-r': '--resume',
      '-o': '--output-format',
      '-e': '--extensions',
      '-w': '--worktree',
      '-v': '--version',
      '-h': '--help',
    },
  ),
  parse(argv) {
    const { options, words } = parseWords(argv, this.spec, { strict: true });
    if (options['--version'] === true) return { prints: this.version };
    const headless = text(options['--prompt']);
    const resume = text(options['--resume']);
    return {
      isHeadless: headless !== undefined,
      goesHeadless: true,
      prompt: headless ?? text(options['--prompt-interactive']) ?? (words.length > 0 ? words.join(' ') : undefined),
      readsStdin: true,
      needsPrompt: true,
      assigned: text(options['--session-id']),
      resume: resume === 'latest' ? true : resume,
    };
  },
  noConversation: (id) => `Error resuming session: Invalid session identifier "${id}".`,
  newId: () => randomUUID(),
  async load({ cwd, home, env }) {
    const files = [
      env.GEMINI_CLI_SYSTEM_DEFAULTS_PATH,
      path.join(home, '.gemini/settings.json'),
      path.join(cwd, '.gemini/settings.json'),
      env.GEMINI_CLI_SYSTEM_SETTINGS_PATH,
    ].filter((file) => file !== undefined);
    const layers = await Promise.all(files.map((file) => readJsonc(file)));
    if (layers.some((layer) => layer?.hooksConfig?.enabled === false)) return [];
    return withoutDoubles(layers.flatMap((layer) => groupedHandlers(layer?.hooks, 1)));
  },
  env: ({ root, conversation, cwd }) => ({
    GEMINI_PROJECT_DIR: root,
    CLAUDE_PROJECT_DIR: root,
    GEMINI_SESSION_ID: conversation,
    GEMINI_CWD: cwd,
    GEMINI_CLI: '1',
  }),
  base: ({ conversation, cwd, home }) => ({
    session_id: conversation,
    transcript_path: path.join(home, '.gemini/tmp/x/chats', `session-${conversation.slice(0, 8)}.json`),
    cwd,
    timestamp: new Date().toISOString(),
  }),
  moments: {
    start: ({ source }) => ['SessionStart', { source }, source],
    prompt: ({ prompt }) => ['BeforeAgent', { prompt }],
    toolStart: (tool) => [
      'BeforeTool',
      { tool_name: 'run_shell_command', tool_input: tool.input },
      'run_shell_command',
    ],
    asked: (tool) => [
      'Notification',
      {
        notification_type: 'ToolPermission',
        message: 'Tool Confirm Shell Command requires execution',
        details: { type: 'exec', title: 'Confirm Shell Command', command: tool.input.command },
      },
      'ToolPermission',
    ],
    toolEnd: (tool) => [
      'AfterTool',
      { tool_name: 'run_shell_command', tool_input: tool.input, tool_response: { llmContent: 'ok' } },
      'run_shell_command',
    ],
    stop: ({ message, prompt }) => ['AfterAgent', { prompt, prompt_response: message, stop_hook_active: false }],
    end: ({ reason }) => ['SessionEnd', { reason }, reason],
    notify: ({ kind, message }) => ['Notification', { notification_type: kind, message, details: {} }, kind],
  },
  reasons: { exit: 'exit', done: 'exit', signal: 'exit', clear: 'clear' },
  look: {
    welcome: [' ███ GEMINI', '', 'Tips for getting started:'],
    said: (line) => `✦ ${line}`,
    asked: (line) => ` > ${line}`,
    ready: (line) => [
      '╭' + '─'.repeat(40),
      `│ > ${line === '' ? '  Type your message or @path/to/file' : line}`,
      '╰' + '─'.repeat(40),
    ],
    working: () => ['⠏ Thinking... (esc to cancel, 3s)', '', '╭' + '─'.repeat(40), '│ > ', '╰' + '─'.repeat(40)],
    blocked: ({ input }) => [
      `│ ? Shell ${input.command}`,
      `│ Allow execution of: '${input.command}'?`,
      '│ ● 1. Allow once',
      '│   2. Allow for this session',
      '│   3. No, suggest changes (esc)',
      '⠏ Waiting for user confirmation...',
    ],
  },
};

const opencode = {
  version: '1.3.2',
  spec: spec(
    '--continue --fork --share --print-logs --version --help --thinking',
    '--session --model --agent --format --title --attach --port --hostname --dir --log-level --prompt --variant --command',
    {
      '--file': 'list',
      '-c': '--continue',
      '-s': '--session',
      '-m': '--model',
      '-f': '--file',
      '-v': '--version',
      '-h': '--help',
    },
  ),
  parse(argv) {
    const { options, words, verbs } = parseWords(argv, this.spec, { strict: true });
    if (options['--version'] === true) return { prints: this.version };
    const isHeadless = verbs[0] === 'run';
    return {
      isHeadless,
      prompt: isHeadless ? words.slice(1).join(' ') || undefined : text(options['--prompt']),
      readsStdin: isHeadless,
      needsPrompt: isHeadless,
      cwd: text(options['--dir']) ?? (isHeadless ? undefined : words[0]),
      resume: text(options['--session']) ?? (options['--continue'] === true ? true : undefined),
    };
  },
  noConversation: (id) => `Error: Session not found: ${id}`,
  newId: () => `ses_${randomUUID().replaceAll('-', '').slice(0, 26)}`,
  load: () => [],
  /** Plugins instead of hook commands: their files. */
  async plugins({ cwd, home, env }) {
    const own = path.join(env.XDG_CONFIG_HOME ?? path.join(home, '.config'), 'opencode');
    const configs = [path.join(own, 'opencode.json'), env.OPENCODE_CONFIG, path.join(cwd, 'opencode.json')];
    const layers = await Promise.all(configs.filter((file) => file !== undefined).map((file) => readJsonc(file)));
    if (env.OPENCODE_CONFIG_CONTENT !== undefined) layers.push(JSON.parse(env.OPENCODE_CONFIG_CONTENT));
    const named = layers.flatMap((layer) => layer?.plugin ?? []).map((name) => name.replace(/^file:\/\//, ''));
    const folders = [own, path.join(cwd, '.opencode'), env.OPENCODE_CONFIG_DIR].filter((one) => one !== undefined);
    const found = folders
      .flatMap((folder) => [path.join(folder, 'plugin'), path.join(folder, 'plugins')])
      .filter((folder) => existsSync(folder) && statSync(folder).isDirectory())
      .flatMap((folder) => readdirSync(folder).map((name) => path.join(folder, name)))
      .filter((file) => /\.[jt]s$/.test(file));
    return [...new Set([...named.filter((name) => name.startsWith('/')), ...found])];
  },
  env: () => ({ OPENCODE: '1' }),
  base: () => ({}),
  moments: {
    start: ({ source, conversation, cwd }) =>
      source === 'resume'
        ? ['session.updated', { info: { id: conversation, directory: cwd, title: 'fake' } }]
        : ['session.created', { info: { id: conversation, directory: cwd, title: 'fake' } }],
    prompt: ({ conversation }) => ['session.status', { sessionID: conversation, status: { type: 'busy' } }],
    toolStart: ({ conversation, input, id }) => [
      'tool.execute.before',
      { tool: 'bash', sessionID: conversation, callID: id },
      input,
    ],
    ask: ({ conversation, input, id }) => [
      'permission.asked',
      {
        id: `per_${id}`,
        sessionID: conversation,
        permission: 'bash',
        patterns: [input.command],
        metadata: {},
        always: [],
        tool: { messageID: 'msg_1', callID: id },
      },
    ],
    answered: ({ conversation, id }) => [
      'permission.replied',
      { sessionID: conversation, requestID: `per_${id}`, reply: 'once' },
    ],
    toolEnd: ({ conversation, input, id }) => [
      'tool.execute.after',
      { tool: 'bash', sessionID: conversation, callID: id, args: input },
      input,
    ],
    stop: ({ conversation }) => ['session.status', { sessionID: conversation, status: { type: 'idle' } }],
    stopped: ({ conversation }) => ['session.idle', { sessionID: conversation }],
    failure: ({ conversation, error }) => [
      'session.error',
      { sessionID: conversation, error: { name: 'APIError', data: { message: error, isRetryable: false } } },
    ],
    subagentStart: ({ conversation, subagent, cwd }) => [
      'session.created',
      { info: { id: subagent, parentID: conversation, directory: cwd, title: 'helper' } },
    ],
    subagentStop: ({ subagent }) => ['session.idle', { sessionID: subagent }],
    end: ({ cwd }) => ['server.instance.disposed', { directory: cwd }],
  },
  reasons: {},
  look: {
    welcome: ['  opencode'],
    said: (line) => `  ${line}`,
    asked: (line) => `┃ ${line}`,
    ready: (line) => [
      `┃  ${line === '' ? 'Ask anything... "Fix broken tests"' : line}`,
      '┃',
      '┃  Build  Fake Model',
      '   ctrl+t variants  tab agents  ctrl+p commands',
    ],
    working: (line) => [`┃  ${line}`, '┃', '   ⬝⬝■■■■■■  esc interrupt'],
    blocked: ({ input }) => [
      '┃ △ Permission required',
      `┃   # ${input.command}`,
      '┃',
      '┃  Allow once   Allow always   Reject      ⇆ select  enter confirm',
    ],
  },
};

const aider = {
  version: 'aider 0.86.2',
  spec: spec(
    '--yes-always --yes --notifications --no-notifications --restore-chat-history --no-restore-chat-history --auto-commits ' +
      '--no-auto-commits --dirty-commits --no-dirty-commits --pretty --no-pretty --stream --no-stream --check-update --no-check-update ' +
      '--show-model-warnings --no-show-model-warnings --gitignore --no-gitignore --fancy-input --no-fancy-input --subtree-only ' +
      '--suggest-shell-commands --no-suggest-shell-commands --analytics-disable --no-analytics --verbose --version --help --no-git ' +
      '--no-show-release-notes --no-browser --watch-files --multiline --no-detect-urls',
    '--message --message-file --notifications-command --read --file --model --chat-history-file --input-history-file ' +
      '--llm-history-file --config --env-file --edit-format --encoding --map-tokens --test-cmd --lint-cmd --chat-language',
    {
      '-m': '--message',
      '--msg': '--message',
      '-f': '--message-file',
      '-c': '--config',
      '-v': '--verbose',
      '-h': '--help',
    },
  ),
  parse(argv, env) {
    const { options, words } = parseWords(argv, this.spec, { strict: true });
    if (options['--version'] === true) return { prints: this.version };
    const file = text(options['--message-file']);
    const command = text(options['--notifications-command']) ?? env.AIDER_NOTIFICATIONS_COMMAND;
    const rings = (options['--notifications'] === true || env.AIDER_NOTIFICATIONS === 'true') && command !== undefined;
    const prompt = text(options['--message']) ?? (file === undefined ? undefined : readFileSync(file, 'utf8'));
    return {
      isHeadless: prompt !== undefined,
      prompt,
      takesLines: true,
      isPlain: true,
      resume: options['--restore-chat-history'] === true ? 'here' : undefined,
      command: rings ? command : undefined,
      files: words,
      read: [options['--read'] ?? []].flat(),
    };
  },
  newId: ({ cwd }) => `here-${Buffer.from(cwd).toString('base64url')}`,
  noConversation: () => undefined,
  load: ({ call }) =>
    call.command === undefined
      ? []
      : [{ event: 'bell', argv: ['/bin/sh', '-c', call.command], hasNoInput: true, timeoutMs: 60_000 }],
  env: () => ({}),
  base: () => ({}),
  moments: { asked: () => ['bell', {}], ready: () => ['bell', {}] },
  reasons: {},
  look: {
    welcome: ['Aider v0.86.2', 'Main model: fake'],
    said: (line) => line,
    asked: (line) => `> ${line}`,
    ready: (line) => ['─'.repeat(40), `> ${line}`],
    working: () => ['░█        Waiting for fake-model'],
    blocked: ({ input }) => [input.command, "Run shell command? (Y)es/(N)o/(D)on't ask again [Yes]: "],
  },
};

const copilot = {
  version: '1.0.31',
  spec: spec(
    '--continue --allow-all-tools --allow-all-paths --allow-all-urls --allow-all --yolo --no-color --banner --silent --no-ask-user ' +
      '--disable-builtin-mcps --screen-reader --version --help --autopilot --experimental',
    '--prompt --interactive --add-dir --model --log-level --log-dir --config-dir --additional-mcp-config --agent --stream ' +
      '--output-format --session-id --name --secret-env-vars',
    {
      '--resume': 'optional',
      '--allow-tool': 'list',
      '--deny-tool': 'list',
      '--available-tools': 'list',
      '-p': '--prompt',
      '-i': '--interactive',
      '-s': '--silent',
      '-v': '--version',
      '-h': '--help',
      '-n': '--name',
    },
  ),
  parse(argv) {
    const { options, words } = parseWords(argv, this.spec);
    if (options['--version'] === true) return { prints: this.version };
    if (words.length > 0) throw new Refusal(`error: too many arguments. Expected 0 arguments but got ${words.length}.`);
    const headless = text(options['--prompt']);
    return {
      isHeadless: headless !== undefined,
      prompt: headless ?? text(options['--interactive']),
      assigned: text(options['--session-id']),
      resume: options['--resume'] ?? (options['--continue'] === true ? true : undefined),
    };
  },
  noConversation: (id) => `Error: No session or task matched '${id}'`,
  newId: () => randomUUID(),
  load({ cwd, home }) {
    const own = path.join(home, '.copilot');
    const folders = [path.join(own, 'hooks'), path.join(cwd, '.github/hooks')];
    const files = folders
      .filter((folder) => existsSync(folder))
      .flatMap((folder) => readdirSync(folder).map((name) => path.join(folder, name)))
      .filter((file) => file.endsWith('.json'));
    const more = [path.join(own, 'config.json'), path.join(own, 'settings.json')];
    const local = ['settings.json', 'settings.local.json'].map((name) => path.join(cwd, '.github/copilot', name));
    return [...files, ...more, ...local].flatMap((file) => flatHandlers(readJson(file)?.hooks, cwd));
  },
  env: () => ({}),
  base: ({ conversation, cwd }) => ({ sessionId: conversation, timestamp: Date.now(), cwd }),
  hasNoEventName: true,
  moments: {
    start: ({ source, prompt }) => [
      'sessionStart',
      { source: source === 'startup' ? 'new' : source, initialPrompt: prompt },
    ],
    prompt: ({ prompt }) => ['userPromptSubmitted', { prompt }],
    toolStart: (tool) => ['preToolUse', { toolName: 'bash', toolArgs: JSON.stringify(tool.input) }],
    ask: (tool) => ['permissionRequest', { toolName: 'bash', toolInput: tool.input, permissionSuggestions: [] }],
    asked: () => [
      'notification',
      { notification_type: 'permission_prompt', message: 'Permission needed', title: 'Permission' },
    ],
    toolEnd: (tool) => [
      'postToolUse',
      {
        toolName: 'bash',
        toolArgs: JSON.stringify(tool.input),
        toolResult: { resultType: 'success', textResultForLlm: 'ok' },
      },
    ],
    stop: () => ['agentStop', { transcriptPath: '', stopReason: 'end_turn' }],
    failure: ({ error }) => [
      'errorOccurred',
      { error: { message: error, name: 'Error' }, errorContext: 'model_call', recoverable: false },
    ],
    end: ({ reason }) => ['sessionEnd', { reason }],
    notify: ({ kind, message }) => ['notification', { notification_type: kind, message }],
    subagentStop: ({ subagent }) => ['subagentStop', { agentName: subagent, stopReason: 'end_turn' }],
  },
  reasons: { exit: 'user_exit', done: 'complete', signal: 'abort', clear: 'user_exit' },
  look: {
    welcome: ['╭─────────────────────╮', '│ GitHub Copilot v1.0 │', '╰─────────────────────╯'],
    said: (line) => `● ${line}`,
    asked: (line) => `❯ ${line}`,
    ready: (line) => [
      '─'.repeat(40),
      `❯ ${line === '' ? 'Type @ to mention files, / for commands, or ? for shortcuts' : line}`,
      '─'.repeat(40),
    ],
    working: () => ['◎ Thinking (Esc to cancel · 1.2 KiB)', '─'.repeat(40), '❯', '─'.repeat(40)],
    blocked: ({ input }) => [
      '╭─ Run command ─╮',
      `│ ${input.command}`,
      '│ Do you want to run this command?',
      '│ ❯ 1. Yes',
      '│   2. Yes, and approve `npm` for the rest of the running session',
      '│   3. No, and tell Copilot what to do differently (Esc to stop)',
      '│ ↑↓ to navigate · Enter to select · Esc to cancel',
    ],
  },
};

const cursor = {
  version: '2026.08.20-f1e2d3c',
  spec: spec(
    '--print --continue --force --yolo --fullscreen --trust --approve-mcps --plan --stream-partial-output --version --help --list',
    '--output-format --model --workspace --mode --api-key --sandbox --header',
    {
      '--resume': 'optional',
      '--worktree': 'optional',
      '-p': '--print',
      '-f': '--force',
      '-v': '--version',
      '-h': '--help',
      '-a': '--api-key',
      '-H': '--header',
      '-w': '--worktree',
    },
  ),
  parse(argv) {
    const { options, words } = parseWords(argv, this.spec);
    if (options['--version'] === true) return { prints: this.version };
    if (words[0] === 'create-chat') return { prints: randomUUID() };
    if (words[0] === 'agent') words.shift();
    return {
      isHeadless: options['--print'] === true,
      prompt: words.length > 0 ? words.join(' ') : undefined,
      readsStdin: options['--print'] === true,
      cwd: text(options['--workspace']),
      resume: options['--resume'] ?? (options['--continue'] === true ? true : undefined),
    };
  },
  noConversation: (id) => `Error: chat ${id} not found`,
  newId: () => randomUUID(),
  load({ cwd, home }) {
    const own = path.join(home, '.cursor');
    return [
      ...flatHandlers(readJson(path.join(own, 'hooks.json'))?.hooks, own),
      ...flatHandlers(readJson(path.join(cwd, '.cursor/hooks.json'))?.hooks, cwd),
    ];
  },
  env: ({ root }) => ({ CURSOR_PROJECT_DIR: root, CURSOR_VERSION: '2026.08.20' }),
  base: ({ conversation, cwd, turn }) => ({
    conversation_id: conversation,
    generation_id: turn ?? '',
    model: 'fake',
    cursor_version: '2026.08.20',
    workspace_roots: [cwd],
    user_email: null,
    transcript_path: null,
  }),
  moments: {
    start: ({ conversation }) => [
      'sessionStart',
      { session_id: conversation, is_background_agent: false, composer_mode: 'agent' },
    ],
    prompt: ({ prompt }) => ['beforeSubmitPrompt', { prompt, attachments: [] }],
    toolStart: (tool) => ['beforeShellExecution', { command: tool.input.command, cwd: '', sandbox: false }],
    toolEnd: (tool) => ['afterShellExecution', { command: tool.input.command, output: 'ok', duration: 12 }],
    stop: ({ message }) => ['afterAgentResponse', { text: message }],
    stopped: () => ['stop', { status: 'completed', loop_count: 0 }],
    failure: () => ['stop', { status: 'error', loop_count: 0 }],
    end: ({ conversation, reason }) => [
      'sessionEnd',
      { session_id: conversation, reason, duration_ms: 1, is_background_agent: false },
    ],
  },
  reasons: { exit: 'user_close', done: 'completed', signal: 'aborted', clear: 'user_close' },
  look: {
    welcome: ['  Cursor Agent'],
    said: (line) => `  ${line}`,
    asked: (line) => ` ┃ ${line}`,
    ready: (line) => [' ┌' + '─'.repeat(40), ` │ → ${line === '' ? 'Add a follow-up' : line}`, ' └' + '─'.repeat(40)],
    working: () => [
      ' ⬡ Generating..',
      ' ┌' + '─'.repeat(40),
      ' │ → Add a follow-up            ctrl+c to stop',
      ' └' + '─'.repeat(40),
    ],
    blocked: ({ input }) => [
      ` $ ${input.command}`,
      ' Run this command?',
      ' Not in allowlist',
      '  → Run (once) (y) (enter)',
      '    Skip (esc or n)',
    ],
  },
};

export const KINDS = { claude, codex, gemini, opencode, aider, copilot, 'cursor-agent': cursor };
