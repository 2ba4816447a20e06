import { expect, test } from 'vitest';
import { listing } from '../support/listing.ts';
import { makeBench } from '../support/wt.ts';

const CONFIG = `{
  "ports": ["web"],
  "env": { "DATABASE": "{db}" },
  "setup": {
    "copy": [".env"],
    "run": [
      "npm ci",
      { "parallel": ["npm run build", { "name": "seed", "run": ["db", "seed", "{db}"] }] }
    ]
  },
  "teardown": { "run": "docker compose down" },
  "merge": { "gate": "npm test" }
}
`;

test('shows what would run for a new session, from which file and line, and that nothing of it is approved', async () => {
  const bench = await makeBench({ 'wt.config.jsonc': CONFIG, '.gtrconfig': '[hooks]\npostCreate = x\n', '.envrc': '' });
  const before = await listing(bench.root);
  const { code, stdout } = await bench.wt('setup', '--explain');
  expect(code).toBe(0);
  expect(stdout).toMatchInlineSnapshot(`
    "Set-up of a new session
    ! 6 commands of the repository: not approved, and none of them runs. wt trust

    - .gtrconfig is not used: the configuration of wt has a set-up of its own

    Files
      copy .env  (wt.config.jsonc)

    Commands
      setup  wt.config.jsonc:7 setup.run[0]
          npm ci
      setup (at the same time)  wt.config.jsonc:8 setup.run[1].parallel[0]
          npm run build
      setup seed (at the same time)  wt.config.jsonc:8 setup.run[1].parallel[1]
          ["db","seed","{db}"]
      teardown  wt.config.jsonc:11 teardown.run[0]
          docker compose down

    Gate
      npm test  wt.config.jsonc:12 merge.gate

    Ports
      web: leased when the session is created

    Variables
      WT_SESSION=ID
      WT_ID=ID
      WT_BRANCH=wt/ID
      WT_PATH=$ROOM/app/.worktrees/ID
      WT_MAIN=$ROOM/app
      WT_BASE=main
      WT_DB=app_id_4a96ed6
      COMPOSE_PROJECT_NAME=app-id
      DATABASE=app_id_4a96ed6

    Found
      .envrc: direnv loads it once you have allowed it for this folder: direnv allow <path of the session>
    "
  `);
  expect(await listing(bench.root)).toEqual(before);
});

test('knows the values of a session that is there, and that all of it is approved', async () => {
  const bench = await makeBench({ 'wt.config.jsonc': CONFIG });
  await bench.wt('trust', '--yes');
  await bench.wt('create', 'a', '--no-setup');
  const { explanation } = await bench.data<{ explanation: Record<string, unknown> }>('setup', 'a', '--explain');
  expect(explanation).toMatchObject({
    session: 'a',
    trust: 'approved',
    env: { WT_SESSION: 'a', WT_PATH: bench.at('a'), DATABASE: 'app_a' },
    gate: { line: 12, command: 'npm test' },
  });
  expect(await bench.data('setup', '--explain', { cwd: bench.at('a') })).toMatchObject({
    id: 'a',
    path: bench.at('a'),
  });
});

test('a repository with nothing in it is explained too', async () => {
  const bench = await makeBench();
  expect((await bench.wt('setup', '--explain')).stdout).toContain('there is nothing to approve');
  expect(await bench.data('setup', '--explain')).toMatchObject({ id: null, path: null });
});

test('what another tool’s file holds never reaches the terminal raw', async () => {
  const evil = JSON.stringify({ 'setup-worktree': ['echo \u001b]0;pwned\u0007 \u202e done', 'a\nb'] });
  const bench = await makeBench({ '.cursor/worktrees.json': evil });
  for (const argv of [
    ['setup', '--explain'],
    ['trust', '--dry-run'],
    ['create', 'a'],
  ]) {
    const { stdout, stderr } = await bench.wt(...argv, { columns: 80, color: 1 });
    const shown = `${stdout}${stderr}`;
    expect({ argv, isShown: shown.includes('pwned') }).toEqual({ argv, isShown: true });
    expect(shown).not.toMatch(/\u001b\]|\u0007|\u202e/);
  }
});
