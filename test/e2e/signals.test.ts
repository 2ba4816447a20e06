import { chmod, readdir } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { makeRoom, type Room } from '../support/room.ts';
import {
  askWt,
  branches,
  exists,
  findFaults,
  registeredIds,
  runWt,
  startWt,
  until,
  untilGroupIsGone,
  type Started,
} from '../support/spawn.ts';

/** A repository in which every checkout waits in a filter until it is let go. */
async function makeSlowRepo(): Promise<{ room: Room; root: string; letGo: () => Promise<void> }> {
  const room = await makeRoom();
  const root = await room.repo('app', {
    'README.md': 'hello\n',
    'slow.bin': 'slow\n',
    '.gitattributes': '*.bin filter=slow\n',
  });
  const script = `: > "${room.dir}/filtering"; while [ ! -e "${room.dir}/go" ]; do sleep 0.02; done; cat`;
  await room.git(root, 'config', 'filter.slow.smudge', script);
  return { room, root, letGo: () => room.write(room.dir, { go: '' }) };
}

async function startCreate(room: Room, root: string): Promise<Started> {
  const child = startWt(room, root, ['create', 'x'], { group: true });
  await until(() => exists(path.join(room.dir, 'filtering')));
  return child;
}

async function expectNothingLeft(room: Room, root: string): Promise<void> {
  expect(await registeredIds(root)).toEqual([]);
  expect(await branches(room, root)).toEqual(['main']);
  expect(await readdir(path.join(root, '.worktrees'))).toEqual([]);
  expect(await readdir(path.join(root, '.git', 'wt', 'trash')).catch(() => [])).toEqual([]);
  expect(await readdir(path.join(root, '.git', 'worktrees')).catch(() => [])).toEqual([]);
  expect(await room.git(root, 'status', '--porcelain')).toBe('');
  expect(await findFaults(room, root)).toEqual([]);
}

test.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
] as const)(
  '%s while files are checked out takes the create back to nothing and exits with %i',
  async (signal, code) => {
    const { room, root, letGo } = await makeSlowRepo();
    const create = await startCreate(room, root);
    create.kill(signal);
    const exit = await create.done;
    expect({ code: exit.code, stdout: exit.stdout }).toEqual({ code, stdout: '' });
    expect(exit.stderr).toContain(`interrupted by ${signal}`);
    await expectNothingLeft(room, root);
    await letGo();
    expect((await runWt(room, root, ['create', 'x'])).code).toBe(0);
  },
);

test('Ctrl-C, which reaches git as well, takes the create back to nothing', async () => {
  const { room, root, letGo } = await makeSlowRepo();
  const create = await startCreate(room, root);
  process.kill(-create.pid, 'SIGINT');
  const exit = await create.done;
  expect(exit.code).toBe(130);
  await expectNothingLeft(room, root);
  await letGo();
  expect((await runWt(room, root, ['create', 'x'])).code).toBe(0);
});

test('a signal while a command waits for the lock ends it at once and changes nothing', async () => {
  const { room, root, letGo } = await makeSlowRepo();
  const bin = path.join(room.dir, 'bin');
  const script = `#!/bin/sh
PATH="\${PATH#*:}"
case " $* " in *" worktree add "*) : > "${room.dir}/holding"; while [ ! -e "${room.dir}/go" ]; do sleep 0.02; done ;; esac
exec git "$@"
`;
  await room.write(bin, { git: script });
  await chmod(path.join(bin, 'git'), 0o755);
  const holder = startWt(room, root, ['create', 'held'], {
    env: { PATH: `${bin}:${room.env['PATH']}` },
    group: true,
  });
  await until(() => exists(path.join(room.dir, 'holding')));
  const waiting = startWt(room, root, ['create', 'x']);
  await until(() => waiting.said().includes('waiting for'));
  waiting.kill('SIGTERM');
  expect((await waiting.done).code).toBe(143);
  await letGo();
  expect((await holder.done).code).toBe(0);
  expect(await registeredIds(root)).toEqual(['held']);
  expect(await branches(room, root)).toEqual(['main', 'wt/held']);
  expect(await findFaults(room, root)).toEqual([]);
});

test('a second signal ends the command at once, and the next command takes back what it left', async () => {
  const { room, root, letGo } = await makeSlowRepo();
  // git and its filter turn a deaf ear to the first signal, so that the command is still waiting for them.
  await room.git(
    root,
    'config',
    'filter.slow.smudge',
    `trap '' TERM INT; ${await room.git(root, 'config', 'filter.slow.smudge')}`,
  );
  const bin = path.join(room.dir, 'bin');
  await room.write(bin, {
    git: `#!/bin/sh\nPATH="\${PATH#*:}"\ncase " $* " in *" reset "*) trap '' TERM INT ;; esac\ngit "$@"\n`,
  });
  await chmod(path.join(bin, 'git'), 0o755);
  const create = startWt(room, root, ['create', 'x'], { env: { PATH: `${bin}:${room.env['PATH']}` }, group: true });
  await until(() => exists(path.join(room.dir, 'filtering')));
  create.kill('SIGTERM');
  create.kill('SIGINT'); // two of one kind could arrive as one
  expect((await create.done).code).toBe(130);
  const [journal] = await readdir(path.join(root, '.git', 'wt', 'journal'));
  expect(journal).toMatch(/\.json$/);

  // The git that nobody waits for any more still writes there, so the session is left to it.
  const { sessions } = await askWt<{ sessions: readonly { id: string; status: string }[] }>(room, root, ['list']);
  expect(sessions.map(({ id, status }) => `${id} ${status}`)).toEqual(['x busy']);
  await letGo();
  await untilGroupIsGone(create.pid);
  const next = await runWt(room, root, ['list']);
  expect(next).toMatchObject({ code: 0, stderr: 'wt: took back the interrupted create of x\n' });
  await expectNothingLeft(room, root);
  expect((await runWt(room, root, ['create', 'x'])).code).toBe(0);
});
