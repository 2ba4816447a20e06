import type { ErrorCatalog } from '../core/errors.ts';
import { fixOf, type Explanation } from './explanation.ts';

type Words<C extends keyof ErrorCatalog> = (details: ErrorCatalog[C]) => Explanation;

/** Words for what goes wrong with agents. Pure. */
export const agentWords: {
  readonly [
    C in
      | 'agent.running'
      | 'agent.failed'
      | 'agent.elsewhere'
      | 'agent.not-running'
      | 'agent.not-ready'
      | 'agent.unknown'
      | 'agent.not-resumable'
      | 'wait.failed'
      | 'program.missing'
      | 'hooks.refused'
  ]: Words<C>;
} = {
  'agent.running': (d) => ({
    message: `${d.agent} is at work in session ${d.id} already: process ${d.pid}, ${d.how}, since ${d.since}`,
    lines: ['a session has one agent at a time'],
    unchanged: 'Nothing was started.',
    fix: ['wt', 'stop', d.id],
  }),
  'agent.failed': (d) => ({
    message: `${d.agent} in session ${d.id} ended as soon as it was started: ${d.signal ?? `exit ${d.exitCode ?? '?'}`}`,
    lines: [...d.output, ...(d.log === null ? [] : [`log: ${d.log}`])],
    fix: d.fix ?? (d.log === null ? ['wt', 'show', d.id] : ['wt', 'logs', d.id]),
  }),
  'agent.elsewhere': (d) => ({
    message: `${d.agent} in session ${d.id} may still run where this cannot be seen: process ${d.pid} on ${d.host}`,
    lines: ['it is ended there, or by a wt that runs there'],
    unchanged: 'Nothing was ended.',
  }),
  'agent.not-running': (d) => ({
    message:
      d.agent === null
        ? `no agent was started in session ${d.id}`
        : d.reason === undefined
          ? `${d.agent} does not run in session ${d.id}`
          : `there is no ${d.verb === 'logs' ? 'log' : d.verb} of ${d.agent} in session ${d.id}: ${d.reason}`,
    fix: d.fix ?? ['wt', 'run', d.id],
  }),
  'agent.not-ready': (d) => ({
    message: `${d.agent} in session ${d.id} takes no text now: it is ${d.state}${d.reason === null ? '' : ` (${d.reason})`}, by ${d.source}`,
    ...(d.state === 'waiting' ? { lines: ['a person answers what it asks; wt types nothing into a question'] } : {}),
    unchanged: d.isTyped === true ? 'The text was typed, or a part of it. Enter was not pressed.' : 'Nothing was sent.',
    fix:
      d.state === 'waiting' || d.state === 'idle' || d.isTyped === true ? ['wt', 'attach', d.id] : ['wt', 'wait', d.id],
  }),
  'agent.unknown': (d) => ({
    message: d.agent === null ? 'no agent is named, and none is set' : `wt knows no agent "${d.agent}"`,
    lines: [
      ...(d.near.length === 0 ? [] : [`near: ${d.near.join(', ')}`]),
      `known: ${d.known.join(', ')}`,
      'any other program is one by the setting agents',
    ],
    fix: d.fix ?? ['wt', 'config', 'explain', 'agents'],
  }),
  'agent.not-resumable': (d) => ({
    message: `session ${d.id} has nothing to take up again: ${d.reason}`,
    fix: d.fix ?? ['wt', 'run', d.id],
  }),
  'wait.failed': (d) => ({
    message: d.isOver
      ? `${d.wanted.join(' or ')} cannot come any more: ${d.states.join(', ')}`
      : `waited ${Math.round(d.waitedMs / 1000)} s for ${d.wanted.join(' or ')}: ${d.states.join(', ')}`,
    ...fixOf(d.ids[0] === undefined ? undefined : ['wt', 'show', d.ids[0]]),
  }),
  'program.missing': (d) => ({ message: `${d.program} is not on PATH: ${d.why}`, ...fixOf(d.fix) }),
  'hooks.refused': (d) => ({
    message: `the hooks of ${d.agent} are left as they are${d.path === null ? '' : `: ${d.path}`}: ${d.reason}`,
    ...fixOf(d.fix),
  }),
};
