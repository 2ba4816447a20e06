import * as fc from 'fast-check';
import { execFileSync } from 'node:child_process';
import { chmod, link, mkdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { parseEnv } from 'node:util';
import { describe, expect, test } from 'vitest';
import { formatBlock, placeBlock, quoteValue, writeEnvFile } from '#src/setup/env-file.ts';
import { gitOf } from '../support/deps.ts';
import { makeRoom, type Room } from '../support/room.ts';

const awkward = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 12 }),
  fc
    .array(
      fc.constantFrom("'", '"', '$', '`', '\\', ' ', '#', '!', 'é', 'a', '=', '$(id)', '${HOME}', '*', '~', '\n', '🎉'),
    )
    .map((parts) => parts.join('')),
);

interface Spot {
  readonly room: Room;
  readonly at: string;
  readonly write: (file: string, variables: Record<string, string>) => ReturnType<typeof writeEnvFile>;
}

async function makeSpot(): Promise<Spot> {
  const room = await makeRoom();
  const at = await room.repo('app', {
    'README.md': 'hello\n',
    '.gitignore': '.env*\n!.env.example\n',
    '.env.example': 'A=1\n',
  });
  const facts = {
    id: 'a',
    branch: 'wt/a',
    base: 'main',
    task: null,
    path: at,
    main: at,
    user: 'tess',
    createdAt: '2026-01-02T03:04:05.000Z',
    ports: {},
    taskFile: undefined,
  };
  return { room, at, write: (file, variables) => writeEnvFile({ facts, git: gitOf(room, at) }, file, variables) };
}

describe('a value', () => {
  test('that is written is read back the same by a shell and by a dotenv parser', async () => {
    const room = await makeRoom();
    const file = `${room.dir}/block.env`;
    let written = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(awkward, { minLength: 1, maxLength: 8 }), async (values) => {
        const variables = Object.fromEntries(values.map((value, i) => [`V${i}`, value]));
        const { text, left } = formatBlock(variables);
        await writeFile(file, text);
        const parsed = parseEnv(text);
        for (const [name, value] of Object.entries(variables)) {
          const isLeft = left.includes(name);
          expect(parsed[name]).toBe(isLeft ? undefined : value);
          if (isLeft) continue;
          written++;
          const script = `. "$1"; printf %s "$${name}"`;
          const env = { HOME: '/nowhere', PATH: process.env['PATH'] };
          expect(execFileSync('sh', ['-c', script, 'sh', file], { env, encoding: 'utf8' })).toBe(value);
        }
      }),
      { numRuns: 60 },
    );
    expect(written).toBeGreaterThan(50);
  });

  test.each([
    ['20010', '20010'],
    ['/a/b-c.d', '/a/b-c.d'],
    ['', "''"],
    ['a b', "'a b'"],
    ['$(id)', "'$(id)'"],
    ["it's", '"it\'s"'],
    ["it's $5", undefined],
    ['two\nlines', undefined],
    ['ends with \\', undefined],
  ])('%j is written as %j', (value, quoted) => {
    expect(quoteValue(value)).toBe(quoted);
  });
});

describe('the block', () => {
  test('leaves every byte around it as it is, and a second time changes nothing', () => {
    const around = fc.uint8Array({ maxLength: 40 }).filter((bytes) => !Buffer.from(bytes).includes('wt'));
    fc.assert(
      fc.property(
        around,
        around,
        fc.dictionary(fc.stringMatching(/^[A-Z]{1,5}$/), awkward),
        (before, after, values) => {
          const { text } = formatBlock(values);
          const first = placeBlock(Buffer.from(before), text);
          const whole = Buffer.concat([first ?? Buffer.alloc(0), Buffer.from(after)]);
          const { text: other } = formatBlock({ X: '1' });
          const second = placeBlock(whole, other);
          const gap = before.length === 0 || before.at(-1) === 10 ? [] : [10];
          expect(second).toEqual(Buffer.concat([before, Buffer.from(gap), Buffer.from(other), after]));
          expect(placeBlock(second ?? Buffer.alloc(0), other)).toEqual(second);
        },
      ),
    );
  });

  test('that was broken is not guessed at', () => {
    const { text } = formatBlock({ A: '1' });
    expect(placeBlock(Buffer.from(text.replace('# <<< wt\n', '')), text)).toBeUndefined();
  });
});

