const DAY_MS = 86_400_000;

/**
 * What to say where nothing was found: of which time, of what, and how to look further.
 *
 * @param what - `answers`
 * @param time - ms since 1970
 * @param only - what the question was limited to, by name: `{ edge: "edge-1" }`; undefined ones are left out
 */
export function nothingFound(
  what: string,
  { since, until }: { readonly since: number; readonly until: number },
  only: Readonly<Record<string, string | undefined>> = {},
): string {
  const limits = Object.entries(only).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name} ${JSON.stringify(value)}`],
  );
  const of = limits.length === 0 ? "" : ` of ${limits.join(", ")}`;
  const [from, to] = [since, until].map((moment) => new Date(moment).toISOString());
  const further = until - since < DAY_MS ? "; --since 1d looks further back" : "";
  return `no ${what}${of} from ${from} to ${to}${further}`;
}
