/** Text as JSON, or undefined when it is none. */
export function parseJson(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? '');
  } catch {
    return undefined;
  }
}

/**
 * The members at the top of an object whose end is missing: those that are whole, texts, numbers, true, false and null; lists and
 * objects are passed over. Undefined: it is no object. Pure.
 */
export function parseJsonHead(text: string): Readonly<Record<string, unknown>> | undefined {
  if (!/^\s*\{/.test(text)) return undefined;
  const members: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
  const token =
    /\s*(?:("[^"\\]*(?:\\.[^"\\]*)*")|([{[])|([}\]])|([,:])|(-?\d[\d.eE+-]*|true|false|null)(?=[\s,}\]]))/gy;
  token.lastIndex = text.indexOf('{') + 1;
  let depth = 0;
  let key: string | undefined;
  for (let found = token.exec(text); found !== null; found = token.exec(text)) {
    const [, quoted, opens, closes, sign, plain] = found;
    if (opens !== undefined) depth++;
    else if (closes !== undefined) depth--;
    if (depth < 0) break;
    if (depth > 0) continue;
    if (sign === ',') key = undefined;
    const value = quoted ?? plain;
    if (value === undefined) continue;
    if (key !== undefined) members[key] = parseJson(value);
    else if (quoted !== undefined) key = String(parseJson(quoted));
  }
  return { ...members };
}
