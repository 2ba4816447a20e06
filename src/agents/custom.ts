import path from 'node:path';
import type { AgentConfig } from '../config/agents.ts';
import type { Adapter, Launch, StartRequest } from './adapter.ts';
import { findKnownAdapter } from './known.ts';
import { plainHooks } from './plain.ts';
import { asResumed, asWord, promptOf } from './prompt.ts';

/** Any program, or a known agent with other words, as the configuration has it. Pure. */
export function customAdapter(name: string, config: AgentConfig): Adapter {
  const known = findKnownAdapter(config.like ?? name);
  const base = known ?? plainAdapter(name);
  const command = config.command ?? base.command;
  const isResumable = known !== undefined || config.resume !== undefined;
  return {
    ...base,
    name,
    ...(known === undefined || known.name === name ? {} : { like: known.name }),
    command,
    conversations: conversationsOf(base, config),
    ...(config.lines === undefined ? {} : { takesLines: config.lines }),
    start: (request) => launchOf({ base, config, command }, request, config.start),
    resume: (request) => {
      if (!isResumable) return undefined;
      return launchOf({ base, config, command }, asResumed(request), config.resume, 'resume');
    },
  };
}

function conversationsOf(base: Adapter, { start, resume }: AgentConfig): Adapter['conversations'] {
  if (start !== undefined) return 'assigned';
  if (resume?.some((word) => word.includes('{conversation}')) === true && base.conversations === 'none')
    return 'learnt';
  return base.conversations;
}

interface Overlay {
  readonly base: Adapter;
  readonly config: AgentConfig;
  readonly command: readonly string[];
}

/** The base's own words, with those of the configuration in the place of what they stand for. */
function launchOf(
  { base, config, command }: Overlay,
  request: StartRequest,
  conversationWords: readonly string[] | undefined,
  way: 'start' | 'resume' = 'start',
): Launch {
  const { conversation, prompt } = request;
  const words = conversationWords === undefined ? [] : fillConversation(conversationWords, conversation);
  const args = [...words, ...config.args, ...(request.isHeadless ? (config.headless ?? []) : []), ...request.args];
  const ownConversation = conversationWords === undefined ? conversation : undefined;
  const ownPrompt = config.prompt === undefined ? prompt : undefined;
  const inner: StartRequest = { ...request, args, conversation: ownConversation, prompt: ownPrompt };
  const launch =
    (way === 'resume' && conversationWords === undefined ? base.resume(inner) : undefined) ?? base.start(inner);
  const argv = [...command, ...launch.argv.slice(base.command.length)];
  const env = { ...launch.env, ...config.env };
  const spoken = { ...launch, argv, ...(Object.keys(env).length === 0 ? {} : { env }) };
  return config.prompt === undefined ? spoken : withPrompt(spoken, config.prompt, request);
}

/** Words of a conversation that there is none of are left out. */
function fillConversation(words: readonly string[], conversation: string | undefined): readonly string[] {
  if (conversation === undefined) return words.some((word) => word.includes('{conversation}')) ? [] : words;
  return words.map((word) => word.replaceAll('{conversation}', conversation));
}

function withPrompt(launch: Launch, way: NonNullable<AgentConfig['prompt']>, request: StartRequest): Launch {
  const { prompt, brief } = request;
  if (prompt === undefined) return launch;
  if (way === 'stdin') return { ...launch, stdin: prompt };
  if (way === 'file') {
    const file = path.join(path.dirname(brief.file), 'prompt.md');
    return { ...launch, argv: [...launch.argv, file], files: [...(launch.files ?? []), { path: file, text: prompt }] };
  }
  const words = (way === 'argument' ? ['{prompt}'] : way).map((word) =>
    word === '{prompt}' ? asWord(prompt) : word.replaceAll('{prompt}', () => prompt),
  );
  return { ...launch, argv: [...launch.argv, ...words] };
}

/** A program that nothing is known of: the prompt is its last word, with the brief in it. */
function plainAdapter(name: string): Adapter {
  const start = (request: StartRequest): Launch => {
    const text = promptOf(request, { withBrief: true });
    return { argv: [name, ...request.args, ...(text === undefined ? [] : [asWord(text)])] };
  };
  return { name, command: [name], conversations: 'none', start, resume: () => undefined, ...plainHooks };
}
