import { FieldType, InfluxDB, type IPoint } from "influx";
import type { InfluxConfig } from "../config.ts";
import { type Point, stageFieldNames } from "./point.ts";

/** How a request that reached the server ended. */
type WriteOutcome =
  | { readonly kind: "written" }
  /** Some or all points are unfit; the fit ones are in. */
  | { readonly kind: "refused"; readonly reason: string }
  | { readonly kind: "no-database" };

export type InfluxAnswer = Awaited<ReturnType<InfluxDB["queryRaw"]>>;

/** One database of an InfluxDB 1.x server. */
export interface InfluxServer {
  /** Server and database without credentials; names the forwarder's cursor. */
  readonly name: string;
  /** @throws when the server cannot be reached, is in trouble, or does not let us in */
  write(points: readonly Point[]): Promise<WriteOutcome>;
  createDatabase(): Promise<void>;
  /** InfluxQL, several statements apart by `;`. Times come in milliseconds. */
  query(influxql: string): Promise<InfluxAnswer>;
}

/** The pool of `influx` would otherwise shut the server out for a while after a failure, and fail without trying. */
const noBackoff = {
  getDelay: () => 0,
  next: () => noBackoff,
  reset: () => noBackoff,
};

/** Without a schema `influx` writes every number as a float; mean and sum want these as they are. A field that it does not name is an error. */
const schema = [
  {
    measurement: "verdict",
    tags: ["site", "edge", "device", "model", "exit", "outcome", "reason"],
    fields: {
      ...fieldsOf(FieldType.STRING, [
        "id",
        "journal",
        "label",
        "route",
        "cloud",
        "energy_source",
        "worker",
        "truth",
        "detail",
      ]),
      ...fieldsOf(FieldType.INTEGER, ["seq", "supersedes", "class_index", "uplink_bytes", "correct"]),
      ...fieldsOf(FieldType.INTEGER, ["frame_bytes", "edge_differs", "edge_complete"]),
      ...fieldsOf(FieldType.FLOAT, ["confidence", "entropy", "threshold"]),
      ...fieldsOf(FieldType.FLOAT, ["latency_ms", "queue_ms", "compute_ms", ...stageFieldNames]),
      ...fieldsOf(FieldType.FLOAT, ["energy_j", "extension_j", "uplink_j", "cloud_j"]),
    },
  },
];

export function connectInflux(
  config: Pick<InfluxConfig, "url" | "username" | "password" | "requestTimeout">,
): InfluxServer {
  const { protocol, hostname, port, pathname } = new URL(config.url);
  const database = pathname.slice(1);
  const client = new InfluxDB({
    protocol: protocol === "https:" ? "https" : "http",
    host: hostname.replace(/^\[|\]$/g, ""),
    port: port === "" ? 8086 : Number(port),
    database,
    ...(config.username === undefined ? {} : { username: config.username, password: config.password ?? "" }),
    schema,
    pool: { requestTimeout: config.requestTimeout, maxRetries: 0, backoff: noBackoff },
  });
  return {
    name: `${protocol}//${hostname}:${port === "" ? 8086 : port}/${database}`,
    async write(points) {
      try {
        await client.writePoints(points as IPoint[], { precision: "n" });
        return { kind: "written" };
      } catch (error) {
        const status = statusOf(error);
        if (status === 404) return { kind: "no-database" };
        if (status === 400 || status === 413) return { kind: "refused", reason: reasonOf(error) };
        throw error;
      }
    },
    createDatabase: () => client.createDatabase(database),
    query: (influxql) => client.queryRaw(influxql, { precision: "ms" }),
  };
}

function fieldsOf(type: FieldType, names: readonly string[]): Record<string, FieldType> {
  return Object.fromEntries(names.map((name) => [name, type]));
}

/** HTTP status of a `RequestError`, which `influx` does not export. */
function statusOf(error: unknown): number | undefined {
  const { res } = error as { res?: { statusCode?: number } };
  return res?.statusCode;
}

function reasonOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).slice(0, 500);
}
