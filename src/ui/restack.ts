import type { Restacked } from '../landing/sync/restack.ts';
import { explain } from './errors.ts';
import { reasonLine } from './refusals.ts';
import type { Look } from './theme.ts';

/** A line for each session that was cut from the one that has landed. Pure. */
export function renderRestacked(restacked: readonly Restacked[], into: string, { theme }: Look): string {
  const base = theme.name(into);
  return restacked
    .map((one) => {
      const id = theme.name(one.id);
      if (one.kind === 'synced')
        return `${theme.ok} ${id} was cut from it and is on ${base} now  ${theme.dim(`${one.from.slice(0, 7)}..${one.to.slice(0, 7)}`)}\n`;
      if (one.kind === 'current') return `${id} was cut from it and has ${base} as its base now\n`;
      const next = `  ${theme.dim('next')}  ${theme.command(`wt sync ${one.id}`)}\n`;
      return `${theme.warn} ${id} was cut from it, has ${base} as its base now, and is to be synced: ${whyLeft(one.error)}\n${next}`;
    })
    .join('');
}

function whyLeft(error: Extract<Restacked, { kind: 'left' }>['error']): string {
  return 'reasons' in error.details ? error.details.reasons.map(reasonLine).join('; ') : explain(error).message;
}
