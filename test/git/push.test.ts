import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parsePush, withoutCredentials } from '#src/git/push.ts';

const [A, B] = ['1'.repeat(40), '2'.repeat(40)];
const line = (flag: string, summary: string): string =>
  `To origin\n${flag}\trefs/heads/wt/a:refs/heads/wt/a\t${summary}\nDone\n`;

describe('the answer to a push', () => {
  test.each([
    ['*', '[new branch]', { kind: 'pushed', how: 'new', from: null, url: null }],
    [' ', `${A}..${B}`, { kind: 'pushed', how: 'moved', from: A, url: null }],
    ['+', `${A}...${B} (forced update)`, { kind: 'pushed', how: 'forced', from: A, url: null }],
    ['=', '[up to date]', { kind: 'pushed', how: 'same', from: null, url: null }],
    ['!', '[rejected] (non-fast-forward)', { kind: 'rejected' }],
    ['!', '[rejected] (fetch first)', { kind: 'rejected' }],
    ['!', '[rejected] (stale info)', { kind: 'rejected' }],
  ])('"%s" with %s is read', (flag, summary, report) => {
    expect(parsePush(line(flag, summary), '')).toEqual(report);
  });

  test.each([
    ['a refusal of the remote', line('!', '[remote rejected] (pre-receive hook declined)')],
    ['a protected branch', line('!', '[remote rejected] (protected branch hook declined)')],
    ['nothing', ''],
    ['something else', 'hello\n'],
  ])('%s is none to go by', (_, stdout) => {
    expect(parsePush(stdout, '')).toBe(undefined);
  });

  test.each([
    [
      'GitHub',
      "remote: \nremote: Create a pull request for 'wt/a' on GitHub by visiting:        \nremote:      https://github.com/ada/shop/pull/new/wt/a        \n",
      'https://github.com/ada/shop/pull/new/wt/a',
    ],
    [
      'GitLab',
      'remote: To create a merge request for wt/a, visit:\nremote:   https://gitlab.com/g/shop/-/merge_requests/new?merge_request%5Bsource_branch%5D=wt%2Fa\n',
      'https://gitlab.com/g/shop/-/merge_requests/new?merge_request%5Bsource_branch%5D=wt%2Fa',
    ],
    ['a page for something else', 'remote: read https://forge.example/terms\n', null],
    ['a page that the remote did not print', 'see https://forge.example/pull/new\n', null],
  ])('has the page of %s', (_, stderr, url) => {
    expect(parsePush(line('*', '[new branch]'), stderr)).toMatchObject({ url });
  });
});

test('no text keeps the credentials of an address', () => {
  const secret = fc.stringMatching(/^[A-Za-z0-9:@%._-]{1,20}$/);
  fc.assert(
    fc.property(fc.constantFrom('https', 'http', 'ssh'), secret, fc.string(), (scheme, password, around) => {
      const text = withoutCredentials(`fatal: '${scheme}://u:XX${password}XX@host/p' ${around.replaceAll('XX', '')}`);
      expect(text).not.toContain('XX');
      expect(text).toContain(`${scheme}://host/p`);
    }),
  );
  expect(withoutCredentials('mail ada@example.org about https://host/@x')).toBe(
    'mail ada@example.org about https://host/@x',
  );
});
