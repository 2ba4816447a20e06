import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compareUrl, findForge, parseRemoteAddress, type Forge, type ForgePlace } from '#src/git/forge.ts';

function placeOf(url: string, known?: Forge): ForgePlace | undefined {
  const address = parseRemoteAddress(url);
  return address === undefined ? undefined : findForge(address, known);
}

function compareFrom(url: string, known?: Forge): string | undefined {
  const place = placeOf(url, known);
  return place === undefined ? undefined : compareUrl(place, { base: 'main', head: 'wt/a' });
}

describe('the page to open a change request on', () => {
  const GITHUB = 'https://github.com/ada/shop/compare/main...wt/a?expand=1';
  const GITLAB = (root: string): string =>
    `${root}/-/merge_requests/new?merge_request%5Bsource_branch%5D=wt%2Fa&merge_request%5Btarget_branch%5D=main`;
  const CLOUD = 'https://bitbucket.org/ada/shop/pull-requests/new?source=wt%2Fa&dest=main';
  const STASH = (page: string): string =>
    `${page}/pull-requests?create&sourceBranch=refs%2Fheads%2Fwt%2Fa&targetBranch=refs%2Fheads%2Fmain`;
  const AZURE = 'https://dev.azure.com/org/My%20Project/_git/shop/pullrequestcreate?sourceRef=wt%2Fa&targetRef=main';

  test.each([
    ['https://github.com/ada/shop.git', GITHUB],
    ['https://github.com/ada/shop', GITHUB],
    ['https://github.com/ada/shop/', GITHUB],
    ['https://ada:ghp_secret@github.com/ada/shop.git', GITHUB],
    ['https://x-access-token:a@b@github.com/ada/shop.git', GITHUB],
    ['git@github.com:ada/shop.git', GITHUB],
    ['github.com:ada/shop', GITHUB],
    ['git@github.com-work:ada/shop.git', GITHUB],
    ['ssh://git@github.com/ada/shop.git', GITHUB],
    ['ssh://git@ssh.github.com:443/ada/shop.git', GITHUB],
    ['git+ssh://git@github.com/ada/shop.git', GITHUB],
    ['git://github.com/ada/shop.git', GITHUB],
    ['HTTPS://GitHub.com/ada/shop.git', GITHUB],
    [
      'https://github.corp.example:8443/ada/shop.git',
      'https://github.corp.example:8443/ada/shop/compare/main...wt/a?expand=1',
    ],
    ['git@gitlab.com:group/sub/shop.git', GITLAB('https://gitlab.com/group/sub/shop')],
    ['ssh://git@gitlab.corp.example:2222/group/shop.git', GITLAB('https://gitlab.corp.example/group/shop')],
    ['http://gitlab.local/group/shop.git', GITLAB('http://gitlab.local/group/shop')],
    ['git@bitbucket.org:ada/shop.git', CLOUD],
    ['https://ada@bitbucket.org/ada/shop.git', CLOUD],
    [
      'ssh://git@bitbucket.corp.example:7999/proj/shop.git',
      STASH('https://bitbucket.corp.example/projects/proj/repos/shop'),
    ],
    [
      'https://bitbucket.corp.example/scm/proj/shop.git',
      STASH('https://bitbucket.corp.example/projects/proj/repos/shop'),
    ],
    [
      'https://me@bitbucket.corp.example:8443/git/scm/~ada/shop.git',
      STASH('https://bitbucket.corp.example:8443/git/users/ada/repos/shop'),
    ],
    ['https://codeberg.org/ada/shop.git', 'https://codeberg.org/ada/shop/compare/main...wt/a'],
    ['ssh://git@gitea.example:3022/ada/shop.git', 'https://gitea.example/ada/shop/compare/main...wt/a'],
    ['https://org@dev.azure.com/org/My%20Project/_git/shop', AZURE],
    ['git@ssh.dev.azure.com:v3/org/My%20Project/shop', AZURE],
    ['https://org.visualstudio.com/DefaultCollection/My%20Project/_git/shop', AZURE],
    ['org@vs-ssh.visualstudio.com:v3/org/My%20Project/shop', AZURE],
    [
      'https://dev.azure.com/org/_git/shop',
      'https://dev.azure.com/org/shop/_git/shop/pullrequestcreate?sourceRef=wt%2Fa&targetRef=main',
    ],
  ])('of %s', (url, page) => {
    expect(compareFrom(url)).toBe(page);
  });

  test.each([
    ['/srv/git/shop.git'],
    ['../shop.git'],
    ['./a:b/shop.git'],
    ['file:///srv/git/shop.git'],
    ['C:\\repos\\shop'],
    ['c:/repos/shop'],
    ['ext::sh -c whoami'],
    ['codecommit::eu-west-1://shop'],
    ['https://github.com/'],
    ['https://github.com/shop'],
    ['https://github.com/a/b/c'],
    ['https://'],
    ['git@host'],
    [''],
    ['https://git.corp.example/ada/shop.git'],
  ])('is unknown of %s', (url) => {
    expect(compareFrom(url)).toBe(undefined);
  });

  test('of a host that says nothing of itself needs to be told what it is', () => {
    const url = 'git@git.corp.example:ada/shop.git';
    expect(compareFrom(url, 'github')).toBe('https://git.corp.example/ada/shop/compare/main...wt/a?expand=1');
    expect(compareFrom(url, 'gitlab')).toBe(GITLAB('https://git.corp.example/ada/shop'));
  });

  test('names the owner of another copy that has the branch', () => {
    const place = placeOf('git@github.com:up/shop.git');
    expect(place && compareUrl(place, { base: 'main', head: 'wt/a', from: 'ada' })).toBe(
      'https://github.com/up/shop/compare/main...ada:wt/a?expand=1',
    );
  });

  test('takes any branch name as one, never as a part of the address', () => {
    const place = placeOf('git@github.com:ada/shop.git');
    expect(place && compareUrl(place, { base: 'a#b', head: 'x?y=1&z%2f é' })).toBe(
      'https://github.com/ada/shop/compare/a%23b...x%3Fy%3D1%26z%252f%20%C3%A9?expand=1',
    );
  });
});

