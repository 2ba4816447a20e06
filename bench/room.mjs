// A throw-away folder and a sealed environment for measuring; the folder goes when the program ends.
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { devNull, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const wt = fileURLToPath(new URL('../bin/wt.js', import.meta.url));
export const scratch = mkdtempSync(join(realpathSync(tmpdir()), 'wt-bench-'));
process.on('exit', () => rmSync(scratch, { recursive: true, force: true, maxRetries: 5 }));
process.on('SIGINT', () => process.exit(130));
process.on('SIGTERM', () => process.exit(143));

// NODE_EXTRA_CA_CERTS costs every Node process some 50 ms.
const own = Object.entries(process.env).filter(([name]) => !/^(GIT_|WT_|NODE_|FORCE_COLOR)/.test(name));
export const env = {
  ...Object.fromEntries(own),
  HOME: scratch,
  XDG_CONFIG_HOME: join(scratch, '.config'),
  GIT_CONFIG_GLOBAL: join(scratch, '.gitconfig'),
  GIT_CONFIG_SYSTEM: devNull,
};
writeFileSync(join(scratch, '.gitconfig'), '[user]\n\tname = Bench\n\temail = bench@example.org\n[gc]\n\tauto = 0\n');
