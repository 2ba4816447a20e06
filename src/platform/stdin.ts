import process from 'node:process';
import type { Readable } from 'node:stream';

/** How much of an input is kept, and how long it is waited for. */
export interface InputLimits {
  readonly keptBytes: number;
  readonly timeoutMs: number;
  /** Nothing more is waited for once this is true of what has come. */
  readonly isWhole: (text: string) => boolean;
}

/** This process's input within limits: what is beyond them is read and dropped, and one that never ends is not waited for. Never throws. */
export async function readStdinWithin(limits: InputLimits): Promise<string> {
  if (process.stdin.isTTY) return '';
  try {
    return await readWithin(process.stdin, limits);
  } finally {
    process.stdin.destroy();
  }
}

/** The part of {@link readStdinWithin} that any stream will do for. */
export function readWithin(stream: Readable, { keptBytes, timeoutMs, isWhole }: InputLimits): Promise<string> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let length = 0;
    const textOf = (): string => Buffer.concat(chunks).toString('utf8');
    const finish = (): void => {
      clearTimeout(timer);
      stream.removeAllListeners('data');
      resolve(textOf());
    };
    const timer = setTimeout(finish, timeoutMs);
    stream.on('data', (chunk: Buffer) => {
      const room = keptBytes - length;
      if (room > 0) chunks.push(chunk.subarray(0, room));
      length += Math.min(room, chunk.length);
      if (
        length < keptBytes &&
        /[}\]]\s*$/.test(chunk.toString('latin1', Math.max(0, chunk.length - 8))) &&
        isWhole(textOf())
      )
        finish();
    });
    stream.on('end', finish);
    stream.on('error', finish);
    stream.on('close', finish);
  });
}
