import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { startPuppet } from '../support/puppet.ts';
import { makeRoom } from '../support/room.ts';
import { PROGRAM, runWt, start } from '../support/spawn.ts';

test('a hook that is traced tells of the one process it may start, and of itself when it starts none', async () => {
  const room = await makeRoom();
  const root = await room.repo();
  await runWt(room, root, ['create', 'a']);
  await room.write(path.join(room.dir, '.config', 'wt'), { 'config.jsonc': '{"notify":{"command":["true"]}}' });
  await startPuppet(room, root, 'a');
  const cwd = path.join(root, '.worktrees', 'a');
  const file = path.join(room.dir, 'trace.jsonl');
  const said: string[] = [];
  for (const [event, trace] of [
    ['UserPromptSubmit', file],
    ['PermissionRequest', file],
    ['PostToolUse', '1'],
    ['PostToolUse', 'not a file'],
  ] as const) {
    const payload = JSON.stringify({ hook_event_name: event, session_id: 'c1', cwd, transcript_path: '/x' });
    const script = `printf '%s' '${payload}' | "$0" "$1" hook claude`;
    const exit = await start(room, cwd, ['sh', '-c', script, process.execPath, PROGRAM], { env: { WT_TRACE: trace } })
      .done;
    expect(exit).toMatchObject({ code: 0, stdout: '' });
    said.push(exit.stderr);
  }
  expect(said).toEqual(['', '', expect.stringMatching(/^no process was started; \d+ ms in all\n$/), '']);
  const lines = (await readFile(file, 'utf8')).trimEnd().split('\n');
  const facts = lines.map((line) => JSON.parse(line) as { kind: string; processes?: number; durationMs?: number });
  expect(facts.map(({ kind }) => kind)).toEqual(['sum', 'process', 'sum']);
  expect(facts.map(({ processes }) => processes)).toEqual([0, undefined, 1]);
  expect(facts[1]).toMatchObject({ command: 'hook', durationMs: null, exitCode: null });
});
