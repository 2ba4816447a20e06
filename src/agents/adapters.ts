import type { AgentConfig } from '../config/agents.ts';
import { WtError } from '../core/errors.ts';
import { nearNames } from '../core/names.ts';
import type { Adapter } from './adapter.ts';
import { customAdapter } from './custom.ts';
import { findKnownAdapter, listKnownAdapters } from './known.ts';

/** The setting `agents`, by name. */
export type AgentConfigs = Readonly<Record<string, AgentConfig>>;

/** Pure. */
export function findAdapter(name: string, agents: AgentConfigs): Adapter | undefined {
  const config = Object.hasOwn(agents, name) ? agents[name] : undefined;
  return config === undefined ? findKnownAdapter(name) : customAdapter(name, config);
}

/** Throws `agent.unknown`. Null: none is named, and none is set. */
export function requireAdapter(name: string | null, agents: AgentConfigs): Adapter {
  const adapter = name === null ? undefined : findAdapter(name, agents);
  if (adapter !== undefined) return adapter;
  const known = listAgentNames(agents);
  throw new WtError('agent.unknown', { agent: name, known, near: name === null ? [] : nearNames(name, known) });
}

/** Those that wt knows, then a person's own. Pure. */
export function listAgentNames(agents: AgentConfigs): readonly string[] {
  return [...new Set([...listKnownAdapters().map(({ name }) => name), ...Object.keys(agents)])];
}

/** The words after `wt` by which an agent calls its hook. Pure. */
export function hookWords({ name, like }: Pick<Adapter, 'name' | 'like'>): readonly string[] {
  return ['hook', name, ...(like === undefined ? [] : ['--like', like])];
}
