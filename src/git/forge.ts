/** A remote's address, taken apart. Credentials are not among the parts: they are never shown. */
export interface RemoteAddress {
  readonly scheme: 'http' | 'https' | 'ssh' | 'git';
  /** In lower case, without a port. */
  readonly host: string;
  /** As given; undefined for the scheme's own. */
  readonly port: string | undefined;
  /** Without slashes around it and without `.git`. */
  readonly path: string;
}

export const FORGES = ['github', 'gitlab', 'bitbucket', 'bitbucket-server', 'gitea', 'azure'] as const;
export type Forge = (typeof FORGES)[number];

/** A repository on a forge. */
export interface ForgePlace {
  readonly forge: Forge;
  /** Host of its pages, with the port when that is not the scheme's own. */
  readonly host: string;
  /** Its pages' address, without a slash at the end. */
  readonly page: string;
  /** What its own program calls it: "owner/name", on GitLab with all groups. */
  readonly repository: string;
  /** User, organisation or group it belongs to. */
  readonly owner: string;
}

/** From any form that git takes (git-fetch(1), "GIT URLS"): a URL, or `[user@]host:path`. Undefined for folders and unknown schemes. Pure. */
export function parseRemoteAddress(url: string): RemoteAddress | undefined {
  const text = url.trim();
  if (/[\u0000-\u0020\u007f\\]/.test(text)) return undefined;
  return parseUrl(text) ?? parseScp(text);
}

