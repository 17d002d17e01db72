import { idSchema as id } from "@meanet/protocol";
import { MeanetError } from "@meanet/runtime";
import { z } from "zod";
import { rangeOptions, readRange, type TimeRange } from "../time-range.ts";

const MAX_THRESHOLDS = 1000;
/** Steps of the grid when none is given: about as many. */
const DEFAULT_STEPS = 20;

const grid = z.string().refine((text) => readGrid(text) !== undefined, {
  error: ({ input }) =>
    `expected thresholds in nats as from:to:step such as "0:4.6:0.2", or a list such as "0.2,0.5,1", at most ${MAX_THRESHOLDS}, received ${JSON.stringify(input)}`,
});

/** Options of a what-if, as they stand in a URL or on a command line. */
export const whatIfOptionsSchema = z.strictObject({
  ...rangeOptions("1h"),
  grid: grid
    .optional()
    .describe("thresholds, nats: from:to:step, or a list; default from 0 to the highest entropy recorded"),
  edge: id.optional().describe("frames of this edge node only"),
  device: id.optional().describe("frames of this device only"),
  site: id.optional().describe("frames of this site only"),
  model: z
    .string()
    .max(128)
    .optional()
    .describe("frames of this bundle only, name@version: entropies of two do not compare"),
});
export type WhatIfOptions = z.input<typeof whatIfOptionsSchema>;

/** A what-if with its options resolved. */
export interface ResolvedWhatIf extends TimeRange {
  readonly grid: readonly number[] | undefined;
  /** By column of `verdict`. */
  readonly place: Readonly<Record<"edge" | "device" | "site" | "model", string | undefined>>;
}

/** @throws {MeanetError} QUERY_INVALID */
export function resolveWhatIf(options: Readonly<Record<string, unknown>>, now: number): ResolvedWhatIf {
  const parsed = whatIfOptionsSchema.safeParse(options);
  if (!parsed.success) {
    throw new MeanetError("QUERY_INVALID", `what if: ${z.prettifyError(parsed.error)}`);
  }
  const { edge, device, site, model } = parsed.data;
  return {
    ...readRange("what if", parsed.data, now),
    grid: parsed.data.grid === undefined ? undefined : readGrid(parsed.data.grid),
    place: { edge, device, site, model },
  };
}

/** From 0 to `highest` in steps of 1, 2 or 5 of a power of ten. */
export function defaultGrid(highest: number): number[] {
  if (highest <= 0) return [0];
  const raw = highest / DEFAULT_STEPS;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].find((factor) => factor * power >= raw * (1 - 1e-9))! * power;
  return steps(0, Math.ceil(highest / step - 1e-9) * step, step);
}

/** Rising, each once. */
function readGrid(text: string): number[] | undefined {
  const [from, to, step, ...more] = text.split(":").map(readNumber);
  if (from !== undefined && to !== undefined && step !== undefined && more.length === 0) {
    const fits = step > 0 && to >= from && (to - from) / step < MAX_THRESHOLDS;
    return fits ? steps(from, to, step) : undefined;
  }
  const list = text.split(",").map(readNumber);
  if (list.length > MAX_THRESHOLDS) return undefined;
  const numbers = list.filter((number) => number !== undefined);
  return numbers.length === list.length ? [...new Set(numbers)].sort((a, b) => a - b) : undefined;
}

/** Numbers of at least 0. */
function readNumber(text: string): number | undefined {
  return /^\s*\d*\.?\d+\s*$/.test(text) ? Number(text) : undefined;
}

/** To ten digits: sums of steps such as 0.2 drift. */
function steps(from: number, to: number, step: number): number[] {
  const count = Math.floor((to - from) / step + 1e-9) + 1;
  return Array.from({ length: count }, (_, index) => Number((from + index * step).toPrecision(10)));
}
