const PLACE = /\{\{|\}\}|\{([^{}]*)\}/g;

/** Names that a template asks for and nobody knows. Pure. */
export function unknownNames(template: string, known: readonly string[]): readonly string[] {
  return [...template.matchAll(PLACE)].flatMap(([, name]) =>
    name === undefined || known.includes(name) ? [] : [name],
  );
}

/** Puts values in the places of a template, `{name}`; `{{` and `}}` stand for the braces themselves. Pure. */
export function fillTemplate(template: string, values: Readonly<Record<string, string>>): string {
  return template.replaceAll(PLACE, (place, name: string | undefined) =>
    name === undefined ? place.slice(1) : (values[name] ?? place),
  );
}
