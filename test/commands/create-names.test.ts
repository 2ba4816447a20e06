import { expect, test } from 'vitest';
import { failure, listing, picture } from '../support/listing.ts';
import { makeBench } from '../support/wt.ts';

const REFUSED: readonly (readonly [string, string])[] = [
  ['the parent folder', '..'],
  ['a path upwards', '../x'],
  ['a path upwards in the middle', 'a/../../x'],
  ['an absolute path', '/x'],
  ['the folder itself', '.'],
  ['a lock of git', 'a.lock'],
  ['a letter with an accent', 'é'],
  ['a text direction mark', 'a\u202Eb'],
  ['a NUL', 'a\0b'],
  ['a newline', 'a\nb'],
  ['an escape sequence', '\u001B[2Ja'],
  ['49 characters', 'a'.repeat(49)],
  ['40 hex digits', 'abcdef0123'.repeat(4)],
  ['a device of Windows', 'con'],
  ['a device of Windows in capitals', 'NUL'],
  ['a pseudo-ref', 'FETCH_HEAD'],
  ['HEAD', 'head'],
  ['nothing', ''],
  ['a space', 'a b'],
  ['a dash at the end', 'a-'],
  ['an underscore at the start', '_a'],
  ['a branch that ends with a slash', 'feature/'],
  ['a branch with an empty part', 'feature//x'],
  ['a branch with a dot at the start of a part', 'feature/.x'],
  ['a branch that ends with .lock', 'feature/x.lock'],
  ['a full ref name', 'refs/heads/x'],
  ['a branch with a reflog selector', 'feature/x@{1}'],
  ['a branch with a control character of the upper half', 'feature/\u009Bx'],
];

test.each(REFUSED)('an id that is %s is refused and nothing is made', async (_, id) => {
  const bench = await makeBench();
  const before = await listing(bench.room.dir);
  const { exit, code, changed } = await failure(bench, 'create', id);
  expect({ exit, changed }).toEqual({ exit: 2, changed: false });
  expect(['id.invalid', 'branch.invalid']).toContain(code);
  expect(await listing(bench.room.dir)).toEqual(before);
});

test.each([['-x'], ['--force'], ['--upload-pack=touch pwn']])(
  'an id that looks like a flag is refused: %s',
  async (id) => {
    const bench = await makeBench();
    const before = await listing(bench.room.dir);
    expect((await bench.wt('create', id)).code).toBe(2);
    expect((await bench.wt('create', '--', id)).code).toBe(2);
    expect(await listing(bench.room.dir)).toEqual(before);
  },
);

test.each([
  ['fix login', 'fix-login'],
  ['café', 'cafe'],
  ['a.lock', 'a-lock'],
  ['con', 's-con'],
  ['../x', 'x'],
  ['abcdef0123'.repeat(4), `s-${'abcdef0123'.repeat(4)}`],
  ['a'.repeat(60), 'a'.repeat(48)],
])('the proposal for %j is valid and works when it is run', async (id, proposal) => {
  const bench = await makeBench();
  const { fix, details } = await failure(bench, 'create', id);
  expect(details['proposal']).toBe(proposal);
  expect(fix).toEqual(['wt', 'create', proposal]);
  expect((await bench.wt('create', proposal)).code).toBe(0);
});

test.each([
  ['a'],
  ['A1'],
  ['a_b-c'],
  ['a'.repeat(48)],
  ['constructor'],
  ['__proto__x'.slice(2)],
  ['toString'],
  ['abcdef0123'.repeat(4).slice(1)],
])('%s is a good id', async (id) => {
  const bench = await makeBench();
  expect((await bench.wt('create', id)).code).toBe(0);
  const { sessions } = await bench.data<{ sessions: { id: string }[] }>('list');
  expect(sessions.map((one) => one.id)).toEqual([id]);
});

test.each([
  ['-x'],
  ['a..b'],
  ['a b'],
  ['HEAD'],
  ['@'],
  ['x.lock'],
  ['a\u202Eb'],
  ['x/'],
  ['/x'],
  ['a'.repeat(201)],
  ['0123456789'.repeat(4)],
])('a branch %j is refused and nothing is made', async (branch) => {
  const bench = await makeBench();
  const before = await picture(bench);
  expect((await bench.wt('create', 'a', `--branch=${branch}`)).code).toBe(2);
  expect(await picture(bench)).toEqual(before);
});
