/** Names that an InfluxQL statement mentions, without those it makes itself by AS. */
interface Mentioned {
  /** As they stand behind FROM, quotes and retention policy included. */
  readonly measurements: readonly string[];
  /** Of GROUP BY and of `WITH KEY`: these must be tags. */
  readonly tags: readonly string[];
  /** Everywhere else: fields or tags. */
  readonly columns: readonly string[];
}

export function mentionedIn(query: string): Mentioned {
  const text = query.replace(/'[^']*'/g, "''").replace(/(=~|!~)\s*\/[^/]*\//g, "$1 //");
  const aliases = new Set(quoted(/\bAS\s+"([^"]+)"/g, text));
  const measurements = quoted(/\bFROM\s+((?:"[^"]+"\.)?"[^"]+")/g, text);
  const groups = [...text.matchAll(/\bGROUP BY ([^)]*?(?:\([^)]*\))?[^()]*)/g)].map(
    ([, group = ""]) => group,
  );
  const tags = [
    ...groups.flatMap((group) => quoted(/"([^"]+)"/g, group)),
    ...quoted(/\bKEY = "([^"]+)"/g, text),
  ];
  const columns = quoted(/"([^"]+)"/g, text).filter(
    (name) =>
      !aliases.has(name) &&
      !measurements.some((measurement) => measurement.includes(`"${name}"`)) &&
      !tags.includes(name),
  );
  return { measurements, tags, columns };
}

function quoted(pattern: RegExp, text: string): string[] {
  return [...new Set([...text.matchAll(pattern)].map(([, name]) => name!))];
}
