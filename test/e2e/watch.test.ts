import { expect, test } from 'vitest';
import { startPuppet } from '../support/puppet.ts';
import { makeRoom, type Room } from '../support/room.ts';
import { runWt } from '../support/spawn.ts';
import { openWt } from '../support/terminal.ts';

async function makeSessions(...ids: readonly string[]): Promise<{ room: Room; root: string }> {
  const room = await makeRoom();
  const root = await room.repo();
  for (const id of ids) await runWt(room, root, ['create', id, '--task', `The task of ${id}`]);
  return { room, root };
}

test('shows the sessions, follows what happens to them, and leaves the screen as it was', async () => {
  const { room, root } = await makeSessions('alpha', 'beta');
  const terminal = openWt(room, root, ['list', '--watch'], { rows: 12 });
  await terminal.shows('alpha');
  expect(terminal.mode()).toEqual({ buffer: 'alternate', isCursorShown: false });
  const agent = await startPuppet(room, root, 'beta');
  await agent.tell('working');
  await terminal.until((screen) => /beta +working/.test(screen));
  await agent.tell('waiting', 'permission');
  await terminal.until((screen) => /beta +waiting/.test(screen));
  agent.child.kill('SIGKILL');
  const killedAtMs = Date.now();
  await terminal.until((screen) => /beta +failed/.test(screen));
  expect(Date.now() - killedAtMs).toBeLessThan(1500);
  await runWt(room, root, ['create', 'gamma']);
  await terminal.shows('gamma');
  terminal.type('q');
  const { code, screen } = await terminal.done;
  expect({ code, screen, ...terminal.mode() }).toEqual({ code: 0, screen: '', buffer: 'normal', isCursorShown: true });
});