function parseUrl(text: string): RemoteAddress | undefined {
  const [, name = '', authority = '', rest = ''] = /^([a-z][a-z0-9+]*):\/\/([^/?#]*)(\/[^?#]*)?/i.exec(text) ?? [];
  const scheme = SCHEMES[name.toLowerCase()];
  const place = /^(\[[0-9a-f:.]+\]|[^:]+)(?::(\d*))?$/i.exec(authority.slice(authority.lastIndexOf('@') + 1));
  if (scheme === undefined || place?.[1] === undefined) return undefined;
  const path = trimPath(rest);
  return path === '' ? undefined : { scheme, host: place[1].toLowerCase(), port: place[2] || undefined, path };
}

const SCHEMES: Readonly<Record<string, RemoteAddress['scheme']>> = {
  http: 'http',
  https: 'https',
  ssh: 'ssh',
  'git+ssh': 'ssh',
  'ssh+git': 'ssh',
  git: 'git',
};

/** `[user@]host:path`: the colon comes before any slash; a single letter before it is a disk of Windows. */
function parseScp(text: string): RemoteAddress | undefined {
  if (text.includes('://')) return undefined;
  const match = /^(?:[^@/:]+@)?(\[[0-9a-f:.]+\]|[^/:@[\]]{2,}):(?!:)(.+)$/i.exec(text);
  const path = trimPath(match?.[2] ?? '');
  return match?.[1] === undefined || path === ''
    ? undefined
    : { scheme: 'ssh', host: match[1].toLowerCase(), port: undefined, path };
}

function trimPath(path: string): string {
  return path
    .replace(/^\/+|\/+$/g, '')
    .replace(/\.git$/, '')
    .replace(/\/+$/, '');
}

/** Hosts that only carry git over ssh, or over ssh on the port of https, and whose pages lie elsewhere. */
const PAGES: Readonly<Record<string, string>> = {
  'ssh.github.com': 'github.com',
  'www.github.com': 'github.com',
  'altssh.gitlab.com': 'gitlab.com',
  'altssh.bitbucket.org': 'bitbucket.org',
};

/** The forge a host is known to be, or to say of itself in its name. Pure. */
export function forgeOfHost(host: string): Forge | undefined {
  if (host === 'bitbucket.org') return 'bitbucket';
  if (host === 'dev.azure.com' || host === 'ssh.dev.azure.com' || host.endsWith('.visualstudio.com')) return 'azure';
  if (host === 'codeberg.org') return 'gitea';
  const named: readonly (readonly [RegExp, Forge])[] = [
    [/\bgithub\b/, 'github'],
    [/\bgitlab\b/, 'gitlab'],
    [/\b(?:bitbucket|stash)\b/, 'bitbucket-server'],
    [/\b(?:gitea|forgejo)\b/, 'gitea'],
  ];
  return named.find(([pattern]) => pattern.test(host))?.[1];
}

/** `github.com-work` is how people name a second ssh key for one forge in their ssh configuration. */
function pagesOf({ scheme, host }: RemoteAddress): string {
  const alias = /^(github\.com|gitlab\.com|bitbucket\.org|codeberg\.org)-[\w.-]+$/.exec(host)?.[1];
  return PAGES[host] ?? (scheme === 'ssh' && alias !== undefined ? alias : host);
}

/** Where the repository of an address lives on its forge; `known` is for a host whose name does not tell. Undefined when nothing fits. Pure. */
export function findForge(address: RemoteAddress, known?: Forge): ForgePlace | undefined {
  const host = pagesOf(address);
  const forge = known ?? forgeOfHost(host);
  // A web address keeps its own port and scheme; a port of ssh says nothing of where the pages are.
  const isWeb = address.scheme === 'http' || address.scheme === 'https';
  const port = isWeb && address.port !== undefined ? `:${address.port}` : '';
  const root = `${address.scheme === 'http' ? 'http' : 'https'}://${host}${port}`;
  if (forge === undefined) return undefined;
  if (forge === 'azure') return azurePlace(address);
  const parts = address.path.split('/');
  if (forge === 'bitbucket-server') return stashPlace(root, `${host}${port}`, parts);
  if (parts.length < 2 || (forge !== 'gitlab' && forge !== 'gitea' && parts.length !== 2)) return undefined;
  return {
    forge,
    host: `${host}${port}`,
    page: `${root}/${encodePath(address.path)}`,
    repository: address.path,
    owner: parts.slice(0, -1).join('/'),
  };
}

/** Bitbucket's own server: https has "scm/" before the project, and may lie below another path; "~name" is a person's own. */
function stashPlace(root: string, host: string, parts: readonly string[]): ForgePlace | undefined {
  const scm = parts.lastIndexOf('scm');
  const [project, name, ...more] = parts.slice(scm + 1);
  if (project === undefined || name === undefined || more.length > 0) return undefined;
  const above = scm <= 0 ? '' : `/${encodePath(parts.slice(0, scm).join('/'))}`;
  const where = project.startsWith('~') ? `users/${encodePath(project.slice(1))}` : `projects/${encodePath(project)}`;
  return {
    forge: 'bitbucket-server',
    host,
    page: `${root}${above}/${where}/repos/${encodePath(name)}`,
    repository: `${project}/${name}`,
    owner: project,
  };
}

/** https has "_git/" before the repository, ssh "v3/" before the organisation; older addresses have that in the host. */
function azurePlace({ host, path }: RemoteAddress): ForgePlace | undefined {
  const parts = path.split('/').map(decode);
  const isSsh = parts[0] === 'v3';
  const old = host.endsWith('.visualstudio.com') && !isSsh ? host.slice(0, -'.visualstudio.com'.length) : undefined;
  const [organisation, ...rest] = isSsh ? parts.slice(1) : old === undefined ? parts : [old, ...parts];
  const words = rest.filter((word, i) => word !== '_git' && !(i === 0 && word === 'DefaultCollection'));
  const [project, name = project] = words;
  if (organisation === undefined || project === undefined || name === undefined || words.length > 2) return undefined;
  const encoded = [organisation, project, '_git', name].map((word) => encodeURIComponent(word)).join('/');
  return {
    forge: 'azure',
    host: 'dev.azure.com',
    page: `https://dev.azure.com/${encoded}`,
    repository: `${organisation}/${project}/${name}`,
    owner: organisation,
  };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** The page on which a person opens a change request from `head` to `base`. `from`: the owner of another copy that has the head. Pure. */
export function compareUrl(
  place: ForgePlace,
  { base, head, from }: { base: string; head: string; from?: string },
): string {
  const { page, forge } = place;
  const query = (pairs: Readonly<Record<string, string>>): string =>
    Object.entries(pairs)
      .map(([key, value]) => `${encodeURIComponent(key)}=${encodeURIComponent(value)}`)
      .join('&');
  const source = from === undefined ? head : `${from}:${head}`;
  switch (forge) {
    case 'github':
      return `${page}/compare/${encodePath(base)}...${encodePath(source)}?expand=1`;
    case 'gitea':
      return `${page}/compare/${encodePath(base)}...${encodePath(source)}`;
    case 'gitlab':
      return `${page}/-/merge_requests/new?${query({ 'merge_request[source_branch]': head, 'merge_request[target_branch]': base })}`;
    case 'bitbucket':
      return `${page}/pull-requests/new?${query({ source: head, dest: base })}`;
    case 'bitbucket-server':
      return `${page}/pull-requests?create&${query({ sourceBranch: `refs/heads/${head}`, targetBranch: `refs/heads/${base}` })}`;
    case 'azure':
      return `${page}/pullrequestcreate?${query({ sourceRef: head, targetRef: base })}`;
  }
}

/** Each part encoded, slashes and colons kept. */
function encodePath(path: string): string {
  return path
    .split('/')
    .map((part) => encodeURIComponent(part).replaceAll('%3A', ':').replaceAll('%7E', '~'))
    .join('/');
}
