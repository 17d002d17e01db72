import { stagesSchema } from "@meanet/protocol";
import { latencyBuckets } from "../rollups/latency-buckets.ts";

/** InfluxDB fixes the type of a field with its first point, and refuses points of another type. */
type FieldType = "string" | "integer" | "float";

interface Field {
  readonly type: FieldType;
  readonly unit?: string;
  readonly description: string;
}

interface Measurement {
  readonly description: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly fields: Readonly<Record<string, Field>>;
  /** Fields named after what nodes count: prefix and meaning; all floats. */
  readonly counted?: Readonly<Record<string, string>>;
}

const text = (description: string): Field => ({ type: "string", description });
const integer = (description: string, unit?: string): Field =>
  unit === undefined ? { type: "integer", description } : { type: "integer", unit, description };
const float = (description: string, unit?: string): Field =>
  unit === undefined ? { type: "float", description } : { type: "float", unit, description };

/** `mainQueueMs` of a verdict's stages as the field `main_queue_ms`. */
export function stageField(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

const node = {
  site: "site of the node",
  node: "name of the node",
  kind: "edge, worker, broker, recorder, …",
};

/**
 * Every measurement, tag and field that is written: what points are made of, what type they have on the wire, and what the reference
 * in the documentation says.
 */
export const measurements = {
  verdict: {
    description: "one point per verdict: an answer, provisional or final, or a refusal",
    tags: {
      site: "site of the device",
      edge: "edge node that wrote the verdict",
      device: "device that sent the frame",
      model: "bundle that answered, name and version; `none` for a refusal",
      exit: "`main`, `extension` or `cloud`; `none` for a refusal",
      outcome: "`answered` (final), `provisional` (superseded by a later answer) or `refused`",
      reason: "why a frame was refused; `none` for an answer",
    },
    fields: {
      id: text("id of the frame"),
      journal: text("journal of the edge that the verdict is a row of"),
      seq: integer("number of the row in that journal"),
      supersedes: integer("row of the provisional verdict that this one replaces"),
      label: text("class that was answered"),
      class_index: integer("its index"),
      confidence: float("probability of that class", "0 to 1"),
      route: text("`easy`, `hard` or `complex`"),
      cloud: text("what became of asking the cloud"),
      entropy: float("of main's probabilities", "nat"),
      threshold: float("entropy above which a frame was complex", "nat"),
      latency_ms: float("from the frame's arrival at the edge to the verdict", "ms"),
      queue_ms: float("waiting for an engine at the edge", "ms"),
      compute_ms: float("share of engine time at the edge", "ms"),
      energy_j: float("compute at the edge", "J"),
      extension_j: float("of that, adaptive and extension block", "J"),
      extended: integer("1 when these ran"),
      uplink_j: float("upload to the cloud", "J"),
      cloud_j: float("compute in the cloud, not charged to the edge", "J"),
      energy_source: text("where the figure of the edge comes from: `modelled:…`, `measured:…`"),
      uplink_bytes: integer("sent to the cloud, all attempts", "B"),
      sent: integer("1 when anything was sent to the cloud"),
      frame_bytes: integer("the frame as it came", "B"),
      edge_differs: integer(
        "1 when the edge would have answered otherwise than the cloud did, 0 when the same",
      ),
      edge_complete: integer(
        "1 when the edge would have answered so without the cloud, 0 when the extension would have run first",
      ),
      worker: text("worker that answered"),
      truth: text("true class as it was told, name or index"),
      correct: integer("1 when the answer is the true class, 0 when not; none while it is unknown"),
      detail: text("of a refusal: what was wrong and what was expected"),
      ...Object.fromEntries(
        Object.keys(stagesSchema.shape).map((name) => [
          stageField(name),
          float(`stage \`${name}\` of the frame's way`, "ms"),
        ]),
      ),
      ...Object.fromEntries(
        latencyBuckets.map((name) => [
          name,
          integer("1 when the latency lies below this bound and not below the one before"),
        ]),
      ),
    },
  },
  energy: {
    description: "what a node used since its start",
    tags: { ...node, source: "where the figure comes from" },
    fields: {
      compute_j: float("compute since the start", "J"),
      uplink_j: float("upload since the start", "J"),
      thumbnail_j: float("radio for small pictures since the start, beside the upload of frames", "J"),
      compute_used_j: float("compute since the point before", "J"),
      uplink_used_j: float("upload since the point before", "J"),
      thumbnail_used_j: float("small pictures since the point before", "J"),
      uptime_s: float("since the start", "s"),
    },
  },
  node: {
    description: "what a node counts, its changes of state, and by reason what it dropped",
    tags: { ...node, reason: "why frames were dropped; only on points with `dropped`" },
    fields: {
      uptime_s: float("since the start of the node", "s"),
      memory_bytes: float("resident memory", "B"),
      state: text("`online`, `offline` or `stopped`; when it changes"),
      version: text("version of the node; with `state`"),
      model: text("bundles that it serves; with `state`"),
      dropped: float("what the counter of this reason grew by since the point before", "frames"),
    },
    counted: {
      counter_: "counted since the start of the node",
      queue_: "waiting now",
      exit_: "final answers of this exit since the start",
    },
  },
  training: {
    description: "steps of an edge node that learns",
    tags: {
      site: "site of the node",
      node: "name of the node",
      event: "`collected`, `started`, `epoch`, `accepted`, `refused`, `swapped`, `passed`, `rolled-back`, …",
      model: "bundle in force",
    },
    fields: {
      run: float("number of the training"),
      energy_j: float("used by this step", "J"),
      items: float(
        "labelled items; of `accepted` and `refused` those held out, of the end of a trial its frames",
      ),
      held_out: float("of these, held out: no training sees them"),
      epoch: float("epoch that ended; 0 for other events"),
      epochs: float("epochs of the training"),
      loss: float("mean of the epoch"),
      accuracy: float("of the edge's answers on held-out items, after the epoch", "0 to 1"),
      images_per_s: float("speed", "1/s"),
      paused_ms: float("time it gave way to frames", "ms"),
      held_out_current: float("accuracy on held-out items, extension in force", "0 to 1"),
      held_out_candidate: float("the same, candidate", "0 to 1"),
      held_out_won: float("held-out items that only the candidate answers rightly"),
      held_out_lost: float("and those that only the extension in force does"),
      reference_current: float("accuracy on reference frames, extension in force", "0 to 1"),
      reference_candidate: float("the same, candidate", "0 to 1"),
      reference_won: float("reference frames that only the candidate answers rightly"),
      reference_lost: float("and those that only the extension in force does"),
      disagreement_before: float(
        "of a trial in service: share of wrong answers, extension before, by labels and cloud",
        "0 to 1",
      ),
      disagreement_after: float("the same, extension on trial", "0 to 1"),
      latency_p99_ms: float(
        "of frames that the node answered without the cloud since the training began, 99 % were answered within",
        "ms",
      ),
      reason: text("why it was refused, failed or rolled back"),
    },
  },
} as const satisfies Readonly<Record<string, Measurement>>;

export type MeasurementName = keyof typeof measurements;

/** The field's type on the wire; fields that nodes name are floats. */
export function fieldType(measurement: MeasurementName, field: string): FieldType {
  const fields: Readonly<Record<string, Field>> = measurements[measurement].fields;
  return fields[field]?.type ?? "float";
}

export function tagsOf(measurement: MeasurementName): readonly string[] {
  return Object.keys(measurements[measurement].tags);
}

export function fieldsOf(measurement: MeasurementName): readonly string[] {
  return Object.keys(measurements[measurement].fields);
}
