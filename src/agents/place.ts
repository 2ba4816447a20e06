import path from 'node:path';

/** Files of a session's agent, in a folder of git's own record of the worktree: they go into the trash with it and come back. */
export interface AgentFiles {
  readonly folder: string;
  /** What the agent should know of where it is. */
  readonly brief: string;
  /** What it was last told to do. */
  readonly prompt: string;
  /** Pipe of an agent that takes lines. */
  readonly input: string;
}

/** Pure. */
export function agentFiles(adminDirectory: string): AgentFiles {
  const folder = path.join(adminDirectory, 'wt-agent');
  return {
    folder,
    brief: path.join(folder, 'brief.md'),
    prompt: path.join(folder, 'prompt.md'),
    input: path.join(folder, 'input'),
  };
}

/** Where the output of agents without a terminal goes. Pure. */
export function agentLogs(commonDir: string): string {
  return path.join(commonDir, 'wt', 'logs', 'agents');
}
