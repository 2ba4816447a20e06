import { parseJson } from '../core/json.ts';
import type { Deps } from '../platform/deps.ts';
import { noticeText } from '../ui/notice.ts';

/** What a process of wt does that was started to tell a person something. It has nobody to say anything to. */
export async function notifyPerson(deps: Deps, text: string | undefined): Promise<number> {
  const [{ findRepo }, { runNotifyCommand }] = await Promise.all([
    import('../sessions/open.ts'),
    import('../sessions/notify.ts'),
  ]);
  const notice = parseJson(text) as Parameters<typeof noticeText>[0] | undefined;
  if (typeof notice?.session !== 'string') return 0;
  await runNotifyCommand(await findRepo(deps), notice, noticeText(notice));
  return 0;
}
