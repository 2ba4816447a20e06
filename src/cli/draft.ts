import type { Env } from '../platform/deps.ts';
import type { Draft } from '../platform/draft.ts';
import { ERASE, paintBelow, paintOver, type Size } from '../ui/paint.ts';
import type { Context } from './define.ts';

/** What is shown while an answer is worked out. */
export interface Picture {
  /** Reads what the first lines need. */
  begin(): Promise<void>;
  /** What is known by now; none: there is nothing to show, or no room. */
  lines(size: Size): readonly string[];
}

/** An answer that is there sooner is shown alone. */
const PATIENCE_MS = 120;
const FRAME_MS = 80;

/** Whether a picture may be drawn where the answer is going to stand: on a terminal that can, for somebody who looks at it. */
export function canDraft({ deps, globals }: Pick<Context, 'deps' | 'globals'>): boolean {
  const { draft, env, io } = deps;
  if (draft === undefined || globals.json || globals.quiet || globals.verbose) return false;
  return io.stdoutIsTTY && io.color > 0 && !isPlain(env);
}

/** A terminal that cannot be drawn on, a machine that reads it, or a person who has it read out. */
function isPlain(env: Env): boolean {
  const isSet = (name: string): boolean => !['', '0', 'false'].includes(env[name] ?? '');
  return ['', 'dumb', 'unknown'].includes(env['TERM'] ?? '') || isSet('CI') || isSet('ACCESSIBLE');
}

/**
 * Draws the picture while the work lasts, should it take its time, and again when it tells of a change. The answer that is printed
 * then takes its place.
 */
export async function draftWhile<T>(
  { deps, look }: Pick<Context, 'deps' | 'look'>,
  picture: Picture,
  work: (onChange: () => void) => Promise<T>,
): Promise<T> {
  let before: readonly string[] | undefined;
  let timer: NodeJS.Timeout | undefined;
  let isOver = false;
  const draft = deps.draft?.open({ erase: ERASE, over: (text) => paintOver(text, look.width) });
  const draw = (sheet: Draft): void => {
    timer = undefined;
    const size = sheet.size();
    const lines = isOver || size.columns !== look.width ? [] : picture.lines(size);
    if (lines.length === 0) return;
    const frame = paintBelow(before, lines, size.columns);
    before = lines;
    if (frame !== '' && !sheet.draw(frame)) isOver = true;
  };
  /** A picture that fails is none; what is wrong, the work itself tells. */
  const attempt = (): void => {
    try {
      if (draft !== undefined) draw(draft);
    } catch {
      isOver = true;
      draft?.erase();
    }
  };
  timer = setTimeout(() => void picture.begin().then(attempt, () => (isOver = true)), PATIENCE_MS);
  try {
    return await work(() => {
      if (before !== undefined && !isOver) timer ??= setTimeout(attempt, FRAME_MS);
    });
  } catch (error) {
    draft?.erase();
    throw error;
  } finally {
    isOver = true;
    clearTimeout(timer);
  }
}
