import type { Adapter } from './adapter.ts';
import { aider } from './aider.ts';
import { claude } from './claude.ts';
import { codex } from './codex.ts';
import { copilot } from './copilot.ts';
import { cursorAgent } from './cursor-agent.ts';
import { gemini } from './gemini.ts';
import { opencode } from './opencode.ts';

/** The agents that wt knows by itself. */
const KNOWN: readonly Adapter[] = [claude, codex, gemini, opencode, aider, copilot, cursorAgent];

/** Pure. */
export function findKnownAdapter(name: string | undefined): Adapter | undefined {
  return KNOWN.find((adapter) => adapter.name === name);
}

/** Pure. */
export function listKnownAdapters(): readonly Adapter[] {
  return KNOWN;
}
