import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, expect, test } from 'vitest';
import { makeBench, type Bench } from '../support/wt.ts';

// Four sessions of one small web application, each with a server, a database and containers that nobody else may have.

/** Answers with what it was given; a port that is taken ends it. */
const WEB = `import { createServer } from 'node:http';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
const { WT_SESSION, WT_PORT_WEB, WT_PORT_DB, WT_DB, COMPOSE_PROJECT_NAME, SHARED, DATABASE_URL } = process.env;
// As a container engine refuses a project that is up, and a server a database that is there.
for (const name of [COMPOSE_PROJECT_NAME, WT_DB]) mkdirSync(SHARED + '/' + name);
const db = createServer((_, answer) => answer.end(WT_DB)).listen(Number(WT_PORT_DB), '127.0.0.1');
createServer((_, answer) => answer.end(JSON.stringify({ id: WT_SESSION, url: DATABASE_URL, secret: readFileSync('.env', 'utf8'), built: existsSync('built') })))
  .listen(Number(WT_PORT_WEB), '127.0.0.1', () => console.log('up'));
`;

const CONFIG = {
  ports: ['web', 'db'],
  env: { DATABASE_URL: 'postgres://localhost:{port.db}/{db}' },
  setup: { run: ['test -f .env && cp .env built'], envFile: '.env.session' },
  limits: { sessions: 4 },
};

const running: ChildProcess[] = [];
afterEach(() => {
  for (const child of running.splice(0)) child.kill('SIGKILL');
});

/** The server of a session, up. */
async function serve(bench: Bench, id: string, env: Record<string, string>): Promise<void> {
  const child = spawn('node', ['web.mjs'], { cwd: bench.at(id), env, stdio: ['ignore', 'pipe', 'inherit'] });
  running.push(child);
  const [text] = (await Promise.race([once(child.stdout, 'data'), once(child, 'exit')])) as [unknown];
  expect(String(text)).toBe('up\n');
}

test('four sessions run their servers side by side from one configuration, and a fifth is refused in words worth reading', async () => {
  const bench = await makeBench({
    'web.mjs': WEB,
    'wt.config.jsonc': JSON.stringify(CONFIG),
    '.worktreeinclude': '.env\n',
    '.gitignore': '.env*\nbuilt\n',
  });
  const { wt, data, room } = bench;
  await bench.write({ '.env': 'TOKEN=1\n' });
  await wt('trust', '--yes');
  const ids = ['login', 'search', 'cart', 'mail'];
  const created = await Promise.all(ids.map((id) => wt('create', id)));
  expect(created.map(({ code, stderr }) => ({ code, stderr }))).toEqual(
    ids.map(() => ({ code: 0, stderr: expect.any(String) })),
  );

  await room.write(room.dir, { 'shared/.keep': '' });
  const answers: unknown[] = [];
  for (const id of ids) {
    const { results } = await data<{ results: { stdout: string }[] }>('exec', id, '--', 'env');
    const lines = (results[0]?.stdout ?? '').split('\n').filter((line) => line.includes('='));
    const env = Object.fromEntries(
      lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
    );
    await serve(bench, id, { ...env, SHARED: `${room.dir}/shared` });
    answers.push(await (await fetch(`http://127.0.0.1:${env['WT_PORT_WEB']}/`)).json());
  }
  const { sessions } = await data<{ sessions: { id: string; ports: Record<string, number> }[] }>('list');
  const portsOf = (id: string): Record<string, number> => sessions.find((one) => one.id === id)?.ports ?? {};
  expect(new Set(sessions.flatMap(({ ports }) => Object.values(ports))).size).toBe(8);
  expect(answers).toEqual(
    ids.map((id) => ({
      id,
      url: `postgres://localhost:${portsOf(id)['db']}/app_${id}`,
      secret: 'TOKEN=1\n',
      built: true,
    })),
  );

  const { code, stderr } = await wt('create', 'fifth');
  expect(code).toBe(4);
  expect(stderr).toContain('limits.sessions');
  expect(stderr).toContain('4');
  expect(await bench.git('worktree', 'list')).not.toContain('fifth');
});
