import type { Verdict } from "@meanet/protocol";
import { MeanetError } from "@meanet/runtime/error";

/** What stands in the edit dialog; an empty field lets everything pass. */
export interface VerdictFilterConfig {
  /** Names with commas between them. */
  readonly devices?: string;
  readonly labels?: string;
  readonly exits?: string;
  readonly routes?: string;
  readonly outcome?: "" | "answered" | "refused";
  readonly finality?: "" | "final" | "provisional";
  readonly minConfidence?: string | number;
  readonly maxConfidence?: string | number;
  /** Nats. */
  readonly minEntropy?: string | number;
  readonly maxEntropy?: string | number;
}

/**
 * Whether a verdict passes. A refusal has no label, exit, route, confidence and entropy: where one of these is asked for, it does not pass.
 *
 * @throws {MeanetError} CONFIG_INVALID when a bound is not a number that the figure can take, or the lower one is above the upper one
 */
export function verdictFilter(config: VerdictFilterConfig): (verdict: Verdict) => boolean {
  const devices = names(config.devices);
  const labels = names(config.labels);
  const exits = names(config.exits);
  const routes = names(config.routes);
  const confidence = range("confidence", config.minConfidence, config.maxConfidence, 1);
  const entropy = range("entropy", config.minEntropy, config.maxEntropy, Number.POSITIVE_INFINITY);
  const needsAnswer = [labels, exits, routes, confidence, entropy].some((part) => part !== undefined);
  return (verdict) => {
    if (devices !== undefined && !devices.has(verdict.device)) return false;
    if (config.outcome && verdict.outcome !== config.outcome) return false;
    if (config.finality && verdict.final !== (config.finality === "final")) return false;
    if (verdict.outcome === "refused") return !needsAnswer;
    return (
      (labels?.has(verdict.label) ?? true) &&
      (exits?.has(verdict.exit) ?? true) &&
      (routes?.has(verdict.route) ?? true) &&
      (confidence?.(verdict.confidence) ?? true) &&
      (entropy?.(verdict.entropy) ?? true)
    );
  };
}

/** Of `a, b`; undefined of nothing. */
export function names(text: string | undefined): ReadonlySet<string> | undefined {
  const given = (text ?? "")
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "");
  return given.length === 0 ? undefined : new Set(given);
}

function range(
  name: string,
  min: string | number | undefined,
  max: string | number | undefined,
  largest: number,
): ((value: number) => boolean) | undefined {
  const from = bound(name, min, largest);
  const to = bound(name, max, largest);
  if (from === undefined && to === undefined) return undefined;
  if (from !== undefined && to !== undefined && from > to) {
    throw new MeanetError(
      "CONFIG_INVALID",
      `no ${name} is at least ${from} and at most ${to}: swap the bounds`,
    );
  }
  return (value) => value >= (from ?? 0) && value <= (to ?? largest);
}

function bound(name: string, text: string | number | undefined, largest: number): number | undefined {
  if (text === undefined || String(text).trim() === "") return undefined;
  const value = Number(text);
  // Whoever means per cent would wait for verdicts that never pass.
  if (!(value >= 0 && value <= largest)) {
    const expected = Number.isFinite(largest) ? `a number from 0 to ${largest}` : "a number from 0";
    throw new MeanetError(
      "CONFIG_INVALID",
      `bound of ${name} must be ${expected}, received ${JSON.stringify(text)}`,
    );
  }
  return value;
}
