import { idSchema as id } from "@meanet/protocol";
import { durationMs, httpConfigSchema, timerMs } from "@meanet/runtime";
import { mqttConfigSchema } from "@meanet/session";
import { z } from "zod";
import { allowOriginsSchema } from "./http/origins.ts";
import { thumbnailsConfigSchema } from "./thumbnails/config.ts";

/** A retention policy of InfluxDB 1.x. @param what - it holds */
function policySchema(what: string, defaults: { readonly name: string; readonly keep: string }) {
  return z.strictObject({
    name: z
      .string()
      .regex(/^[A-Za-z0-9_.-]+$/, 'expected a name of letters, digits, "_", "." and "-"')
      .default(defaults.name)
      .describe(`retention policy of ${what}; --provision makes it`),
    keep: durationMs
      .refine((ms) => ms >= 3_600_000, "expected 1h or more: InfluxDB keeps nothing for less")
      .prefault(defaults.keep)
      .describe(`how long InfluxDB keeps ${what}; --provision sets it`),
  });
}

const influxSchema = z
  .strictObject({
    url: z
      .string()
      .describe(
        "InfluxDB: of version 1 server and database, http://127.0.0.1:8086/meanet, which is created when it does not exist; of 2 and 3 the server",
      ),
    version: z.literal([1, 2, 3]).default(1).describe("version of the server"),
    org: z.string().min(1).optional().describe("organisation, version 2"),
    bucket: z.string().min(1).optional().describe("bucket of version 2, database of version 3"),
    token: z
      .string()
      .min(1)
      .regex(/^[\x21-\x7e]+$/, "expected a token of visible characters, without spaces")
      .optional()
      .describe("token of version 2 or 3; better in a variable or file than in a flag, which others can see"),
    username: z.string().optional().describe("user name at InfluxDB 1"),
    password: z.string().optional().describe("password at InfluxDB 1"),
    batch: z.int().min(1).max(20_000).default(2000).describe("most points in one request"),
    requestTimeout: durationMs.prefault("10s").describe("time after which a request counts as failed"),
    retryWait: durationMs
      .prefault("500ms")
      .describe("wait after the first failure; doubles with each further one"),
    maxRetryWait: durationMs.prefault("30s").describe("longest wait between attempts"),
    maxTagValues: z
      .int()
      .min(1)
      .default(1000)
      .describe('distinct values a tag may take; what comes after them is written as "other"'),
    policies: z
      .strictObject({
        raw: policySchema("points", { name: "raw", keep: "7d" }).prefault({}),
        minutes: policySchema("roll-ups of a minute", { name: "1m", keep: "90d" }).prefault({}),
        hours: policySchema("roll-ups of an hour", { name: "1h", keep: "730d" }).prefault({}),
        late: durationMs
          .refine((ms) => ms >= 60_000, "expected 1m or more")
          .prefault("10m")
          .describe(
            "continuous queries make each minute again for this long; what comes later is rolled up when it is sent; --provision sets it",
          ),
      })
      .prefault({}),
  })
  .superRefine(({ url, version, org, bucket }, context) => {
    const wrong = (key: string, message: string) =>
      context.addIssue({ code: "custom", path: [key], message, input: undefined });
    if (version === 1) {
      if (!/^https?:\/\/[^/@]+\/[A-Za-z0-9_.-]+$/.test(url))
        wrong(
          "url",
          "expected server and database without credentials, such as http://127.0.0.1:8086/meanet",
        );
      return;
    }
    if (!/^https?:\/\/[^/@]+(\/[^?#@]*)?$/.test(url))
      wrong("url", "expected the server without credentials, such as http://127.0.0.1:8086");
    if (bucket === undefined)
      wrong(
        "bucket",
        `expected the ${version === 2 ? "bucket" : "database"} to write to, as version is ${version}`,
      );
    if (version === 2 && org === undefined)
      wrong("org", "expected the organisation of the bucket, as version is 2");
  });
export type InfluxConfig = z.output<typeof influxSchema>;

export const configSchema = z.strictObject({
  site: id.default("default").describe("site this recorder belongs to"),
  node: id.default("recorder").describe("name of this node, and client id at the broker"),
  record: z.enum(["own-site", "all-sites"]).default("own-site").describe("whose verdicts to record"),
  state: z.string().min(1).default(".meanet/recorder").describe("folder of the database recorder.sqlite"),
  statsInterval: timerMs.prefault("5s").describe("time between two publications of this node's stats"),
  persistentSession: z
    .boolean()
    .default(false)
    .describe(
      "let the broker queue everything while the recorder is away, not labels and steps of trainings alone: costs it memory, and verdicts come back by replay in any case",
    ),
  mqtt: mqttConfigSchema,
  http: httpConfigSchema.unwrap().extend({ allowOrigins: allowOriginsSchema }).prefault({}),
  intake: z
    .strictObject({
      limit: z
        .int()
        .min(1)
        .default(50_000)
        .describe("messages that may wait to be stored; more are dropped and counted"),
      batch: z.int().min(1).default(5000).describe("most messages in one transaction"),
    })
    .prefault({}),
  gaps: z
    .strictObject({
      wait: durationMs
        .prefault("1s")
        .describe(
          "wait before a gap is asked for, and after the first request; doubles with each further one",
        ),
      maxWait: durationMs.prefault("1m").describe("longest wait between two requests"),
      attempts: z
        .int()
        .min(1)
        .default(8)
        .describe("requests without any answer after which a gap counts as lost"),
      rangeSize: z.int().min(1).max(100_000).default(1000).describe("most rows in one request"),
    })
    .prefault({}),
  retention: z
    .strictObject({
      age: durationMs.prefault("30d").describe("rows recorded longer ago are deleted"),
      sizeMb: z
        .number()
        .positive()
        .default(2048)
        .describe("beyond this size of the database the oldest rows and roll-ups are deleted"),
      minutes: durationMs.prefault("90d").describe("roll-ups of one minute are kept this long"),
      hours: durationMs.prefault("730d").describe("roll-ups of one hour are kept this long"),
      checkInterval: timerMs.prefault("1m").describe("time between two checks of age and size"),
    })
    .prefault({}),
  thumbnails: thumbnailsConfigSchema,
  influx: influxSchema.optional(),
});
export type Config = z.output<typeof configSchema>;
