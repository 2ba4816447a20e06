import { constants } from 'node:fs';
import { open } from 'node:fs/promises';

const PIECE_BYTES = 1024 * 1024;

/** Whether a regular file holds a text, byte for byte; no link is followed. One that cannot be read does not. */
export async function findBytes(file: string, text: string): Promise<boolean> {
  const wanted = Buffer.from(text);
  const handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW).catch(
    () => undefined,
  );
  if (handle === undefined) return false;
  try {
    const { size } = await handle.stat();
    const piece = Buffer.alloc(Math.min(size, PIECE_BYTES) + wanted.length);
    for (let at = 0; at < size; at += PIECE_BYTES) {
      // What lies across two pieces is read with the first.
      const { bytesRead } = await handle.read(piece, 0, piece.length, at);
      if (piece.subarray(0, bytesRead).includes(wanted)) return true;
    }
    return false;
  } finally {
    await handle.close();
  }
}
