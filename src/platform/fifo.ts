import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

const POLL_MS = 20;

/** `unread`: nobody has the pipe open. `full`: who reads it takes no more, and nothing of the text went in; `cut`: a part of it did. */
export type Written = 'written' | 'unread' | 'full' | 'cut';

/** Writes into a named pipe and waits for nobody longer than that. What is no pipe is left alone: `unread`. */
export async function writeFifo(file: string, text: string, timeoutMs: number): Promise<Written> {
  const flags = constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW;
  const handle = await open(file, flags).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENXIO' || error.code === 'ENOENT' || error.code === 'ELOOP') return undefined;
    throw error;
  });
  if (handle === undefined) return 'unread';
  try {
    if (!(await handle.stat()).isFIFO()) return 'unread';
    const bytes = Buffer.from(text);
    let at = 0;
    for (let waitedMs = 0; at < bytes.length; waitedMs += POLL_MS) {
      const written = await handle.write(bytes, at).catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'EAGAIN') return { bytesWritten: 0 };
        if (error.code === 'EPIPE') return undefined;
        throw error;
      });
      if (written === undefined) return at === 0 ? 'unread' : 'cut';
      at += written.bytesWritten;
      if (at === bytes.length) break;
      if (waitedMs >= timeoutMs) return at === 0 ? 'full' : 'cut';
      await sleep(POLL_MS);
    }
    return 'written';
  } finally {
    await handle.close();
  }
}
