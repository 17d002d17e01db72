import { existsSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { connectInflux } from "@meanet/recorder";
import { reasonOf } from "@meanet/runtime";

const INFLUX_TIMEOUT_MS = 5_000;

/** What the recorder holds of a run. */
export interface StoredRows {
  /** The SQLite file. */
  readonly file: string;
  /** Final verdicts and refusals of this run. */
  readonly rows: number;
  /** Frames of this run without a row. */
  readonly missing: number;
  readonly influx?: {
    readonly url: string;
    readonly rows: number;
    readonly missing: number;
    /** Why it could not be asked. */
    readonly error?: string;
  };
}

export interface RunFilter {
  /** Verdicts written from this moment on, milliseconds since 1970. */
  readonly since: number;
  /** Begins the ids of all frames; empty for frames of devices of one's own. */
  readonly idPrefix: string;
}

/** Final rows in the recorder's SQLite file, read beside the recorder at work; one per frame id. */
export function sqliteRows(file: string, { since, idPrefix }: RunFilter): number {
  if (!existsSync(file)) return 0;
  const database = new DatabaseSync(file, { readOnly: true, timeout: 2_000 });
  try {
    const row = database
      .prepare(
        `SELECT count(DISTINCT device || '/' || id) AS frames FROM verdict
         WHERE at >= ? AND outcome <> 'provisional' AND substr(id, 1, ?) = ?`,
      )
      .get(since, idPrefix.length, idPrefix);
    return Number(row?.frames ?? 0);
  } finally {
    database.close();
  }
}

/** An InfluxDB of version 1, as `http://host:port/database`. */
export interface InfluxAccess {
  readonly url: string;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
}

/** Final rows in InfluxDB. */
export async function influxRows(access: InfluxAccess, { since, idPrefix }: RunFilter): Promise<number> {
  const ofRun = idPrefix === "" ? "" : ` AND "id" =~ /^${idPrefix}/`;
  const server = connectInflux({ ...access, requestTimeout: INFLUX_TIMEOUT_MS });
  const answer = (await server.query(
    `SELECT count("id") FROM "verdict" WHERE time >= ${since}ms AND "outcome" != 'provisional'${ofRun}`,
  )) as InfluxCounts;
  return answer.results[0]?.series?.[0]?.values[0]?.[1] ?? 0;
}

interface InfluxCounts {
  readonly results: readonly {
    readonly series?: readonly { readonly values: readonly [number, number][] }[];
  }[];
}

export interface AwaitRowsOptions extends RunFilter {
  readonly file: string;
  readonly influx: InfluxAccess | undefined;
  /** Frames that ended in a verdict or refusal. */
  readonly expected: number;
  readonly timeoutMs: number;
  /** Told once, when InfluxDB is waited for and cannot be asked. */
  readonly onInfluxAway?: ((reason: string) => void) | undefined;
}

/** Waits, within bounds, until the recorder holds a row of every frame; tells what it holds then. */
export async function awaitStoredRows(options: AwaitRowsOptions): Promise<StoredRows> {
  const deadline = performance.now() + options.timeoutMs;
  let told = false;
  while (true) {
    const stored = await look(options);
    const reason = stored.influx?.error;
    if (reason !== undefined && !told) {
      options.onInfluxAway?.(reason);
      told = true;
    }
    const complete = stored.missing === 0 && (stored.influx?.missing ?? 0) === 0;
    if (complete || performance.now() >= deadline) return stored;
    await new Promise((wake) => setTimeout(wake, 100));
  }
}

async function look({ file, influx, expected, ...filter }: AwaitRowsOptions): Promise<StoredRows> {
  const rows = sqliteRows(file, filter);
  const missing = Math.max(0, expected - rows);
  if (influx === undefined) return { file, rows, missing };
  // An InfluxDB that is away holds nothing that could be shown; the recorder keeps the rows for it.
  const { url } = influx;
  try {
    const forwarded = await influxRows(influx, filter);
    return {
      ...{ file, rows, missing },
      influx: { url, rows: forwarded, missing: Math.max(0, expected - forwarded) },
    };
  } catch (error) {
    return {
      ...{ file, rows, missing },
      influx: {
        url,
        rows: 0,
        missing: expected,
        error: reasonOf(error),
      },
    };
  }
}
