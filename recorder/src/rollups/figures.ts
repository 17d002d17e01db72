import type { EdgeAnswer } from "@meanet/protocol";
import type { Row, Value } from "../store/store.ts";
import { latencyBuckets } from "./latency-buckets.ts";

/** A number kept of each interval and series. Whatever adds up, and nothing else: an hour is made of its minutes. */
export interface Figure {
  readonly fold: "sum" | "max";
  readonly type: "INTEGER" | "REAL";
  /** What a row of `verdict` contributes. */
  readonly of: (row: Row) => number;
  /** The same of the points of an interval, in InfluxQL. */
  readonly influxql: string;
  readonly description: string;
}

/** What keeps rolled-up verdicts apart: the tags that the points of InfluxDB bear as well. */
export const verdictTags = ["site", "edge", "device", "model", "exit", "outcome", "reason"] as const;
export const dropTags = ["site", "node", "kind", "reason"] as const;
export const energyTags = ["site", "node", "kind", "source"] as const;
/** A gauge is `memory_bytes`, or a queue: `queue_waiting`. */
export const gaugeTags = ["site", "node", "kind", "gauge"] as const;

const number = (value: Value | undefined) => Number(value ?? 0);

function sumOf(column: string, type: Figure["type"], description: string): Figure {
  return {
    ...{ fold: "sum", type, description },
    of: (row) => number(row[column]),
    influxql: `sum("${column}")`,
  };
}

function edgeAnswer({ edge_answer: json }: Row): EdgeAnswer | undefined {
  return typeof json === "string" ? (JSON.parse(json) as EdgeAnswer) : undefined;
}

/** Kept of the verdicts of an interval, beside the histogram of latencies, by column in SQLite and field in InfluxDB. */
export const verdictFigures: Readonly<Record<string, Figure>> = {
  frames: {
    ...{ fold: "sum", type: "INTEGER", description: "verdicts" },
    of: () => 1,
    influxql: 'count("latency_ms")',
  },
  latency_sum_ms: {
    ...{ fold: "sum", type: "REAL", description: "latencies added up, for the mean" },
    of: ({ latency_ms }) => number(latency_ms),
    influxql: 'sum("latency_ms")',
  },
  latency_max_ms: {
    ...{ fold: "max", type: "REAL", description: "largest latency" },
    of: ({ latency_ms }) => number(latency_ms),
    influxql: 'max("latency_ms")',
  },
  energy_j: sumOf("energy_j", "REAL", "joules of compute at the edge"),
  uplink_j: sumOf("uplink_j", "REAL", "joules of upload"),
  cloud_j: sumOf("cloud_j", "REAL", "joules of compute in the cloud"),
  uplink_bytes: sumOf("uplink_bytes", "INTEGER", "bytes sent to the cloud"),
  sent: {
    ...{ fold: "sum", type: "INTEGER", description: "verdicts with bytes sent to the cloud" },
    of: ({ uplink_bytes }) => Number(number(uplink_bytes) > 0),
    influxql: 'sum("sent")',
  },
  extension_j: sumOf("extension_j", "REAL", "of energy_j, adaptive and extension block"),
  extended: {
    ...{ fold: "sum", type: "INTEGER", description: "verdicts for which these ran" },
    of: ({ extension_j }) => Number(number(extension_j) > 0),
    influxql: 'sum("extended")',
  },
  compared: {
    ...{ fold: "sum", type: "INTEGER", description: "cloud answers beside which the edge's own is known" },
    of: ({ edge_answer }) => Number(typeof edge_answer === "string"),
    influxql: 'count("edge_differs")',
  },
  different: {
    ...{ fold: "sum", type: "INTEGER", description: "of these, the ones where it differs" },
    of: (row) => Number((edgeAnswer(row)?.classIndex ?? row.class_index) !== row.class_index),
    influxql: 'sum("edge_differs")',
  },
  spared: {
    ...{
      fold: "sum",
      type: "INTEGER",
      description: "of these, the ones that the extension would have run for",
    },
    of: (row) => Number(edgeAnswer(row)?.complete === false),
    influxql: 'count("edge_complete") - sum("edge_complete")',
  },
  labelled: {
    ...{ fold: "sum", type: "INTEGER", description: "verdicts whose true class is known" },
    of: ({ correct }) => Number(correct !== null && correct !== undefined),
    influxql: 'count("correct")',
  },
  correct: sumOf("correct", "INTEGER", "of these, the ones that are right"),
};

/** All figures of verdicts, in the order of their table: {@link verdictFigures}, then one count for each bucket of latency. */
export const verdictFigureNames: readonly string[] = [...Object.keys(verdictFigures), ...latencyBuckets];

/** Joules that a node used, by column in SQLite and field in InfluxDB: the same in points and in roll-ups. */
export const energyFigures = ["compute_used_j", "uplink_used_j", "thumbnail_used_j"] as const;
