import type { Label, Verdict } from "@meanet/protocol";
import type { Value } from "./store.ts";

/** For "has none": tags of InfluxDB have no NULL. */
const NONE = "none";

type Truth = Label["label"] | null;

/**
 * The columns of a verdict that come from its payload.
 *
 * `energy_j` is compute at the edge (main and extension); `uplink_j` and `cloud_j` stand beside it and are not in it.
 */
export function verdictColumns(verdict: Verdict): Record<string, Value> {
  const { id, site, device, edge, journal, seq, at, receivedAt, qos, latencyMs } = verdict;
  const common = {
    id,
    site,
    device,
    edge,
    journal,
    seq,
    at,
    received_at: receivedAt,
    qos,
    latency_ms: latencyMs,
    frame_bytes: verdict.frameBytes ?? null,
  };
  if (verdict.outcome === "refused") {
    const { reason, detail } = verdict;
    return { ...common, outcome: "refused", reason, detail, exit: NONE, model: NONE };
  }
  const { energy } = verdict;
  return {
    ...common,
    outcome: verdict.final ? "answered" : "provisional",
    reason: NONE,
    supersedes: verdict.supersedes,
    label: verdict.label,
    class_index: verdict.classIndex,
    confidence: verdict.confidence,
    exit: verdict.exit,
    route: verdict.route,
    cloud: verdict.cloud,
    entropy: verdict.entropy,
    queue_ms: verdict.queueMs,
    compute_ms: verdict.computeMs,
    energy_j: energy.mainJ + energy.extensionJ,
    uplink_j: energy.uplinkJ,
    cloud_j: energy.cloudJ,
    energy_source: energy.source,
    uplink_bytes: verdict.uplinkBytes,
    model: verdict.model,
    worker: verdict.worker,
    threshold: verdict.threshold ?? null,
    extension_j: energy.extensionJ,
    stages: jsonOf(verdict.stages),
    top: jsonOf(verdict.top),
    edge_answer: jsonOf(verdict.edgeAnswer),
  };
}

/** A detail that `verdictColumns` stored as JSON. */
export function fromJson<T>(text: unknown): T | null {
  return typeof text === "string" ? (JSON.parse(text) as T) : null;
}

function jsonOf(detail: object | undefined): string | null {
  return detail === undefined ? null : JSON.stringify(detail);
}

/** 1, 0, or null when there is nothing to compare. A truth in text is a class name, a number a class index. */
export function correctness(truth: Truth, label: Value, classIndex: Value): number | null {
  if (truth === null || label === null) return null;
  return Number(typeof truth === "number" ? truth === classIndex : truth === label);
}
