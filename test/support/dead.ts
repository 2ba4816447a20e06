import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import type { Owner } from '#src/platform/identity.ts';

/** An owner whose process is certainly gone. */
export const DEAD: Owner = {
  pid: 4_194_303,
  start: '1',
  boot: readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim(),
  pidns: readlinkSync('/proc/self/ns/pid'),
  host: hostname(),
  nonce: 'dead',
  fifo: null,
  command: 'wt',
};
