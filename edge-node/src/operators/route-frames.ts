import type { Route } from "@meanet/protocol";
import { map, type OperatorFunction } from "rxjs";
import type { Classified, Routed } from "../stages.ts";

/**
 * Decides the way of each frame by the policy in force at that moment.
 *
 *     frames   --a-b-c-|
 *     out      --E-H-C-|      easy, hard, complex
 */
export function routeFrames(choose: (item: Classified) => Route): OperatorFunction<Classified, Routed> {
  return map((item) => ({ ...item, stage: "routed", route: choose(item) }));
}
