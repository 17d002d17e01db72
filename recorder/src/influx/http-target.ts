import type { InfluxConfig } from "../config.ts";
import { expiredPoints, InfluxRefusal, type PointTarget, type WriteOutcome } from "./influx-server.ts";
import { toLine } from "./line-protocol.ts";

type HttpConfig = Pick<InfluxConfig, "url" | "org" | "bucket" | "token" | "requestTimeout">;

/** How each version wants points: path, query and the word before the token. */
const versions = {
  2: {
    scheme: "Token",
    // No partial answers to ask for: what is fit is in, the answer tells of the rest.
    path: ({ org, bucket }: HttpConfig) =>
      `/api/v2/write?${queryOf({ org: org ?? "", bucket: bucket ?? "", precision: "ns" })}`,
    name: ({ org, bucket }: HttpConfig) => `/api/v2/${org}/${bucket}`,
    missing: ({ org, bucket }: HttpConfig) =>
      `there is no bucket ${bucket} in ${org}: influx bucket create --org ${org} --name ${bucket}`,
  },
  3: {
    scheme: "Bearer",
    path: ({ bucket }: HttpConfig) =>
      `/api/v3/write_lp?${queryOf({ db: bucket ?? "", precision: "nanosecond", accept_partial: "true" })}`,
    name: ({ bucket }: HttpConfig) => `/api/v3/${bucket}`,
    missing: ({ bucket }: HttpConfig) =>
      `there is no database ${bucket}: influxdb3 create database ${bucket}`,
  },
} as const;

/**
 * A bucket of InfluxDB 2 or a database of InfluxDB 3: the same points in the same line protocol, by a plain POST.
 *
 * @see https://docs.influxdata.com/influxdb/v2/api/write-data/
 * @see https://docs.influxdata.com/influxdb3/core/write-data/http-api/v3-write-lp/
 */
export function connectHttpTarget(version: 2 | 3, config: HttpConfig): PointTarget {
  const api = versions[version];
  const base = config.url.replace(/\/$/, "");
  return {
    name: base + api.name(config),
    async write(points) {
      const response = await fetch(base + api.path(config), {
        method: "POST",
        headers: {
          "content-type": "text/plain; charset=utf-8",
          ...(config.token === undefined ? {} : { authorization: `${api.scheme} ${config.token}` }),
        },
        body: points.map(toLine).join("\n"),
        signal: AbortSignal.timeout(config.requestTimeout),
      });
      return outcomeOf(version, response.status, (await response.text()).slice(0, 500).trim());
    },
    createDatabase: () => Promise.reject(new Error(api.missing(config))),
  };
}

/** @throws when the server does not let us in, has too much to do, or is in trouble: the same points may be taken later */
function outcomeOf(version: 2 | 3, status: number, body: string): WriteOutcome {
  if (status >= 200 && status < 300) return { kind: "written", expired: 0 };
  const expired = expiredPoints(body);
  if (expired !== undefined) return { kind: "written", expired };
  // In the words of 1.x and of 2: without the bucket or database, the answer is another.
  if (status === 404 && /\b(page|path) not found\b/.test(body))
    throw new InfluxRefusal(status, body, `this is no InfluxDB ${version}, check the URL and influx.version`);
  if (status === 404) return { kind: "no-database" };
  if (status === 400 || status === 413 || status === 422) return { kind: "refused", reason: body };
  const isToken = status === 401 || status === 403;
  throw new InfluxRefusal(status, body, isToken ? "check the token and its rights" : "its log may tell more");
}

function queryOf(parameters: Readonly<Record<string, string>>): string {
  return new URLSearchParams(parameters).toString();
}
