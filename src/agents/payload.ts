import type { HookCall, HookNews } from './adapter.ts';

/** What a hook has handed over, whatever it is. */
export type Payload = Readonly<Record<string, unknown>>;

/** An object, or an empty one. Pure. */
export function asPayload(value: unknown): Payload {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Payload) : {};
}

/** The first of the keys that holds a text that is not empty. Versions of an agent differ in their spelling. Pure. */
export function textAt(payload: Payload, ...keys: readonly string[]): string | undefined {
  for (const key of keys) {
    const value = payload[key];
    if (typeof value === 'string' && value !== '') return value;
  }
  return undefined;
}

const EVENT = /^[A-Za-z][A-Za-z0-9_.:-]{0,79}$/;
/** It comes back as an argument of a program, so it cannot begin with a hyphen. */
const CONVERSATION = /^[A-Za-z0-9][A-Za-z0-9_.:-]{0,199}$/;
const REASON = /^[A-Za-z0-9][A-Za-z0-9 _.:-]{0,79}$/;

/** Pure. */
export function conversationAt(payload: Payload, ...keys: readonly string[]): string | undefined {
  const id = textAt(payload, ...keys);
  return id !== undefined && CONVERSATION.test(id) ? id : undefined;
}

/** A short word that a person can be shown: an agent's own, when it is one. Pure. */
export function reasonOf(value: unknown, otherwise: string): string {
  return typeof value === 'string' && REASON.test(value) ? value : otherwise;
}

/** What one kind of event means. */
export type Meaning = Omit<HookNews, 'event' | 'cwd' | 'conversation'>;
export type Meanings = Readonly<Record<string, Meaning | ((payload: Payload) => Meaning)>>;

/** A sign of life and no more. */
export const ALIVE: Meaning = { isRoutine: true };

export interface PayloadKeys {
  readonly event: readonly string[];
  readonly conversation: readonly string[];
}

/**
 * Reads the payload of an agent whose events are told apart by a name. An event that is not in the table, as a later version may
 * send it, is a sign of life. Pure.
 */
export function readNamedEvent(payload: Payload, keys: PayloadKeys, meanings: Meanings): HookNews | undefined {
  const event = textAt(payload, ...keys.event);
  if (event === undefined || !EVENT.test(event)) return undefined;
  const meaning = Object.hasOwn(meanings, event) ? meanings[event] : ALIVE;
  const cwd = textAt(payload, 'cwd');
  const conversation = conversationAt(payload, ...keys.conversation);
  return {
    event,
    ...(cwd === undefined ? {} : { cwd }),
    ...(conversation === undefined ? {} : { conversation }),
    ...(typeof meaning === 'function' ? meaning(payload) : meaning),
  };
}

/** The payload, with the event's name from the words of the call when it has none of its own. Pure. */
export function payloadOf({ payload, argv }: HookCall, key: string): Payload {
  const found = asPayload(payload);
  const [word] = argv;
  return textAt(found, key) === undefined && word !== undefined ? { ...found, [key]: word } : found;
}
