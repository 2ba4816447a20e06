#!/usr/bin/env node
// The launcher. It refuses an old Node in one clear line, so it keeps to syntax that Node 10 can read:
// no static import (the file must parse as CommonJS and as a module), no top-level await, no optional chaining.
// No V8 flags in the first line: any of them makes Node start about 40 % slower.
'use strict';

const found = process.versions.node.split('.').map(Number);

if (found[0] < 20 || (found[0] === 20 && found[1] < 20)) {
  process.stderr.write(
    'wt needs Node.js 20.20 or newer; this is ' + process.versions.node + ' (' + process.execPath + ').\n',
  );
  process.exitCode = 3;
} else if (process.argv[2] === '--supervise') {
  // What stays beside an agent in the background.
  void import('../dist/supervise.js');
} else {
  // Agents wait for their hooks: those load nothing of the rest.
  const words = process.argv.slice(2);
  const isHook =
    words[0] === 'hook' && words.length > 1 && words.indexOf('--help') === -1 && words.indexOf('-h') === -1;
  void (isHook ? import('../dist/hook.js') : import('../dist/main.js'));
}
