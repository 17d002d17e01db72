import assert from "node:assert/strict";

type Value = string | number | boolean | readonly string[];

/** A table of a Telegraf configuration, with the tables inside it in their order. */
export interface Table {
  readonly name: string;
  readonly values: Readonly<Record<string, Value>>;
  readonly tables: readonly Table[];
}

/** Reads as much of TOML as our configuration uses: tables, and strings, numbers, booleans or lists of strings on one line. */
export function readTables(text: string): Table[] {
  const root = { name: "", values: {} as Record<string, Value>, tables: [] as Table[] };
  const path = [root];
  for (const [index, raw] of text.split("\n").entries()) {
    const line = raw.trim();
    if (line === "" || line.startsWith("#")) continue;
    const [, name] = line.match(/^\[\[?([\w.]+)\]\]?$/) ?? [];
    if (name !== undefined) {
      while (path.length > 1 && !name.startsWith(`${path.at(-1)!.name}.`)) path.pop();
      const table = { name, values: {}, tables: [] };
      path.at(-1)!.tables.push(table);
      path.push(table);
      continue;
    }
    const [, key, value] = line.match(/^(\w+) = (".*"|\d+|true|false|\[".*"\])$/) ?? [];
    assert.ok(key !== undefined && value !== undefined, `line ${index + 1} is not understood: ${line}`);
    const { values } = path.at(-1)!;
    assert.ok(!(key in values), `line ${index + 1}: ${key} stands twice in ${path.at(-1)!.name}`);
    values[key] = JSON.parse(value) as Value;
  }
  return root.tables;
}

/** What stands at a path such as `energy.mainJ`. */
export function valueAt(payload: unknown, path: string): unknown {
  return path
    .split(".")
    .reduce<unknown>(
      (at, key) => (at === null || typeof at !== "object" ? undefined : (at as Record<string, unknown>)[key]),
      payload,
    );
}
