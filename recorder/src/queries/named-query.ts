/** What a query can be split by; each is a column in SQLite and a tag in InfluxDB. */
export const groupings = ["device", "model", "exit", "edge", "site"] as const;
export type Grouping = (typeof groupings)[number];

/** What the runner puts into a statement. */
interface Slots {
  /** SQL: `at - at % 10000 AS time, device AS device,` or nothing. */
  readonly keys: string;
  /** SQL: names of the keys, for GROUP BY and PARTITION BY; a constant when there are none. */
  readonly by: string;
  /** Condition on time, and on the site where one is asked for. */
  readonly range: string;
  /** The same without the begin: for what was last heard of. */
  readonly before: string;
  /** InfluxQL: `GROUP BY time(10000ms), "device" fill(none)` or nothing. */
  readonly group: string;
  /** What stands behind FROM for a rolled-up table or measurement: `verdict_1m`, `"1m"."verdict"`. */
  readonly rolled: (of: string) => string;
}

/** The statements of a part, in both languages. */
export interface Statements {
  readonly sql: (slots: Slots) => string;
  readonly influxql: readonly ((slots: Slots) => string)[];
}

/** Rows of a query from one table, in both languages. The answers of several InfluxQL statements are joined by their keys. */
export interface Part extends Statements {
  /** Tags that make rows beside interval and grouping, by the name of their column. */
  readonly tags: Readonly<Record<string, string>>;
  /** Columns that are the same in all rows of this part. */
  readonly constants?: Readonly<Record<string, string>>;
  /** The tag that serves each grouping; those that are not named, this part does not have. Default: the tag of that name. */
  readonly groupTags?: Readonly<Partial<Record<Grouping, string>>>;
  /** The same from roll-ups. A query of which one part has none is always answered from rows. */
  readonly rollup?: Statements;
}

export interface NamedQuery {
  readonly description: string;
  readonly by: readonly Grouping[];
  /** Tells of one moment, the end: cannot be asked by interval. */
  readonly momentary?: true;
  /** Columns behind time and grouping. */
  readonly columns: readonly string[];
  readonly parts: readonly Part[];
}

export type Cell = string | number | null;

/** A row as a database gives it, by column. */
export type RawRow = Readonly<Record<string, Cell>>;
