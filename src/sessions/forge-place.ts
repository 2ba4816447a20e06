import { findForge, parseRemoteAddress, type ForgePlace, type RemoteAddress } from '../git/forge.ts';
import { askWhichForge } from './forge-program.ts';
import { settingOf, type RemoteSettings } from './remote.ts';
import type { Repo } from './repo.ts';

/** A remote's address as git uses it, with `insteadOf` done (git-remote(1)). */
async function readAddress(repo: Repo, remote: string, flags: readonly string[]): Promise<RemoteAddress | undefined> {
  const { stdout } = await repo.git(['remote', 'get-url', ...flags, '--', remote], { expect: [0, 2, 128] });
  return parseRemoteAddress(stdout.split('\n')[0] ?? '');
}

/** Where a remote's repository is, when its address tells. Nobody is asked. */
export async function readPlace(repo: Repo, remote: string, ...flags: string[]): Promise<ForgePlace | undefined> {
  const address = await readAddress(repo, remote, flags);
  return address === undefined ? undefined : findForge(address);
}

/** The same; of a host whose name does not tell, the programs that may be logged in there are asked. */
export async function findPlace(repo: Repo, remote: string, ...flags: string[]): Promise<ForgePlace | undefined> {
  const address = await readAddress(repo, remote, flags);
  if (address === undefined) return undefined;
  const place = findForge(address);
  if (place !== undefined) return place;
  const known = await askWhichForge(repo, address.host);
  return known === undefined ? undefined : findForge(address, known);
}

/** The base's own remote, when the branch is pushed to a copy of that on the same forge. */
export async function findBasePlace(
  repo: Repo,
  { own, settings, base, remote }: { own: ForgePlace; settings: RemoteSettings; base: string; remote: string },
): Promise<ForgePlace> {
  const upstream = settingOf(settings, `branch.${base}.remote`);
  const isApart = own.forge === 'github' || own.forge === 'gitea'; // the others name a copy by a number
  if (!isApart || upstream === undefined || upstream === remote || !settings.remotes.includes(upstream)) return own;
  const place = await readPlace(repo, upstream);
  return place?.forge === own.forge && place.host === own.host ? place : own;
}
