import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { configSchema } from "../config.ts";
import { energyFigures, verdictFigures } from "../rollups/figures.ts";
import { latencyBoundsMs, latencyBuckets } from "../rollups/latency-buckets.ts";
import { influxDuration } from "./duration.ts";
import { measurements } from "./measurements.ts";
import { continuousQueries, nodeFields } from "./rollup-queries.ts";

export const schemaDocsPath = join(import.meta.dirname, "..", "..", "..", "docs", "reference", "influxdb.md");

/** `docs/reference/influxdb.md`, from the tables that points and queries are made of. `npm run docs:influxdb` writes it; a test holds both equal. */
export function renderSchemaDocs(): string {
  const { policies } = configSchema.parse({ influx: { url: "http://127.0.0.1:8086/meanet" } }).influx!;
  const { raw, minutes, hours, late } = policies;
  const names = { raw: raw.name, "1m": minutes.name, "1h": hours.name };
  const queries = continuousQueries({ database: "meanet", policies: names, lateMs: late });
  const first = latencyBuckets[0]!;
  const shown = queries.map(({ statement }) =>
    statement
      .replace(new RegExp(`, \\w+\\("${first}"\\) AS .*? INTO`), ", … INTO")
      .replace(/ (BEGIN|INTO|FROM|GROUP BY|END)/g, "\n  $1"),
  );
  return `# InfluxDB: what is written

Written by \`npm run docs:influxdb\` from the tables in \`recorder/src/influx/measurements.ts\` and \`recorder/src/rollups/figures.ts\`, which the points are made of.

Times are nanoseconds: the millisecond of the event, and below that a number of the row's own, so that no two points of a series have the same time. The same row gives the same
point however often it is sent; when a label comes later, the point is overwritten. A field without a value is left out; a tag without one is \`none\`. Ids and labels are fields, so the number of series stays
small; a tag with more values than \`influx.maxTagValues\` is written as \`other\` from then on, and that is counted. The type of a field is the same in InfluxDB 1, 2 and 3.

${Object.entries(measurements).map(renderMeasurement).join("\n\n")}

## Roll-ups (InfluxDB 1.x)

\`meanet recorder --provision\` makes these retention policies; names and durations are settings, \`influx.policies\`:

| policy | holds | kept |
|---|---|---|
| \`${raw.name}\`, the default | points as above | ${influxDuration(raw.keep)} |
| \`${minutes.name}\` | \`verdict\`, \`energy\` and \`node\` by the minute | ${influxDuration(minutes.keep)} |
| \`${hours.name}\` | the same by the hour | ${influxDuration(hours.keep)} |

A rolled-up point has the time at which its interval begins, and the same measurement and tags. SQLite has the same figures, as columns of \`verdict_1m\`,
\`verdict_1h\` and so on: \`drop_count\` has the drops of \`node\`, \`node\` the largest of memory and of each queue. Steps of trainings, other counters of nodes and their changes of state are kept in SQLite as rows only.

Of \`energy\` there are ${energyFigures.map((name) => `\`${name}\``).join(", ")}, added up: what a node used in any range of time. Of \`node\` there are:

| field | of the points of the interval |
|---|---|
${Object.entries(nodeFields)
  .map(([name, { description }]) => `| \`${name}\` | ${description} |`)
  .join("\n")}

And of \`verdict\`:

| field | type | of the verdicts of the interval |
|---|---|---|
${Object.entries(verdictFigures)
  .map(([name, { type, fold, description }]) => {
    const folded = fold === "max" ? "; of intervals joined, the largest" : "";
    return `| \`${name}\` | ${type === "INTEGER" ? "integer" : "float"} | ${description}${folded} |`;
  })
  .join("\n")}
| \`${first}\` … \`${latencyBuckets.at(-1)}\` | integer | histogram of latencies: verdicts below this bound and not below the one before |

Everything of \`verdict\` and \`energy\` adds up, so hours are made of minutes, and any range of either; the hours of \`node\` are made of points. Percentiles do not add up: those of an hour cannot be calculated from those of its minutes. So each interval keeps
a histogram of ${latencyBuckets.length} fixed buckets, ten bounds to the decade from ${latencyBoundsMs[0]} ms to ${latencyBoundsMs.at(-1)! / 1000} s (1, 1.25, 1.6, 2, 2.5, 3.15, 4, 5, 6.3, 8). A percentile is read from it at its exact rank, assuming that values lie evenly on a
logarithmic scale within their bucket. It lies in the right bucket, less than 28 % from the exact one. Counts, sums, means and the largest value are exact.

The queries run each minute and make each minute of the last ${influxDuration(late)} again (\`influx.policies.late\`), so that rows and labels that come so late still count. For what comes later, the recorder makes the minutes and hours that it belongs to again,
as soon as it has been sent. A recorder that is stopped in between forgets which; \`--provision\` makes all roll-ups again that the points allow. Points older than \`${raw.name}\` keeps no longer change anything.

\`\`\`sql
${shown.join(";\n\n")};
\`\`\`
`;
}

type MeasurementDocs = (typeof measurements)[keyof typeof measurements];

function renderMeasurement([name, measurement]: [string, MeasurementDocs]): string {
  const tags = Object.entries(measurement.tags).map(
    ([tag, meaning]) => `| \`${tag}\` | tag | | ${meaning} |`,
  );
  const fields = Object.entries(measurement.fields)
    .filter(([field]) => !latencyBuckets.includes(field))
    .map(
      ([field, { type, description, ...rest }]) =>
        `| \`${field}\` | ${type} | ${"unit" in rest ? rest.unit : ""} | ${description} |`,
    );
  if (name === "verdict")
    fields.push(
      `| \`${latencyBuckets[0]}\` … \`${latencyBuckets.at(-1)}\` | integer | | 1 in the one that the latency belongs to: below this bound and not below the one before |`,
    );
  const counted = "counted" in measurement ? Object.entries(measurement.counted) : [];
  const named = counted.map(([prefix, meaning]) => `| \`${prefix}…\` | float | | ${meaning} |`);
  return `## ${name}

${measurement.description[0]!.toUpperCase()}${measurement.description.slice(1)}.

| name | type | unit | meaning |
|---|---|---|---|
${[...tags, ...fields, ...named].join("\n")}`;
}

if (import.meta.main) writeFileSync(schemaDocsPath, renderSchemaDocs());
