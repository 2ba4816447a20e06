import type { HookNews } from '#src/agents/adapter.ts';

/** A call of a hook as an agent makes it, and what it means. Shapes are those of the agents' own references and recordings. */
export interface Recorded {
  readonly agent: string;
  readonly title: string;
  readonly payload?: unknown;
  readonly argv?: readonly string[];
  /** Undefined: nothing. */
  readonly news: Partial<HookNews> | undefined;
}

const CLAUDE = {
  session_id: '7f1e2d3c-0000-4000-8000-000000000001',
  transcript_path: '/home/tess/.claude/projects/-work-a/7f1e2d3c.jsonl',
  cwd: '/home/ada/a',
  permission_mode: 'default',
};
const claude = (event: string, more: object, news: Recorded['news'], title = event): Recorded => ({
  agent: 'claude',
  title,
  payload: { ...CLAUDE, hook_event_name: event, ...more },
  news,
});

const CODEX = {
  session_id: '01990000-aaaa-7000-8000-000000000001',
  turn_id: '01990000-aaaa-7000-8000-000000000002',
  transcript_path: null,
  cwd: '/home/ada/a',
  model: 'gpt-5.2-codex',
  permission_mode: 'default',
};
const codex = (event: string, more: object, news: Recorded['news']): Recorded => ({
  agent: 'codex',
  title: event,
  payload: { ...CODEX, hook_event_name: event, ...more },
  news,
});

const GEMINI = {
  session_id: '2b7c0000-0000-4000-8000-000000000001',
  transcript_path: '/home/tess/.gemini/tmp/abc/chats/session.json',
  cwd: '/home/ada/a',
  timestamp: '2026-05-01T10:00:00.000Z',
};
const gemini = (event: string, more: object, news: Recorded['news'], title = event): Recorded => ({
  agent: 'gemini',
  title,
  payload: { ...GEMINI, hook_event_name: event, ...more },
  news,
});

const opencode = (type: string, properties: object, news: Recorded['news'], title = type): Recorded => ({
  agent: 'opencode',
  title,
  payload: { type, properties, directory: '/home/ada/a' },
  news,
});

const COPILOT = { sessionId: '5a110000-0000-4000-8000-000000000001', timestamp: 1_777_000_000_000, cwd: '/home/ada/a' };
const copilot = (event: string, more: object, news: Recorded['news'], title = event): Recorded => ({
  agent: 'copilot',
  title,
  argv: [event],
  payload: { ...COPILOT, ...more },
  news,
});

const CURSOR = {
  conversation_id: '668320d2-2fd8-4888-b33c-2a466fec86e7',
  generation_id: '490b90b7-a2ce-4c2c-bb76-cb77b125df2f',
  model: 'default',
  cursor_version: '2.4.0',
  workspace_roots: ['/home/ada/a'],
  user_email: null,
  transcript_path: null,
};
const cursor = (event: string, more: object, news: Recorded['news'], title = event): Recorded => ({
  agent: 'cursor-agent',
  title,
  payload: { ...CURSOR, hook_event_name: event, ...more },
  news,
});

const WORKING = { turn: 'working', isRoutine: true } as const;
const ALIVE = { isRoutine: true } as const;
const PERMISSION = { turn: 'waiting', reason: 'permission' } as const;
const QUESTION = { turn: 'waiting', reason: 'question' } as const;
const ENDED_TURN = { turn: 'idle', endsTurn: true } as const;
const STARTED = { turn: 'idle', wantsBrief: true } as const;
const BASH = { tool_name: 'Bash', tool_input: { command: 'npm test' }, tool_use_id: 'toolu_01' };
const TASK = { id: 'b1', type: 'shell', status: 'running', description: 'npm run dev', command: 'npm run dev' };

