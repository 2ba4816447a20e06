import type { Book } from './book.ts';

const FIRST = [
  'amber',
  'brave',
  'calm',
  'clear',
  'crisp',
  'early',
  'fair',
  'fleet',
  'fresh',
  'gentle',
  'glad',
  'green',
  'keen',
  'kind',
  'light',
  'lively',
  'lucky',
  'mellow',
  'neat',
  'noble',
  'plain',
  'quick',
  'quiet',
  'rapid',
  'ready',
  'sharp',
  'silver',
  'solid',
  'steady',
  'swift',
  'warm',
  'wise',
];
const SECOND = [
  'ash',
  'bay',
  'birch',
  'brook',
  'cedar',
  'cliff',
  'cloud',
  'cove',
  'dune',
  'elm',
  'fern',
  'field',
  'finch',
  'ford',
  'fox',
  'grove',
  'heron',
  'hill',
  'lake',
  'lark',
  'leaf',
  'marsh',
  'moss',
  'oak',
  'otter',
  'pine',
  'reed',
  'ridge',
  'river',
  'stone',
  'wren',
  'wood',
];

/** Two short words that no session is called yet; with a number once words run out. */
export function makeUpId(book: Pick<Book, 'sessions'>, random: () => number): string {
  const pick = (words: readonly string[]): string => words[Math.floor(random() * words.length)] ?? 'session';
  for (let attempt = 0; ; attempt++) {
    const id = `${pick(FIRST)}-${pick(SECOND)}${attempt < 20 ? '' : `-${attempt}`}`;
    if (!book.sessions.has(id)) return id;
  }
}
