import { type EdgeAnswer, stagesSchema } from "@meanet/protocol";
import type { Change, Value } from "../store/store.ts";
import type { TagGuard } from "./tag-guard.ts";

export interface Point {
  readonly measurement: "verdict" | "energy" | "node" | "training";
  readonly tags: Readonly<Record<string, string>>;
  readonly fields: Readonly<Record<string, string | number>>;
  /** Nanoseconds since 1970. */
  readonly timestamp: string;
}

type Row = Change["row"];

const verdictFields = [
  ...[
    "id",
    "journal",
    "seq",
    "supersedes",
    "label",
    "class_index",
    "confidence",
    "route",
    "cloud",
    "entropy",
  ],
  ...[
    "latency_ms",
    "queue_ms",
    "compute_ms",
    "energy_j",
    "uplink_j",
    "cloud_j",
    "energy_source",
    "uplink_bytes",
  ],
  ...["worker", "truth", "correct", "detail", "frame_bytes", "threshold", "extension_j"],
];

const trainingFields = [
  ...["run", "energy_j", "items", "epoch", "epochs", "loss", "accuracy", "images_per_s", "paused_ms"],
  ...["held_out_current", "held_out_candidate", "reference_current", "reference_candidate", "reason"],
];

/**
 * A row as a point. The same row gives the same measurement, tags and time however often it is sent, so that a point sent
 * twice, or again with a label, overwrites itself.
 */
export function toPoint({ table, row }: Change, guard: TagGuard): Point {
  switch (table) {
    case "verdict": {
      const fields = { ...pick(row, verdictFields), ...stageFields(row), ...edgeFields(row) };
      // A field has one type for ever, a truth may be a name or an index.
      if (fields.truth !== undefined) fields.truth = String(fields.truth);
      return point(
        "verdict",
        row,
        ["site", "edge", "device", "model", "exit", "outcome", "reason"],
        fields,
        guard,
      );
    }
    case "energy":
      return point(
        "energy",
        row,
        ["site", "node", "kind", "source"],
        pick(row, ["compute_j", "uplink_j", "uptime_s"]),
        guard,
      );
    case "training":
      return point("training", row, ["site", "node", "event", "model"], pick(row, trainingFields), guard);
    case "drop_count":
      return point("node", row, ["site", "node", "kind", "reason"], pick(row, ["dropped"]), guard);
    case "status":
      return point("node", row, ["site", "node", "kind"], pick(row, ["state", "version", "model"]), guard);
    case "node":
      return point(
        "node",
        row,
        ["site", "node", "kind"],
        { ...pick(row, ["uptime_s", "memory_bytes"]), ...counters(row, guard) },
        guard,
      );
  }
}

function point(
  measurement: Point["measurement"],
  row: Row,
  tagNames: readonly string[],
  fields: Record<string, string | number>,
  guard: TagGuard,
): Point {
  const tags = Object.fromEntries(tagNames.map((name) => [name, guard.value(name, String(row[name] ?? ""))]));
  return { measurement, tags, fields, timestamp: timestampOf(row) };
}

function pick(row: Row, names: readonly string[]): Record<string, string | number> {
  const fields: Record<string, string | number> = {};
  for (const name of names) {
    const value: Value | undefined = row[name];
    if (value !== null && value !== undefined) fields[name] = value;
  }
  return fields;
}

/** The edge's own answer beside the cloud's: 1 or 0, as `correct` is. */
function edgeFields({ edge_answer: json, class_index: classIndex }: Row): Record<string, number> {
  if (typeof json !== "string") return {};
  const edge = JSON.parse(json) as EdgeAnswer;
  return { edge_differs: Number(edge.classIndex !== classIndex), edge_complete: Number(edge.complete) };
}

/** `mainQueueMs` of the stages becomes the field `main_queue_ms`. */
const stageFieldName = (stage: string) => stage.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

export const stageFieldNames: readonly string[] = Object.keys(stagesSchema.shape).map(stageFieldName);

function stageFields({ stages }: Row): Record<string, number> {
  if (typeof stages !== "string") return {};
  const milliseconds = Object.entries(JSON.parse(stages) as Record<string, number>);
  return Object.fromEntries(milliseconds.map(([stage, ms]) => [stageFieldName(stage), ms]));
}

/** `frames` of the counters becomes the field `counter_frames`; names beyond the guard's limit share one field. */
function counters(row: Row, guard: TagGuard): Record<string, number> {
  const fields: Record<string, number> = {};
  for (const [column, prefix] of [
    ["counters", "counter"],
    ["queues", "queue"],
    ["exits", "exit"],
  ] as const) {
    const counts = JSON.parse(String(row[column] ?? "{}")) as Record<string, number>;
    for (const [name, count] of Object.entries(counts ?? {})) {
      const field = guard.value("field", `${prefix}_${name}`);
      fields[field] = (fields[field] ?? 0) + count;
    }
  }
  return fields;
}

const NS_PER_MS = 1_000_000;

/**
 * Milliseconds from the row, and below them a part that only this row has: points of one series and one moment would overwrite
 * each other. Rows of one journal count through the million nanoseconds of a millisecond, from a start of the journal's own;
 * two rows of different journals can only meet in one series after an edge lost its state, or as `other`, once in 10⁶.
 */
function timestampOf(row: Row): string {
  const { seq, journal, edge, site, epoch, at } = row;
  const offset =
    typeof seq === "number"
      ? (seq + hash(`${site}/${edge}/${journal}`)) % NS_PER_MS
      : Number(epoch ?? 0) % NS_PER_MS;
  return String(BigInt(Number(at)) * BigInt(NS_PER_MS) + BigInt(offset));
}

/** FNV-1a, 32 bits. @see http://www.isthe.com/chongo/tech/comp/fnv/ */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) {
    value = Math.imul(value ^ text.charCodeAt(index), 0x01000193);
  }
  return value >>> 0;
}
