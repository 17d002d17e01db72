import { MeanetError } from "@meanet/runtime/error";

const LIST_TIMEOUT_MS = 5_000;

/** A query that the recorder can be asked. */
export interface KnownQuery {
  readonly name: string;
  readonly description: string;
  /** What it can be split by. */
  readonly by: readonly string[];
  readonly columns: readonly string[];
}

/** A table: `rows[i][j]` belongs to `columns[j]`. */
export interface QueryTable {
  readonly query: string;
  /** Milliseconds since 1970; `until` does not count. */
  readonly since: number;
  readonly until: number;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (string | number | null)[])[];
}

/** @param recorder - `http://127.0.0.1:8082` @throws {MeanetError} CONFIG_INVALID, RECORDER_UNREACHABLE */
export async function listQueries(recorder: string | undefined): Promise<readonly KnownQuery[]> {
  return (await get(recorder, "/queries", AbortSignal.timeout(LIST_TIMEOUT_MS))) as readonly KnownQuery[];
}

/**
 * @param options - since, until, by, interval, as the recorder takes them
 * @throws {MeanetError} CONFIG_INVALID without a recorder; RECORDER_UNREACHABLE; QUERY_INVALID and QUERY_BUSY as the recorder says
 */
export async function askQuery(
  recorder: string | undefined,
  name: string,
  options: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<QueryTable> {
  const path = `/query/${encodeURIComponent(name)}?${new URLSearchParams(options).toString()}`;
  return (await get(recorder, path, signal)) as QueryTable;
}

async function get(recorder: string | undefined, path: string, signal: AbortSignal): Promise<unknown> {
  if (!recorder) {
    throw new MeanetError(
      "CONFIG_INVALID",
      "the connection names no recorder: give its URL, such as http://127.0.0.1:8082",
    );
  }
  const unreachable = (what: string, cause: unknown) =>
    new MeanetError(
      "RECORDER_UNREACHABLE",
      `${what}: check that it runs, and the URL`,
      { recorder },
      { cause },
    );
  const silent = `no answer from the recorder at ${recorder}`;
  const response = await fetch(`${recorder}${path}`, { signal }).catch((cause: unknown) => {
    throw unreachable(silent, cause);
  });
  const body: unknown = await response.json().catch((cause: unknown) => {
    const isElse = cause instanceof SyntaxError;
    throw unreachable(isElse ? `what answers at ${recorder} is no recorder` : silent, cause);
  });
  if (response.ok) return body;
  const { error, reason = `status ${response.status}` } = body as { error?: string; reason?: string };
  const code = error === "QUERY_INVALID" || error === "QUERY_BUSY" ? error : "RECORDER_UNREACHABLE";
  throw new MeanetError(code, `the recorder refused: ${reason}`, { recorder, path });
}
