const UNITS: Readonly<Record<string, number>> = {
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  tb: 1e12,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
  tib: 2 ** 40,
};

/** "500MB", "1.5 GB", "2GiB" in bytes, or undefined. Pure. */
export function parseSize(text: string): number | undefined {
  const [, digits, unit] = /^(\d{1,9}(?:\.\d{1,3})?)\s*([kmgt]?i?b)$/i.exec(text.trim()) ?? [];
  const factor = UNITS[(unit ?? '').toLowerCase()];
  if (digits === undefined || factor === undefined) return undefined;
  return Math.min(Math.round(Number(digits) * factor), Number.MAX_SAFE_INTEGER);
}
