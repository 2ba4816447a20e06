import { readFileSync } from 'node:fs';

import { defineConfig } from 'vitest/config';

// It costs every Node process that a test starts some 50 ms, and no test needs the network.
delete process.env['NODE_EXTRA_CA_CERTS'];

// A file for the results as JSON, beside what is printed. CI counts with it.
const report = process.env['WT_TEST_REPORT'];

const { version } = JSON.parse(readFileSync(new URL('package.json', import.meta.url), 'utf8')) as { version: string };

export default defineConfig({
  define: { __WT_VERSION__: JSON.stringify(version) },
  test: {
    include: ['test/**/*.test.ts'],
    setupFiles: ['test/support/seed.ts'],
    pool: 'forks',
    maxWorkers: 4,
    // A limit is for what hangs; a machine that has much else to do is slow.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    reporters: report === undefined ? ['default'] : ['default', ['json', { outputFile: report }]],
    coverage: { include: ['src/**/*.ts'], reporter: ['text-summary', 'html'] },
  },
});
