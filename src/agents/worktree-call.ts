import { asPayload, textAt } from './payload.ts';

/** What Claude Code asks of whoever makes its worktrees. */
export type WorktreeCall =
  | { readonly kind: 'create'; readonly name: string; readonly cwd: string | undefined }
  | { readonly kind: 'remove'; readonly path: string; readonly cwd: string | undefined };

/** Undefined: it is none of these, or does not say which worktree; nothing may be guessed then. Pure. */
export function parseWorktreeCall(payload: unknown): WorktreeCall | undefined {
  const found = asPayload(payload);
  const event = textAt(found, 'hook_event_name');
  const cwd = textAt(found, 'cwd');
  // Versions differ in the name's key.
  const name = textAt(found, 'name') ?? textAt(found, 'worktree_name');
  const path = textAt(found, 'worktree_path');
  if (event === 'WorktreeCreate' && name !== undefined) return { kind: 'create', name, cwd };
  if (event === 'WorktreeRemove' && path !== undefined) return { kind: 'remove', path, cwd };
  return undefined;
}
