import { map, type OperatorFunction } from "rxjs";
import type { Classified, Routed } from "../stages.ts";

/** The route of a frame, and the threshold that chose it, if one did. */
export type Way = Pick<Routed, "route" | "threshold">;

/**
 * Chooses the route of each frame by the policy in force at that moment.
 *
 *     frames   --a-b-c-|
 *     out      --E-H-C-|      easy, hard, complex
 */
export function routeFrames(choose: (item: Classified) => Way): OperatorFunction<Classified, Routed> {
  return map((item) => ({ ...item, stage: "routed", ...choose(item) }));
}