export const RECORDED: readonly Recorded[] = [
  claude('SessionStart', { source: 'startup', model: 'claude-opus' }, STARTED),
  claude('SessionStart', { source: 'resume' }, { ...STARTED, isSwitch: true }, 'SessionStart of a resume'),
  claude('SessionStart', { source: 'clear' }, { ...STARTED, isSwitch: true }, 'SessionStart after /clear'),
  claude('SessionStart', { source: 'compact' }, { ...ALIVE, wantsBrief: true }, 'SessionStart in the middle of a turn'),
  claude('UserPromptSubmit', { prompt: 'Fix it' }, { turn: 'working' }),
  claude('PreToolUse', { ...BASH, tool_name: 'AskUserQuestion' }, QUESTION, 'PreToolUse of a question'),
  claude('PreToolUse', BASH, WORKING),
  claude('PostToolUse', { ...BASH, tool_response: { stdout: 'ok' } }, WORKING),
  claude('PostToolUseFailure', { ...BASH, error: 'exit 1' }, WORKING),
  claude('PermissionRequest', BASH, PERMISSION),
  claude(
    'Notification',
    { notification_type: 'permission_prompt', message: 'Claude needs your permission' },
    { ...PERMISSION, isRoutine: true },
  ),
  claude(
    'Notification',
    { message: 'Claude needs your permission to use Bash' },
    { ...PERMISSION, isRoutine: true },
    'Notification of an older version, permission',
  ),
  claude(
    'Notification',
    { notification_type: 'idle_prompt', message: 'Claude is waiting for your input' },
    { turn: 'idle', isRoutine: true },
    'Notification of silence',
  ),
  claude(
    'Notification',
    { message: 'Claude is waiting for your input' },
    { turn: 'idle', isRoutine: true },
    'Notification of an older version, silence',
  ),
  claude(
    'Notification',
    { notification_type: 'agent_needs_input', message: 'x' },
    ALIVE,
    'Notification of another agent',
  ),
  claude('Notification', { notification_type: 'auth_success', message: 'x' }, ALIVE, 'Notification of a login'),
  claude(
    'Notification',
    { notification_type: 'elicitation_dialog', message: 'x' },
    { ...QUESTION, isRoutine: true },
    'Notification of a dialogue',
  ),
  claude(
    'Notification',
    { notification_type: 'elicitation_complete', message: 'x' },
    WORKING,
    'Notification of an answer',
  ),
  claude('Elicitation', { mcp_server_name: 'x' }, QUESTION),
  claude('ElicitationResult', { mcp_server_name: 'x' }, { turn: 'working' }),
  claude('Stop', { stop_hook_active: false, last_assistant_message: 'Done.' }, ENDED_TURN),
  claude('Stop', { background_tasks: [], session_crons: [] }, ENDED_TURN, 'Stop with no task left'),
  claude('Stop', { background_tasks: [TASK] }, { turn: 'working', reason: 'background' }, 'Stop while a task goes on'),
  claude('Stop', { background_tasks: [{ ...TASK, status: 'completed' }] }, ENDED_TURN, 'Stop with tasks that are over'),
  claude(
    'StopFailure',
    { error: 'rate_limit', error_details: '429' },
    { turn: 'failed', reason: 'rate_limit', endsTurn: true },
  ),
  claude('StopFailure', {}, { turn: 'failed', reason: 'error', endsTurn: true }, 'StopFailure without a reason'),
  claude('SubagentStop', { agent_id: 'a1', agent_type: 'Explore' }, { isSubagent: true }),
  claude(
    'PostToolUse',
    { ...BASH, agent_id: 'a1', agent_type: 'Explore' },
    { ...WORKING, isSubagent: true },
    'PostToolUse of a helper',
  ),
  claude(
    'PermissionRequest',
    { ...BASH, agent_id: 'a1' },
    { ...PERMISSION, isSubagent: true },
    'PermissionRequest of a helper',
  ),
  claude('SessionEnd', { reason: 'prompt_input_exit' }, { turn: 'ended' }),
  claude('SessionEnd', { reason: 'clear' }, ALIVE, 'SessionEnd of a conversation alone'),
  claude('CwdChanged', { old_cwd: '/home/ada/a', new_cwd: '/work' }, ALIVE),
  claude('SomethingNew', { whatever: [1, { two: 2 }] }, ALIVE, 'an event of a later version'),
  { agent: 'claude', title: 'no event at all', payload: CLAUDE, news: undefined },
  { agent: 'claude', title: 'no payload', payload: undefined, news: undefined },
  { agent: 'claude', title: 'the name of the event in the call', payload: CLAUDE, argv: ['Stop'], news: ENDED_TURN },

  codex('SessionStart', { source: 'startup' }, STARTED),
  codex('UserPromptSubmit', { prompt: 'Fix it' }, { turn: 'working' }),
  codex('PreToolUse', BASH, WORKING),
  codex('PermissionRequest', BASH, PERMISSION),
  codex('PostToolUse', BASH, WORKING),
  codex('Stop', { stop_hook_active: false, last_assistant_message: null }, ENDED_TURN),
  codex('Interrupt', {}, { ...ENDED_TURN, reason: 'interrupted' }),
  codex('SubagentStop', {}, { isSubagent: true }),
  codex('SessionEnd', { reason: 'other' }, { turn: 'ended' }),
  {
    agent: 'codex',
    title: 'notify, the older way',
    payload: {
      type: 'agent-turn-complete',
      'thread-id': 'b5f6c1c2-1111-2222-3333-444455556666',
      'turn-id': '12345',
      cwd: '/home/ada/a',
      client: 'codex-tui',
      'input-messages': ['Fix it'],
      'last-assistant-message': 'Done.',
    },
    news: {
      event: 'agent-turn-complete',
      conversation: 'b5f6c1c2-1111-2222-3333-444455556666',
      cwd: '/home/ada/a',
      ...ENDED_TURN,
    },
  },
  { agent: 'codex', title: 'notify of something else', payload: { type: 'other', 'thread-id': 'x' }, news: undefined },

  gemini('SessionStart', { source: 'startup' }, STARTED),
  gemini('BeforeAgent', { prompt: 'Fix it' }, { turn: 'working' }),
  gemini('BeforeTool', { tool_name: 'run_shell_command', tool_input: {} }, ALIVE),
  gemini('AfterTool', { tool_name: 'run_shell_command', tool_response: {} }, WORKING),
  gemini('Notification', { notification_type: 'ToolPermission', message: 'x', details: {} }, PERMISSION),
  gemini('Notification', { notification_type: 'Other', message: 'x' }, ALIVE, 'Notification of another kind'),
  gemini('AfterAgent', { prompt: 'Fix it', prompt_response: 'Done.', stop_hook_active: false }, ENDED_TURN),
  gemini('SessionEnd', { reason: 'exit' }, { turn: 'ended' }),
  gemini('SessionEnd', { reason: 'clear' }, ALIVE, 'SessionEnd after /clear'),

  opencode(
    'session.created',
    { info: { id: 'ses_1', directory: '/home/ada/a', title: 'x' } },
    { turn: 'idle', isSwitch: true, conversation: 'ses_1' },
  ),
  opencode(
    'session.created',
    { info: { id: 'ses_2', parentID: 'ses_1' } },
    { turn: 'idle', isSwitch: true, isSubagent: true, conversation: 'ses_1', helper: 'ses_2' },
    'session.created by another',
  ),
  opencode('session.status', { sessionID: 'ses_1', status: { type: 'busy' } }, { ...WORKING, conversation: 'ses_1' }),
  opencode(
    'session.status',
    { sessionID: 'ses_1', status: { type: 'retry', attempt: 2, message: 'overloaded', next: 9 } },
    { ...WORKING, reason: 'retry' },
    'session.status of a retry',
  ),
  opencode(
    'session.status',
    { sessionID: 'ses_1', status: { type: 'idle' } },
    { turn: 'idle', isRoutine: true },
    'session.status of silence',
  ),
  opencode(
    'permission.asked',
    { id: 'per_1', sessionID: 'ses_1', permission: 'bash', patterns: ['npm test'] },
    { ...PERMISSION, conversation: 'ses_1' },
  ),
  opencode('permission.replied', { sessionID: 'ses_1', requestID: 'per_1', reply: 'once' }, { turn: 'working' }),
  opencode('question.asked', { id: 'que_1', sessionID: 'ses_1', questions: [] }, QUESTION),
  opencode(
    'session.error',
    { sessionID: 'ses_1', error: { name: 'ProviderAuthError', data: {} } },
    { turn: 'failed', reason: 'ProviderAuthError', endsTurn: true },
  ),
  opencode(
    'session.error',
    { sessionID: 'ses_1', error: { name: 'MessageAbortedError' } },
    { ...ENDED_TURN, reason: 'interrupted' },
    'session.error of an interrupt',
  ),
  opencode('session.idle', { sessionID: 'ses_1' }, { ...ENDED_TURN, conversation: 'ses_1', cwd: '/home/ada/a' }),
  opencode(
    'message.updated',
    { info: { id: 'msg_1', sessionID: 'ses_1', role: 'assistant' } },
    { ...ALIVE, conversation: 'ses_1' },
  ),

  { agent: 'aider', title: 'its one notification', payload: undefined, news: { event: 'notification', ...ENDED_TURN } },

  copilot('sessionStart', { source: 'startup', initialPrompt: 'Fix it' }, { ...STARTED, isSwitch: false }),
  copilot('sessionStart', { source: 'new' }, { ...STARTED, isSwitch: true }, 'sessionStart of /new'),
  copilot('userPromptSubmitted', { prompt: 'Fix it' }, { turn: 'working' }),
  copilot('preToolUse', { toolName: 'bash', toolArgs: {} }, ALIVE),
  copilot('preToolUse', { toolName: 'ask_user', toolArgs: {} }, QUESTION, 'preToolUse of a question'),
  copilot('permissionRequest', { toolName: 'bash' }, ALIVE),
  copilot('postToolUse', { toolName: 'bash', toolResult: { resultType: 'success' } }, WORKING),
  copilot(
    'notification',
    { hook_event_name: 'Notification', notification_type: 'permission_prompt', message: 'x' },
    { event: 'notification', ...PERMISSION },
  ),
  copilot(
    'notification',
    { hook_event_name: 'Notification', notification_type: 'agent_idle', message: 'x' },
    ALIVE,
    'notification of a helper',
  ),
  copilot(
    'errorOccurred',
    { error: { name: 'E', message: 'm' }, errorContext: 'model_call', recoverable: false },
    { turn: 'failed', reason: 'model_call', endsTurn: true },
  ),
  copilot(
    'errorOccurred',
    { error: {}, errorContext: 'tool_execution', recoverable: true },
    ALIVE,
    'errorOccurred that it gets over',
  ),
  copilot(
    'agentStop',
    { transcriptPath: '/x', stopReason: 'end_turn' },
    { ...ENDED_TURN, conversation: COPILOT.sessionId },
  ),
  copilot('subagentStop', { agentName: 'task' }, { isSubagent: true }),
  copilot('sessionEnd', { reason: 'user_exit' }, { turn: 'ended' }),
  {
    agent: 'copilot',
    title: 'the spelling of VS Code',
    payload: {
      hook_event_name: 'Stop',
      session_id: 'c-1',
      timestamp: '2026-05-01T10:00:00Z',
      cwd: '/home/ada/a',
      stop_reason: 'end_turn',
    },
    news: { event: 'Stop', conversation: 'c-1', ...ENDED_TURN },
  },

  cursor(
    'sessionStart',
    { session_id: CURSOR.conversation_id, is_background_agent: false, composer_mode: 'agent' },
    { ...STARTED, cwd: '/home/ada/a' },
  ),
  cursor(
    'beforeSubmitPrompt',
    { prompt: 'Fix it', attachments: [] },
    { turn: 'working', conversation: CURSOR.conversation_id },
  ),
  cursor('beforeShellExecution', { command: 'npm test', cwd: '/home/ada/a/src' }, { ...ALIVE, cwd: '/home/ada/a/src' }),
  cursor('afterShellExecution', { command: 'npm test', output: 'ok', duration: 12 }, WORKING),
  cursor('afterFileEdit', { file_path: '/home/ada/a/x', edits: [] }, WORKING),
  cursor('stop', { status: 'completed', loop_count: 0 }, ENDED_TURN),
  cursor('stop', { status: 'aborted', loop_count: 0 }, { ...ENDED_TURN, reason: 'interrupted' }, 'stop by the person'),
  cursor(
    'stop',
    { status: 'error', loop_count: 0 },
    { turn: 'failed', reason: 'error', endsTurn: true },
    'stop by an error',
  ),
  cursor('subagentStop', { subagent_type: 'explore' }, { isSubagent: true }),
  cursor('sessionEnd', { session_id: CURSOR.conversation_id, reason: 'user_close' }, { turn: 'ended' }),

  { agent: 'my-agent', title: 'a word', argv: ['working'], news: { event: 'working', turn: 'working' } },
  { agent: 'my-agent', title: 'a word with its reason', argv: ['waiting', 'permission'], news: PERMISSION },
  {
    agent: 'my-agent',
    title: 'a word with its conversation',
    argv: ['idle', '', 'c-1'],
    news: { ...ENDED_TURN, conversation: 'c-1' },
  },
  {
    agent: 'my-agent',
    title: 'the payload of Claude Code',
    payload: { ...CLAUDE, hook_event_name: 'Stop' },
    news: ENDED_TURN,
  },
  { agent: 'my-agent', title: 'a word that is none', argv: ['sleeping'], news: { event: 'sleeping', ...ALIVE } },
];
