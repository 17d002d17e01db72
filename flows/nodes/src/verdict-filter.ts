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
 * @throws {MeanetError} CONFIG_INVALID when a bound is not a number
 */
export function verdictFilter(config: VerdictFilterConfig): (verdict: Verdict) => boolean {
  const devices = names(config.devices);
  const labels = names(config.labels);
  const exits = names(config.exits);
  const routes = names(config.routes);
  const confidence = range("confidence", config.minConfidence, config.maxConfidence);
  const entropy = range("entropy", config.minEntropy, config.maxEntropy);
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
): ((value: number) => boolean) | undefined {
  const from = bound(name, min, Number.NEGATIVE_INFINITY);
  const to = bound(name, max, Number.POSITIVE_INFINITY);
  if (from === Number.NEGATIVE_INFINITY && to === Number.POSITIVE_INFINITY) return undefined;
  return (value) => value >= from && value <= to;
}

function bound(name: string, text: string | number | undefined, none: number): number {
  if (text === undefined || String(text).trim() === "") return none;
  const value = Number(text);
  if (Number.isNaN(value)) {
    throw new MeanetError(
      "CONFIG_INVALID",
      `bound of ${name} must be a number, received ${JSON.stringify(text)}`,
    );
  }
  return value;
}
