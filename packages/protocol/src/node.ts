import { z } from "zod";
import { id, nonNegative, timestamp } from "./scalars.ts";

export const nodeKinds = ["broker", "edge", "worker", "recorder", "flows", "bridge"] as const;
export type NodeKind = (typeof nodeKinds)[number];

/** Start of the process, milliseconds since 1970: the same in all it tells, so that another one tells of a restart. */
const processStart = timestamp;

/** Payload of `{node}/status`, retained. `offline` is the will: the node vanished; `stopped` is a clean stop. */
export const statusSchema = z.object({
  state: z.enum(["online", "offline", "stopped"]),
  kind: z.enum(nodeKinds),
  version: z.string().max(64),
  /** Name and version of each bundle it serves. */
  models: z.array(z.string().max(128)).max(64).readonly(),
  since: processStart,
});
export type Status = z.infer<typeof statusSchema>;

const counts = z.record(z.string().max(64), nonNegative);

/** Payload of `{node}/stats`, retained: counters since the start of the process, and what waits now. */
export const statsSchema = z.object({
  kind: z.enum(nodeKinds),
  at: timestamp,
  uptimeS: nonNegative,
  since: processStart.optional(),
  /** Counted since the start: `frames`, `verdicts`, `batches`, … */
  counters: counts,
  /** Frames lost or refused since the start, by reason. */
  drops: counts,
  /** Waiting now, by queue. */
  queues: counts,
  /** Resident memory of the process now. */
  memoryBytes: z.int().min(0).optional(),
  /** Final verdicts since the start, by exit (edge nodes only). */
  exits: z.object({ main: nonNegative, extension: nonNegative, cloud: nonNegative }).optional(),
  /** Answers since the start, by bundle in force, name and version (edge nodes only). */
  models: z.record(z.string().max(128), nonNegative).optional(),
  /** Last row of the journal (edge nodes only): shows the recorder rows it never saw. */
  journal: z.object({ journal: id, lastSeq: z.int().min(0) }).optional(),
});
export type Stats = z.infer<typeof statsSchema>;

/** Payload of `{node}/energy`: what a node used since its start. */
export const nodeEnergySchema = z.object({
  kind: z.enum(nodeKinds),
  at: timestamp,
  uptimeS: nonNegative,
  since: processStart.optional(),
  /** Since the start of the process. */
  computeJ: nonNegative,
  uplinkJ: nonNegative,
  /** Of the radio for thumbnails, beside `uplinkJ`: no frame needs one, so that no verdict bears it (edge nodes only). */
  thumbnailJ: nonNegative.optional(),
  /** `modelled:raspberry-pi-4`, `measured:rapl`. */
  source: z.string().max(64),
});
export type NodeEnergy = z.infer<typeof nodeEnergySchema>;

/** Payload of `{edge}/replay`: publish these rows of your journal again, both ends included. */
export const replaySchema = z
  .object({ journal: id, from: z.int().min(1), to: z.int().min(1) })
  .refine(({ from, to }) => from <= to, { message: "expected from <= to" });
export type Replay = z.infer<typeof replaySchema>;

/** Payload of `{device}/label/{id}`: the true class of a frame, by name or by index. */
export const labelSchema = z.object({ label: z.union([z.string().min(1).max(128), z.int().min(0)]) });
export type Label = z.infer<typeof labelSchema>;

/** Settings of an edge node that can be changed while it works. */
export const settings = [
  "threshold",
  "threshold-window",
  "policy",
  "deadline",
  "model",
  "learning",
  "train",
  "hard-classes",
] as const;
export type Setting = (typeof settings)[number];

/** Payload of `{edge}/state/{setting}`, retained: the value in force, and why the last wish was refused. */
export const settingStateSchema = z.object({
  value: z.union([z.string().max(4096), z.number()]),
  at: timestamp,
  /** Null when the last `set` was applied. */
  error: z.string().max(512).nullable(),
});
export type SettingState = z.infer<typeof settingStateSchema>;
