import { readFile } from 'node:fs/promises';
import { createIdentity } from '#src/platform/identity.ts';
import { expect, test } from 'vitest';
