import type { StartRequest } from '#src/agents/adapter.ts';

/** A request as `wt run` makes it, with changes. */
export function requestOf(changes: Partial<StartRequest> = {}): StartRequest {
  return {
    prompt: 'Fix the login',
    isHeadless: false,
    conversation: undefined,
    worktree: '/home/ada/a',
    gitDirectories: ['/main/.git/worktrees/a', '/main/.git'],
    brief: { text: 'You are here.', file: '/main/.git/worktrees/a/wt-agent/brief.md' },
    wiring: undefined,
    args: [],
    ...changes,
  };
}

export const WIRING = {
  argv: ['/usr/bin/node', "/opt/it's wt/bin/wt.js", 'hook', 'claude'],
  folder: '/main/.git/worktrees/a/wt-agent',
};
