import type { EdgeAnswer } from "@meanet/protocol";
import { bucketOf, latencyBuckets } from "../rollups/latency-buckets.ts";
import type { Change, Row, Value } from "../store/store.ts";
import { fieldsOf, type MeasurementName, stageField, tagsOf } from "./measurements.ts";
import type { TagGuard } from "./tag-guard.ts";

export interface Point {
  readonly measurement: MeasurementName;
  readonly tags: Readonly<Record<string, string>>;
  readonly fields: Readonly<Record<string, string | number>>;
  /** Nanoseconds since 1970. */
  readonly timestamp: string;
}

/**
 * A row as a point. The same row gives the same measurement, tags and time however often it is sent, so that a point sent
 * twice, or again with a label, overwrites itself.
 */
export function toPoint({ table, row }: Change, guard: TagGuard): Point {
  switch (table) {
    case "verdict":
      return point("verdict", row, verdictFields(row), guard);
    case "energy":
    case "training":
      return point(table, row, pick(row, fieldsOf(table)), guard);
    case "drop_count":
      return point("node", row, pick(row, ["dropped"]), guard);
    case "status":
      return point("node", row, pick(row, ["state", "version", "model"]), guard);
    case "node":
      return point(
        "node",
        row,
        { ...pick(row, ["uptime_s", "memory_bytes"]), ...counters(row, guard) },
        guard,
      );
  }
}

function point(
  measurement: MeasurementName,
  row: Row,
  fields: Record<string, string | number>,
  guard: TagGuard,
): Point {
  // Only a node's points of drops have a reason.
  const names = tagsOf(measurement).filter(
    (name) => measurement !== "node" || name !== "reason" || "reason" in row,
  );
  const tags = Object.fromEntries(names.map((name) => [name, guard.value(name, String(row[name] ?? ""))]));
  return { measurement, tags, fields, timestamp: timestampOf(row) };
}

/** The columns, and one field for each thing that roll-ups count: all that continuous queries can do is add fields up. */
function verdictFields(row: Row): Record<string, string | number> {
  const fields = { ...pick(row, fieldsOf("verdict")), ...stageFields(row), ...edgeFields(row) };
  // A field has one type; a truth may be a name or an index.
  if (fields.truth !== undefined) fields.truth = String(fields.truth);
  if (Number(row.uplink_bytes) > 0) fields.sent = 1;
  if (Number(row.extension_j) > 0) fields.extended = 1;
  fields[latencyBuckets[bucketOf(Number(row.latency_ms))]!] = 1;
  return fields;
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

/** `mainQueueMs` of the stages becomes the field `main_queue_ms`. Their names are the protocol's, so there are few. */
function stageFields({ stages }: Row): Record<string, number> {
  if (typeof stages !== "string") return {};
  return Object.fromEntries(
    Object.entries(JSON.parse(stages) as Record<string, number>).map(([name, ms]) => [stageField(name), ms]),
  );
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