const word = fc.stringMatching(/^[a-z][a-z0-9]{0,8}$/);
const secret = fc.stringMatching(/^SECRET[A-Z0-9@%:_-]{0,12}$/);

test('no credential of an address is ever in its page', () => {
  const forms = fc.constantFrom('https', 'http', 'ssh', 'git');
  fc.assert(
    fc.property(forms, secret, secret, word, word, (scheme, user, password, owner, name) => {
      const url = `${scheme}://${user}:${password}@github.com/${owner}/${name}.git`;
      const shown = JSON.stringify([placeOf(url), compareFrom(url)]);
      expect(shown).not.toContain('SECRET');
      expect(shown).toContain(
        `https://github.com/${owner}/${name}/compare`.replace('https', scheme === 'http' ? 'http' : 'https'),
      );
    }),
  );
});

test('every form of an address names the same repository', () => {
  fc.assert(
    fc.property(word, word, fc.constantFrom('', '.git', '/'), (owner, name, end) => {
      const forms = [
        `https://github.com/${owner}/${name}${end}`,
        `git@github.com:${owner}/${name}${end}`,
        `ssh://git@github.com:22/${owner}/${name}${end}`,
      ];
      expect(new Set(forms.map((url) => placeOf(url)?.repository))).toEqual(new Set([`${owner}/${name}`]));
    }),
  );
});

test('any text is taken apart or left alone, and what comes out is a web address of that very host', () => {
  fc.assert(
    fc.property(fc.string(), fc.constantFrom<Forge>('github', 'gitlab', 'bitbucket-server', 'gitea'), (text, forge) => {
      const address = parseRemoteAddress(text);
      const place = address === undefined ? undefined : findForge(address, forge);
      if (place === undefined) return;
      const { protocol, host } = new URL(compareUrl(place, { base: 'main', head: 'x' }));
      expect(['http:', 'https:']).toContain(protocol);
      expect(host).not.toBe('');
    }),
  );
});
