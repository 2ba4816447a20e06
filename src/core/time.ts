const LAST_SECOND = 8_640_000_000_000;

/** Seconds since 1970 as ISO 8601 UTC; what lies beyond a date's range, as a forged commit may, is the nearest one. */
export function isoFromSeconds(seconds: number): string {
  const inRange = Math.min(Math.max(Number.isNaN(seconds) ? 0 : seconds, -LAST_SECOND), LAST_SECOND);
  return new Date(inRange * 1000).toISOString();
}

export function isoFromMs(ms: number): string {
  return new Date(ms).toISOString();
}

/** Milliseconds since 1970 of an ISO 8601 time. */
export function msOf(iso: string): number {
  return Date.parse(iso);
}

const UNITS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };

/** "90s", "30m", "12h", "7d", "2w" in milliseconds, or undefined. */
export function parseDuration(text: string): number | undefined {
  const [, digits, unit] = /^(\d{1,6})([smhdw])$/.exec(text) ?? [];
  const size = UNITS[unit ?? ''];
  return digits === undefined || size === undefined ? undefined : Number(digits) * size;
}

/** The later of a session's making and its last commit; ISO 8601 UTC. */
export function lastWork(view: { createdAt: string; head: { committedAt: string | null } | null }): string {
  const committedAt = view.head?.committedAt ?? '';
  return committedAt > view.createdAt ? committedAt : view.createdAt;
}
