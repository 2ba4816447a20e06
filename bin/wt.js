#!/usr/bin/env node
// The launcher. It refuses an old Node in one clear line, so it keeps to syntax that Node 10 can read, and is CommonJS
// (package.json beside it says so): Node starts that quicker, and need not load what it has for modules.
// No V8 flags in the first line: any of them makes Node start about 40 % slower.
'use strict';

const found = process.versions.node.split('.').map(Number);

if (found[0] < 20 || (found[0] === 20 && found[1] < 20)) {
  process.stderr.write(
    'wt needs Node.js 20.20 or newer; this is ' + process.versions.node + ' (' + process.execPath + ').\n',
  );
  process.exitCode = 3;
} else {
  require('../dist/' + partFor(process.argv.slice(2)) + '.js');
}

function partFor(words) {
  // What stays beside an agent in the background.
  if (words[0] === '--supervise') return 'supervise';
  // Agents wait for their hooks: those load nothing of the rest.
  const asksForHelp = words.indexOf('--help') !== -1 || words.indexOf('-h') !== -1;
  if (words[0] === 'hook' && words.length > 1 && !asksForHelp) return 'hook';
  // So do prompts and editors for these. What is not plain goes on to the program.
  const isQuick = words[0] === 'path' || words[2] === 'path' || words[0] === '--version' || words[0] === '-V';
  return isQuick ? 'quick' : 'main';
}
