import { z } from "zod";

const oneCycle = z
  .strictObject({
    kind: z.literal("one-cycle"),
    peak: z.number().positive().describe("Learning rate at the end of the warm-up."),
    warmUp: z.number().min(0).max(0.9).default(0.2).describe("Share of all steps that the rate climbs."),
  })
  .describe("Climbs linearly from peak/25, then falls to 0 along half a cosine.");

const steps = z
  .strictObject({
    kind: z.literal("step"),
    rate: z.number().positive().describe("Learning rate of the first epochs."),
    milestones: z
      .array(z.int().positive())
      .describe("Epochs from which on the rate is a further `factor` of it."),
    factor: z.number().positive().max(1).default(0.1),
  })
  .describe("The schedule of the paper: constant, and cut at milestones.");

export const scheduleSchema = z.discriminatedUnion("kind", [oneCycle, steps]);
export type Schedule = z.infer<typeof scheduleSchema>;

/** A place in a training: the step within an epoch, both from 0. */
export interface StepPlace {
  readonly epoch: number;
  readonly step: number;
  readonly epochs: number;
  readonly stepsPerEpoch: number;
}

/** The learning rate of one step. */
export function learningRate(schedule: Schedule, { epoch, step, epochs, stepsPerEpoch }: StepPlace): number {
  if (schedule.kind === "step") {
    const passed = schedule.milestones.filter((milestone) => epoch >= milestone).length;
    return schedule.rate * schedule.factor ** passed;
  }
  const total = epochs * stepsPerEpoch;
  const done = epoch * stepsPerEpoch + step;
  const climb = schedule.warmUp * total;
  if (done < climb) {
    const start = schedule.peak / 25;
    return start + (schedule.peak - start) * (done / climb);
  }
  return (schedule.peak / 2) * (1 + Math.cos((Math.PI * (done - climb)) / (total - climb)));
}
