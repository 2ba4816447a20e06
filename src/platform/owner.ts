import * as z from 'zod';
import { parseOwner, type Owner } from './identity.ts';

/** An {@link Owner} within a record that zod reads. */
export const OwnerRecord = z.unknown().transform((value, context): Owner => {
  const owner = parseOwner(value);
  if (owner === undefined) context.addIssue({ code: 'custom', message: 'no record of a process' });
  return owner ?? z.NEVER;
});
