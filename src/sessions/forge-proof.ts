import { mapLimit } from '../core/pool.ts';
import { findRef, refOfBranch } from '../git/ref.ts';
import { countChanges, hasChanges } from '../git/status.ts';
import type { Evidence } from '../landing/proof/proof.ts';
import { listRequests, type ChangeRequest } from './forge-program.ts';
import { findBasePlace, readPlace } from './forge-place.ts';
import type { Inspection } from './inspect.ts';
import { pickRemote, readRemoteSettings, settingOf, trackingRefOf, type RemoteSettings } from './remote.ts';
import type { RemoveFacts } from './remove.ts';
import type { Repo } from './repo.ts';

/** A merged change request of a session: the word of the forge. */
export interface MergedRequest {
  readonly proof: 'pull-request';
  readonly number: number;
  readonly url: string;
  /** Last commit of its branch when it was merged. */
  readonly tip: string;
}

/** Evidence of git's, or the word of the forge. */
export type AnyEvidence = Evidence | MergedRequest;

const FORGE_TIMEOUT_MS = 5000;
const AT_ONCE = 4;

/**
 * Which of these sessions their forge has merged, by index. Only those that have been pushed are asked about; one answer
 * that fails or takes longer than five seconds ends the asking, and nothing is proven then. Never an error.
 */
export async function findMergedRequests(
  repo: Repo,
  inspections: readonly Inspection[],
): Promise<readonly (MergedRequest | undefined)[]> {
  if (inspections.length === 0) return [];
  const settings = await readRemoteSettings(repo);
  let isOut = settings.remotes.length === 0;
  return mapLimit(inspections, AT_ONCE, async (inspection) => {
    if (isOut) return undefined;
    const answer = await askAbout(repo, settings, inspection);
    if (answer === 'no answer') isOut = true;
    return answer === 'no answer' ? undefined : answer;
  });
}

async function askAbout(
  repo: Repo,
  settings: RemoteSettings,
  { session, branch, status }: Inspection,
): Promise<MergedRequest | undefined | 'no answer'> {
  const { row } = session;
  if (branch === undefined || status === undefined || hasChanges(countChanges(status))) return undefined;
  const remote = remoteOf(settings, row);
  if (remote === undefined || !(await wasPushed(repo, settings, { remote, branch: row.branch }))) return undefined;
  const own = await readPlace(repo, remote, '--push');
  if (own === undefined) return undefined;
  const place = await findBasePlace(repo, { own, settings, base: row.base.branch ?? '', remote });
  const answer = await listRequests(repo, place, { head: row.branch, isMerged: true, timeoutMs: FORGE_TIMEOUT_MS });
  if (answer.kind === 'unavailable') return 'no answer';
  const merged = answer.value.find((one: ChangeRequest) => one.state === 'merged' && one.head === branch.commit);
  return merged === undefined
    ? undefined
    : { proof: 'pull-request', number: merged.number, url: merged.url, tip: branch.commit };
}

function remoteOf(
  settings: RemoteSettings,
  row: { readonly branch: string; readonly base: { readonly branch: string | null } },
): string | undefined {
  try {
    return pickRemote(settings, { named: undefined, branch: row.branch, base: row.base.branch });
  } catch {
    return undefined; // nothing says where it would have been pushed to
  }
}

/** By its upstream, which a push sets, or by what is kept of the remote; the remote's branch may be gone since. */
async function wasPushed(
  repo: Repo,
  settings: RemoteSettings,
  { remote, branch }: { remote: string; branch: string },
): Promise<boolean> {
  if (settingOf(settings, `branch.${branch}.merge`) === refOfBranch(branch)) return true;
  const tracking = trackingRefOf(settings, remote, refOfBranch(branch));
  return tracking !== undefined && (await findRef(repo.git, tracking)) !== undefined;
}

/** The facts as they are with that merge: nothing of the tip is unlanded. Uncommitted work, or another tip by now, leaves them. Pure. */
export function vouchFor(facts: RemoveFacts, merged: MergedRequest | undefined): RemoveFacts {
  const { tip, head, status } = facts;
  if (merged === undefined || facts.evidence !== undefined || tip !== merged.tip) return facts;
  if (head.commit !== null && head.commit !== tip) return facts;
  if (status === undefined || hasChanges(countChanges(status))) return facts;
  return { ...facts, evidence: merged, unlanded: { count: 0, subjects: [] } };
}