describe('the file', () => {
  test('is made for its owner only, and what was copied stays in front of the block', async () => {
    const { at, write } = await makeSpot();
    await writeFile(`${at}/.env.local`, 'SECRET=1\r\nPORT=3000');
    await chmod(`${at}/.env.local`, 0o644);
    expect(await write('.env.local', { WT_PORT: '20010' })).toEqual({ file: '.env.local', warnings: [] });
    const text = await readFile(`${at}/.env.local`, 'utf8');
    expect(text).toMatch(/^SECRET=1\r\nPORT=3000\n# >>> wt: .*\nWT_PORT=20010\n# <<< wt\n$/);
    const first = await stat(`${at}/.env.local`);
    expect(first.mode & 0o777).toBe(0o600);
    await write('.env.local', { WT_PORT: '20010' });
    expect((await stat(`${at}/.env.local`)).ino).toBe(first.ino);
    await write('.env.local', { WT_PORT: '20020' });
    expect(await readFile(`${at}/.env.local`, 'utf8')).toBe(text.replace('20010', '20020'));
  });

  test('of which another name is the main worktree’s is written anew, and that one stays as it is', async () => {
    const { room, at, write } = await makeSpot();
    await writeFile(`${room.dir}/main.env`, 'SECRET=1\n');
    await link(`${room.dir}/main.env`, `${at}/.env.local`);
    await write('.env.local', { A: '1' });
    expect(await readFile(`${room.dir}/main.env`, 'utf8')).toBe('SECRET=1\n');
  });

  test.each([
    ['.env.example', /git tracks it/],
    ['../outside.env', /inside of the session/],
    ['/tmp/outside.env', /inside of the session/],
    ['.git', /inside of the session/],
    ['sub/.GIT/config', /inside of the session/],
    ['linked.env', /symbolic link/],
    ['away/.env', /symbolic link/],
    ['folder', /no regular file/],
    ['README.md/.env', /no folder/],
  ])('%s is refused, and nothing is written', async (file, why) => {
    const { room, at, write } = await makeSpot();
    await mkdir(`${room.dir}/elsewhere`);
    await writeFile(`${room.dir}/target`, 'as it was');
    await symlink(`${room.dir}/target`, `${at}/linked.env`);
    await symlink(`${room.dir}/elsewhere`, `${at}/away`);
    await mkdir(`${at}/folder`);
    const failure = await write(file, { A: '1' }).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'path.unsafe', details: { reason: expect.stringMatching(why) as string } });
    expect(await readFile(`${room.dir}/target`, 'utf8')).toBe('as it was');
    expect(await room.git(at, 'status', '--porcelain', '--', '.env.example')).toBe('');
  });

  test('that git does not ignore is written with a warning, and so is a value that cannot be', async () => {
    const { write } = await makeSpot();
    const { warnings } = await write('values.txt', { GOOD: '1', BAD: 'a\nb', WT_TASK: 'two\nlines' });
    expect(warnings).toEqual([
      'git does not ignore values.txt, so it shows as a change and would be committed: add it to .gitignore',
      'BAD is not in values.txt: no notation of its value means the same to dotenv, docker compose and a shell',
    ]);
  });

  test('a task cannot end the block, nor bring a variable along', async () => {
    const { at, write } = await makeSpot();
    for (const task of ['x\n# <<< wt\nEVIL=1\n', "'; EVIL=1; '", '$(EVIL=1)']) {
      await write('.env', { WT_TASK: task, LAST: '1' });
      expect(parseEnv(await readFile(`${at}/.env`, 'utf8'))['EVIL']).toBeUndefined();
    }
    await write('.env', { LAST: '2' });
    expect(await readFile(`${at}/.env`, 'utf8')).toMatch(/^# >>> wt: .*\nLAST=2\n# <<< wt\n$/);
  });
});
