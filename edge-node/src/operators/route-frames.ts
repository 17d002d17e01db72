import { map, type OperatorFunction } from "rxjs";
import type { Classified, Routed } from "../stages.ts";

/** The way of a frame, and the threshold that chose it, if one did. */
export type Way = Pick<Routed, "route" | "threshold">;

/**
 * Decides the way of each frame by the policy in force at that moment.
 *
 *     frames   --a-b-c-|
 *     out      --E-H-C-|      easy, hard, complex
 */
export function routeFrames(choose: (item: Classified) => Way): OperatorFunction<Classified, Routed> {
  return map((item) => ({ ...item, stage: "routed", ...choose(item) }));
}
