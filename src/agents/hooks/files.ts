import { claudeHookFile } from './claude.ts';
import { codexHookFile } from './codex.ts';
import { copilotHookFile } from './copilot.ts';
import { cursorHookFile } from './cursor.ts';
import { geminiHookFile } from './gemini.ts';
import { opencodeHookFile } from './opencode.ts';
import type { HookSupport } from './support.ts';

/** Every agent that can be told to call `wt hook`. aider cannot. */
export const HOOK_FILES: readonly HookSupport[] = [
  claudeHookFile,
  codexHookFile,
  geminiHookFile,
  opencodeHookFile,
  copilotHookFile,
  cursorHookFile,
];

/** Pure. */
export function findHookFile(agent: string): HookSupport | undefined {
  return HOOK_FILES.find((one) => one.agent === agent);
}
