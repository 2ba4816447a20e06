import type { Notice } from '../agents/notify.ts';
import { loadConfig } from '../config/load.ts';
import type { Settings } from '../config/schema.ts';
import { environmentForPrograms } from '../git/git.ts';
import { resolveCommit } from '../git/ref.ts';
import { recordTold } from '../registry/notify-log.ts';
import { readBook } from './book.ts';
import { gitAtWorktree, type Repo } from './repo.ts';

/** How long the person's program may take. */
const LIMIT_MS = 30_000;
const OUTPUT_LENGTH = 500;

type NotifySettings = Settings['notify'];

/** Of what a person wants to hear; a configuration that cannot be read must not keep anybody from watching. */
export async function loadNotifySettings({ root, deps }: Pick<Repo, 'root' | 'deps'>): Promise<NotifySettings> {
  const config = await loadConfig(root, deps.env).catch(() => undefined);
  return config?.settings.notify ?? { on: ['waiting', 'done', 'failed'], terminal: true };
}

/** Runs the person's `notify.command`, when it is to be told of this. Its failure is written down and is nobody's else. */
export async function runNotifyCommand(
  repo: Repo,
  notice: Notice,
  { title, text }: { readonly title: string; readonly text: string },
): Promise<void> {
  const { command, on } = (await loadConfig(repo.root, repo.deps.env)).settings.notify;
  if (command === undefined || !on.includes(notice.status) || (await isSaidAlready(repo, notice))) return;
  const [file = '', ...args] = command;
  const { session, status, reason } = notice;
  const env = { ...environmentForPrograms({}), WT_SESSION: session, WT_STATUS: status, WT_REASON: reason ?? '' };
  const request = { file, args: [...args, title, text], cwd: repo.root, env, timeoutMs: LIMIT_MS } as const;
  const { exitCode, output } = await repo.deps.run({ ...request, ends: 'group' }).then(
    (result) => ({ exitCode: result.exitCode, output: result.stderr || result.stdout }),
    (error: unknown) => ({ exitCode: null, output: error instanceof Error ? error.message : String(error) }),
  );
  const at = repo.deps.clock.now().toISOString();
  await recordTold(repo.layout, { at, session, command, exitCode, output: output.slice(-OUTPUT_LENGTH) });
}

/** An agent that has spoken a word on what is there now ends its turn or itself without saying anything more. */
async function isSaidAlready(repo: Repo, { session: id, status, reason, isWord }: Notice): Promise<boolean> {
  const isEnd = isWord !== true && ((status === 'waiting' && reason === 'turn ended') || status === 'done');
  const session = isEnd ? (await readBook(repo)).sessions.get(id) : undefined;
  if (session?.row.done === undefined) return false;
  return (await resolveCommit(gitAtWorktree(repo, session.path), 'HEAD')) === session.row.done.commit;
}
