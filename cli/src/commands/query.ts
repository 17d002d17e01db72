import { resolve } from "node:path";
import {
  connectInflux,
  InfluxRefusal,
  type QueryName,
  type QueryResult,
  queries,
  queryNames,
  queryOptionsSchema,
  runInfluxQuery,
  runQuery,
  serverVersion,
} from "@meanet/recorder";
import {
  isMeanetError,
  loadConfig,
  MeanetError,
  parseDurationMs,
  reasonOf,
  withoutSecret,
} from "@meanet/runtime";
import { Argument, Command } from "commander";
import { z } from "zod";
import { askRecorder, recordedSettings } from "../ask-recorder.ts";
import { addConfigOptions, configFlags } from "../config-options.ts";
import { nothingFound } from "../nothing-found.ts";
import { queryPlot } from "../query/plot.ts";
import { querySource, queryTable } from "../query/table.ts";

/** Intervals across a plot when none is asked for. */
const PLOT_INTERVALS = 60;
const INFLUX_TIMEOUT_MS = 10_000;
const DAY_MS = 86_400_000;

const queryConfigSchema = z.strictObject({
  ...queryOptionsSchema.shape,
  plot: z.boolean().default(false).describe("draw it over time; without --interval in sixty steps"),
  json: z.boolean().default(false).describe("print the answer as one JSON object"),
  ...recordedSettings,
  influx: z
    .string()
    .regex(
      /^https?:\/\/[^/@]+\/[^/@]+$/,
      "expected http://host:port/database, user and password apart from it",
    )
    .optional()
    .describe("ask this InfluxDB of version 1 instead, http://host:port/database"),
  influxUsername: z.string().optional().describe("user name at InfluxDB, if it asks for one"),
  influxPassword: z
    .string()
    .optional()
    .describe("password at InfluxDB; better in a variable or file than in a flag, which others can see"),
});
type QueryConfig = z.output<typeof queryConfigSchema>;

export function queryCommand(): Command {
  const command = new Command("query")
    .description("Asks the recorder's store what happened.")
    .addArgument(new Argument("<name>", "what to ask").choices(queryNames));
  addConfigOptions(command, "query", queryConfigSchema);
  const list = queryNames.map((name) => {
    const { description, by } = queries[name];
    return `  ${name.padEnd(13)} ${description} (by ${by.join(", ")})`;
  });
  return command.addHelpText("after", `\nQueries:\n${list.join("\n")}`).action(runQueryCommand);
}

async function runQueryCommand(name: QueryName, values: Record<string, unknown>): Promise<void> {
  const config = loadConfig("query", queryConfigSchema, {
    file: values.config as string | undefined,
    environment: process.env,
    flags: configFlags(queryConfigSchema, values),
  });
  const interval = config.interval ?? (config.plot ? plotInterval(config.since) : undefined);
  const result = await ask(name, config, interval);
  if (config.json) console.log(JSON.stringify(result));
  else if (config.plot && name !== "nodes") {
    const plot = queryPlot(name, result, parseDurationMs(interval!)!, process.stdout.isTTY === true);
    console.log(result.from === "raw" ? plot : `${plot}\n${querySource(result)}`);
  } else if (result.rows.length === 0) {
    console.log(nothingFound("rows", result, { site: config.site }));
  } else console.log(`${queryTable(result, process.stdout.isTTY === true)}\n${querySource(result)}`);
}

/** @throws {MeanetError} QUERY_INVALID, STORE_UNUSABLE, RECORDER_UNREACHABLE, CONFIG_INVALID for two places to ask */
async function ask(name: QueryName, config: QueryConfig, interval: string | undefined): Promise<QueryResult> {
  const { since, until, by, site, from, store, recorder, influx } = config;
  const options = {
    ...{ since, from },
    ...(until === undefined ? {} : { until }),
    ...(by === undefined ? {} : { by }),
    ...(site === undefined ? {} : { site }),
    ...(interval === undefined ? {} : { interval }),
  };
  if (recorder !== undefined) {
    if (influx !== undefined) {
      throw new MeanetError("CONFIG_INVALID", "query: recorder and influx are two places to ask: give one");
    }
    return (await askRecorder(recorder, `/query/${name}`, options)) as QueryResult;
  }
  if (influx === undefined) return runQuery(resolve(store), name, options);
  try {
    const [username, password] = [config.influxUsername, config.influxPassword];
    const server = connectInflux({ url: influx, username, password, requestTimeout: INFLUX_TIMEOUT_MS });
    return await runInfluxQuery(server, name, options);
  } catch (cause) {
    if (isMeanetError(cause)) throw cause;
    const [server, version] = [withoutSecret(influx), await serverVersion(influx, INFLUX_TIMEOUT_MS)];
    const reason = reasonOf(cause);
    throw new MeanetError(
      "STORE_UNUSABLE",
      /^v?[2-9]/.test(version ?? "")
        ? `InfluxDB at ${server} is of version ${version}, and named queries are written for version 1: ask the recorder's own database, which holds the same rows, with --store recorder.sqlite`
        : cause instanceof InfluxRefusal
          ? `InfluxDB at ${server} ${reason}`
          : `InfluxDB gives no answer at ${server} (${reason}): check that it runs, and the URL, http://host:port/database`,
      { influx: server, version },
      { cause },
    );
  }
}

/** @throws {MeanetError} QUERY_INVALID */
function plotInterval(since: string): string {
  const spanMs = parseDurationMs(since);
  if (spanMs === undefined) {
    throw new MeanetError("QUERY_INVALID", `--plot since ${since} needs an --interval, such as 1m`, {
      since,
    });
  }
  // Whole minutes or hours where the time is long, so that roll-ups can answer.
  const unitS = spanMs > 14 * DAY_MS ? 3600 : spanMs > DAY_MS / 4 ? 60 : 1;
  return `${Math.max(1, Math.ceil(spanMs / PLOT_INTERVALS / 1000 / unitS)) * unitS}s`;
}
