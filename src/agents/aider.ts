import { shellQuote } from '../core/shell.ts';
import type { Adapter, Launch, StartRequest } from './adapter.ts';
import { asResumed, asValue } from './prompt.ts';

/**
 * Aider. With a prompt it works on that and ends: it has no flag that begins with a prompt and goes on. Its history lies in the
 * worktree, so there is no id to keep.
 */
export const aider: Adapter = {
  name: 'aider',
  command: ['aider'],
  conversations: 'none',
  start: (request) => launch(request, []),
  resume: (request) => launch(asResumed(request), ['--restore-chat-history']),
  // `--notifications-command` says one thing, and no words with it: it waits for the next prompt.
  readHook: () => ({ event: 'notification', turn: 'idle', endsTurn: true }),
  readsInput: () => false,
};

function launch(request: StartRequest, history: readonly string[]): Launch {
  const { isHeadless, prompt, brief, wiring, args } = request;
  const notify =
    wiring === undefined
      ? []
      : ['--notifications', `--notifications-command=${wiring.argv.map((word) => shellQuote(word)).join(' ')}`];
  const alone = isHeadless ? ['--yes-always', '--no-pretty'] : [];
  const words = ['aider', ...history, '--read', brief.file, ...notify, ...alone, ...args];
  return { argv: [...words, ...asValue('--message', prompt)] };
}
