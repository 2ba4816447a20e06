import { parseJson, parseJsonHead } from '../core/json.ts';
import type { Env } from '../platform/deps.ts';
import type { LockDeps } from '../platform/lock.ts';
import type { Parent } from '../platform/parents.ts';
import type { Adapter, HookNews } from './adapter.ts';
import type { AgentFacts } from './facts.ts';
import { findPlace, type FoundPlace } from './find-place.ts';
import { withHook, type Heard } from './hear.ts';
import { findKnownAdapter } from './known.ts';
import { plainHooks } from './plain.ts';
import { readFacts, recordNews, type AgentPlace } from './record.ts';
import { findStarter, isNestedBelow, ownerOf } from './starter.ts';
import { lifeOf } from './status.ts';

/** Where `wt hook` is called, and what it may do there. */
export interface HookWorld {
  /** Words after `wt hook`: the agent's name first. */
  readonly argv: readonly string[];
  readonly env: Env;
  readonly cwd: string;
  /** When it was called. ISO 8601 UTC. */
  readonly at: string;
  readonly deps: Omit<LockDeps, 'identity'>;
  /** This program itself. */
  readonly program: string;
  readInput(): Promise<string>;
  listParents(): readonly Parent[];
  afterChange(change: FactsChange): Promise<void>;
}

/** The status of an agent may be another one now. */
export interface FactsChange {
  readonly place: AgentPlace;
  readonly before: AgentFacts;
  readonly after: AgentFacts;
}

/** How long the stream's lock is waited for; then events go into the inbox. */
const LOCK_MS = 1000;

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

/**
 * Takes in one call of an agent's hook: what it means for the session it is in is written down. Returns what to print, which is
 * nothing but a brief that the agent has asked for. Whatever it is handed, it does not throw, for an agent takes a failed hook for a
 * refusal.
 */
export async function receiveHook(world: HookWorld): Promise<string> {
  try {
    return await receive(world);
  } catch {
    return '';
  }
}

async function receive(world: HookWorld): Promise<string> {
  const call = parseWords(world.argv);
  if (call === undefined) return '';
  const { agent, reader, argv } = call;
  const news = reader.readHook({ argv, payload: await payloadOf(world, reader, argv) });
  if (news === undefined) return '';
  const place = await choosePlace(world, news);
  if (place === undefined) return '';
  const answer = news.wantsBrief === true ? reader.answer?.(news.event, place.brief) : undefined;
  const change = await record(world, { agent, reader, news, place }).catch(() => undefined);
  if (change !== undefined && isOtherStatus(change)) await world.afterChange(change).catch(() => {});
  return answer === undefined ? '' : `${JSON.stringify(answer)}\n`;
}

interface Call {
  readonly agent: string;
  readonly reader: Pick<Adapter, 'readHook' | 'readsInput' | 'answer' | 'command'>;
  readonly argv: readonly string[];
}

/** `<name> [--like <known>] [words…]`. Undefined: it names nobody. */
function parseWords([agent, ...words]: readonly string[]): Call | undefined {
  if (agent === undefined || !NAME.test(agent)) return undefined;
  const [flag, like, ...rest] = words;
  const isLike = flag === '--like' && like !== undefined;
  const known = findKnownAdapter(isLike ? like : agent);
  return { agent, reader: known ?? { ...plainHooks, command: [agent] }, argv: isLike ? rest : words };
}

async function payloadOf(world: HookWorld, { readsInput }: Call['reader'], argv: readonly string[]): Promise<unknown> {
  const last = argv.at(-1);
  if (last?.trimStart().startsWith('{') === true) return parseJson(last) ?? parseJsonHead(last);
  if (readsInput?.(argv) === false) return undefined;
  const text = await world.readInput();
  return parseJson(text) ?? parseJsonHead(text);
}

/**
 * The session that the agent is in: by its folder, else by what it was started with. One that has gone into another session's
 * folder still speaks for its own.
 */
async function choosePlace({ cwd, env }: HookWorld, news: HookNews): Promise<FoundPlace | undefined> {
  const home = env['WT_PATH'] === undefined ? undefined : await findPlace(env['WT_PATH']);
  const here = (news.cwd === undefined ? undefined : await findPlace(news.cwd)) ?? (await findPlace(cwd));
  if (home === undefined || here === undefined || home.adminDirectory === here.adminDirectory) return here ?? home;
  const { conversation } = await readFacts(home.adminDirectory);
  return conversation !== null && conversation.id === news.conversation ? home : here;
}

interface Reception extends Pick<Call, 'agent' | 'reader'> {
  readonly news: HookNews;
  readonly place: FoundPlace;
}

async function record(world: HookWorld, { agent, reader, news, place }: Reception): Promise<FactsChange> {
  const names = [agent, ...reader.command.slice(0, 1)];
  const isOurs = ({ words }: Parent): boolean => words.slice(0, 3).includes(world.program);
  const heard: Heard = {
    agent,
    news,
    at: world.at,
    lifeOf,
    isNestedBelow: (owner) => isNestedBelow(world.listParents(), owner),
    findOwner: () => ownerOf(findStarter(world.listParents(), names, isOurs), agent),
  };
  const options = { timeoutMs: LOCK_MS, isDurable: false };
  return { place, ...(await recordNews(world.deps, place, (facts) => withHook(facts, heard), options)) };
}

function isOtherStatus({ before, after }: FactsChange): boolean {
  const of = ({ hook, run }: AgentFacts): unknown[] => [hook?.turn, hook?.reason, run?.startedAt, run?.end?.at];
  const [was, is] = [of(before), of(after)];
  return is.some((value, i) => value !== was[i]);
}
