// What Unicode's tables are not needed for is done without them: the first use of any of them takes 5 to 10 ms.

/** The order of two texts by their code units, for `toSorted`: the same on every machine. */
export function byText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Letters without their accents, ligatures and wide letters as plain ones, where Unicode knows how (NFKD). */
export function withoutAccents(text: string): string {
  if (!/[^ -~]/.test(text)) return text;
  return text.normalize('NFKD').replaceAll(/[\u0300-\u036F]/g, '');
}
