import { idSchema as id, type TrainingEvent, trainingEvents } from "@meanet/protocol";
import { MeanetError } from "@meanet/runtime";
import { z } from "zod";
import { rangeOptions, readRange, type TimeRange } from "../time-range.ts";

const MAX_STEPS = 1000;

const events = z.string().refine((text) => text.split(",").every(isEvent), {
  error: ({ input }) =>
    `expected events with commas between them, of ${trainingEvents.join(", ")}, received ${JSON.stringify(input)}`,
});

/** Options of the history of trainings, as they stand in a URL. */
const trainingOptionsSchema = z.strictObject({
  ...rangeOptions("30d"),
  edge: id.optional().describe("steps of this edge node only"),
  site: id.optional().describe("steps of this site only"),
  events: events.optional().describe("steps of these kinds only, with commas between them"),
  latest: z
    .enum(["true", "false"])
    .default("false")
    .describe("true: the newest step of each kind alone, of each edge node and bundle"),
  limit: z.coerce.number().int().min(1).max(MAX_STEPS).default(100).describe("steps, the newest first"),
});
export type TrainingOptions = Readonly<Record<string, unknown>>;

/** A question for trainings with its options resolved. */
export interface ResolvedTrainings extends TimeRange {
  readonly edge: string | undefined;
  readonly site: string | undefined;
  readonly events: readonly TrainingEvent[];
  readonly latest: boolean;
  readonly limit: number;
}

/** @throws {MeanetError} QUERY_INVALID */
export function resolveTrainings(options: TrainingOptions, now: number): ResolvedTrainings {
  const parsed = trainingOptionsSchema.safeParse(options);
  if (!parsed.success) {
    throw new MeanetError("QUERY_INVALID", `trainings: ${z.prettifyError(parsed.error)}`);
  }
  const { edge, site, latest, limit } = parsed.data;
  const range = readRange("trainings", parsed.data, now);
  const chosen = parsed.data.events?.split(",").filter(isEvent) ?? trainingEvents;
  return { ...range, edge, site, events: chosen, latest: latest === "true", limit };
}

function isEvent(text: string): text is TrainingEvent {
  return trainingEvents.some((event) => event === text);
}
