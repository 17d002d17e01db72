import type { Route } from "@meanet/protocol";
import { z } from "zod";

/** For messages: how a policy is written. */
export const POLICY_FORMS = "meanet, edge-only, cloud-only, random:p with p from 0 to 1";

/** Which frames ask the cloud: those that MEANet's entropy rule picks, none, all, or a random share. */
export type Policy =
  | { readonly name: "meanet" | "edge-only" | "cloud-only" }
  | { readonly name: "random"; readonly share: number };

const shareSchema = z.coerce.number().min(0).max(1);

/** The policy that `text` means, `random:0.25`; undefined when it means none. */
export function parsePolicy(text: string): Policy | undefined {
  if (text === "meanet" || text === "edge-only" || text === "cloud-only") return { name: text };
  const [, written] = /^random:(\d*\.?\d+)$/.exec(text) ?? [];
  const share = written === undefined ? undefined : shareSchema.safeParse(written).data;
  return share === undefined ? undefined : { name: "random", share };
}

/** What routing looks at. */
export interface Routable {
  /** Of main's distribution, in nats. */
  readonly entropy: number;
  /** Whether main calls a hard class. */
  readonly hard: boolean;
}

/**
 * The way of a frame. Main has run for it in every policy: its answer is what stands when the cloud is silent.
 *
 * @param threshold - entropy above which a frame is complex, nats
 * @param random - uniform in [0, 1)
 */
export function chooseRoute(
  policy: Policy,
  { entropy, hard }: Routable,
  { threshold, random }: { readonly threshold: number; readonly random: () => number },
): Route {
  return asksCloud() ? "complex" : hard ? "hard" : "easy";

  function asksCloud(): boolean {
    switch (policy.name) {
      case "meanet":
        return entropy > threshold;
      case "edge-only":
        return false;
      case "cloud-only":
        return true;
      case "random":
        return random() < policy.share;
    }
  }
}

/** Uniform in [0, 1), the same sequence for the same seed: mulberry32 (Tommy Ettinger, public domain). */
export function seededRandom(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
