import type { EdgeAnswer } from "@meanet/protocol";
import type { Row, Value } from "../store/store.ts";
import { latencyBuckets } from "./latency-buckets.ts";

/** A number kept for each interval and series. Only what adds up: an hour is the sum of its minutes. */
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
    fold: "sum",
    type,
    description,
    of: (row) => number(row[column]),
    influxql: `sum("${column}")`,
  };
}

/** How many verdicts there are for which `counts` holds. */
function countOf(description: string, counts: (row: Row) => boolean, influxql: string): Figure {
  return { fold: "sum", type: "INTEGER", description, of: (row) => Number(counts(row)), influxql };
}

function edgeAnswer({ edge_answer: json }: Row): EdgeAnswer | undefined {
  return typeof json === "string" ? (JSON.parse(json) as EdgeAnswer) : undefined;
}

/** Kept of the verdicts of an interval, beside the histogram of latencies, by column in SQLite and field in InfluxDB. */
export const verdictFigures: Readonly<Record<string, Figure>> = {
  frames: countOf("verdicts", () => true, 'count("latency_ms")'),
  latency_sum_ms: sumOf("latency_ms", "REAL", "latencies added up, for the mean"),
  latency_max_ms: {
    fold: "max",
    type: "REAL",
    description: "largest latency",
    of: ({ latency_ms }) => number(latency_ms),
    influxql: 'max("latency_ms")',
  },
  energy_j: sumOf("energy_j", "REAL", "joules of compute at the edge"),
  uplink_j: sumOf("uplink_j", "REAL", "joules of upload"),
  cloud_j: sumOf("cloud_j", "REAL", "joules of compute in the cloud"),
  uplink_bytes: sumOf("uplink_bytes", "INTEGER", "bytes sent to the cloud"),
  sent: countOf(
    "verdicts with bytes sent to the cloud",
    ({ uplink_bytes }) => number(uplink_bytes) > 0,
    'sum("sent")',
  ),
  extension_j: sumOf("extension_j", "REAL", "of energy_j, adaptive and extension block"),
  extended: countOf(
    "verdicts for which these ran",
    ({ extension_j }) => number(extension_j) > 0,
    'sum("extended")',
  ),
  compared: countOf(
    "cloud answers beside which the edge's own is known",
    ({ edge_answer }) => typeof edge_answer === "string",
    'count("edge_differs")',
  ),
  different: countOf(
    "of these, the ones where it differs",
    (row) => (edgeAnswer(row)?.classIndex ?? row.class_index) !== row.class_index,
    'sum("edge_differs")',
  ),
  spared: countOf(
    "of these, the ones that the extension would have run for",
    (row) => edgeAnswer(row)?.complete === false,
    'count("edge_complete") - sum("edge_complete")',
  ),
  labelled: countOf(
    "verdicts whose true class is known",
    ({ correct }) => correct !== null && correct !== undefined,
    'count("correct")',
  ),
  correct: sumOf("correct", "INTEGER", "of these, the ones that are right"),
};

/** All figures of verdicts, in the order of their table: {@link verdictFigures}, then one count for each bucket of latency. */
export const verdictFigureNames: readonly string[] = [...Object.keys(verdictFigures), ...latencyBuckets];

/** Joules that a node used, by column in SQLite and field in InfluxDB: the same in points and in roll-ups. */
export const energyFigures = ["compute_used_j", "uplink_used_j", "thumbnail_used_j"] as const;
