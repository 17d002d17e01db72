import { reasonOf } from "@meanet/runtime";
import { FieldType, InfluxDB, type IPoint } from "influx";
import type { InfluxConfig } from "../config.ts";
import { fieldsOf, fieldType, tagsOf } from "./measurements.ts";
import type { Point } from "./point.ts";

/** How a request that reached the server ended. */
export type WriteOutcome =
  /** `expired`: points older than the server keeps, left out; more of the same would end no better. */
  | { readonly kind: "written"; readonly expired: number }
  /** Some or all points are unfit; the fit ones are in. */
  | { readonly kind: "refused"; readonly reason: string }
  | { readonly kind: "no-database" };

/** Where the forwarder sends points. */
export interface PointTarget {
  /** Server and database without credentials; names the forwarder's cursor. */
  readonly name: string;
  /** @throws when the server cannot be reached, fails, or does not let us in */
  write(points: readonly Point[]): Promise<WriteOutcome>;
  createDatabase(): Promise<void>;
}

export type InfluxAnswer = Awaited<ReturnType<InfluxDB["queryRaw"]>>;

/** One database of an InfluxDB 1.x server. */
export interface InfluxServer extends PointTarget {
  readonly database: string;
  /** InfluxQL, several statements apart by `;`. Times come in milliseconds. */
  query(influxql: string): Promise<InfluxAnswer>;
}

/** Without it the pool of `influx` blocks the server for a while after a failure, and fails requests without trying. */
const noBackoff = {
  getDelay: () => 0,
  next: () => noBackoff,
  reset: () => noBackoff,
};

const types = { string: FieldType.STRING, integer: FieldType.INTEGER, float: FieldType.FLOAT } as const;

/** Without a schema `influx` writes every number as a float. Measurements with fields that nodes name hold floats only. */
const schema = (["verdict"] as const).map((measurement) => ({
  measurement,
  tags: [...tagsOf(measurement)],
  fields: Object.fromEntries(
    fieldsOf(measurement).map((name) => [name, types[fieldType(measurement, name)]]),
  ),
}));

/** Of a server's answer, in logs and errors. */
const MAX_REASON = 500;

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
    database,
    name: `${protocol}//${hostname}:${port === "" ? 8086 : port}/${database}`,
    async write(points) {
      try {
        await client.writePoints(points as IPoint[], { precision: "n" });
        return { kind: "written", expired: 0 };
      } catch (error) {
        const status = statusOf(error);
        const reason = reasonOf(error).slice(0, MAX_REASON);
        const expired = expiredPoints(reason);
        if (status === 400 && expired !== undefined) return { kind: "written", expired };
        if (status === 404) return { kind: "no-database" };
        if (status === 400 || status === 413) return { kind: "refused", reason };
        throw withoutRequest(error);
      }
    },
    createDatabase: () => client.createDatabase(database).catch(throwWithoutRequest),
    query: (influxql) => client.queryRaw(influxql, { precision: "ms" }).catch(throwWithoutRequest),
  };
}

/**
 * Points left out because they are older than the server keeps. It says so only when all others are written: any other fault is reported
 * first.
 */
export function expiredPoints(reason: string): number | undefined {
  const [, dropped] = /points beyond retention policy dropped=(\d+)/.exec(reason) ?? [];
  return dropped === undefined ? undefined : Number(dropped);
}

/** HTTP status of a `RequestError`, which `influx` does not export. */
function statusOf(error: unknown): number | undefined {
  const { res } = error as { res?: { statusCode?: number } };
  return res?.statusCode;
}

const advice: Readonly<Record<number, string>> = {
  401: "check user name and password",
  403: "give this user the right, or name another",
};

/** The server answered and refused; the message says what to do. */
export class InfluxRefusal extends Error {
  constructor(status: number, reason: string, advice: string) {
    super(`answers ${status}, ${reason}: ${advice}`);
    this.name = "InfluxRefusal";
  }
}

/** A `RequestError` holds the whole request with user and password in its headers, which must not reach a log. */
function withoutRequest(error: unknown): unknown {
  const status = statusOf(error);
  if (status === undefined) return error;
  return new InfluxRefusal(
    status,
    saidBy(reasonOf(error).slice(0, MAX_REASON)),
    advice[status] ?? "its log may tell more",
  );
}

/** The error in the JSON of an answer, which `influx` wraps in words of its own. */
function saidBy(reason: string): string {
  const [, said] = /occurred: \{"error":(".*")\}\s*$/s.exec(reason) ?? [];
  if (said === undefined) return reason.trim();
  try {
    return String(JSON.parse(said));
  } catch {
    return reason.trim();
  }
}

function throwWithoutRequest(error: unknown): never {
  throw withoutRequest(error);
}
