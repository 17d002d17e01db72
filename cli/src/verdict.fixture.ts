import type { AnswerVerdict, RefusalVerdict } from "@meanet/protocol";

const common = {
  id: "frame-1",
  site: "lab",
  device: "camera-1",
  edge: "edge-1",
  journal: "j-1",
  seq: 1,
  receivedAt: 1,
  qos: 1 as const,
  latencyMs: 1,
};

/** A final answer of main, for tests. */
export function answered(part: Partial<AnswerVerdict> = {}): AnswerVerdict {
  return {
    ...common,
    at: Date.now(),
    outcome: "answered",
    final: true,
    supersedes: null,
    label: "Bag",
    classIndex: 8,
    confidence: 1,
    exit: "main",
    route: "easy",
    cloud: "none",
    entropy: 0,
    queueMs: 0,
    computeMs: 0,
    energy: { mainJ: 0, extensionJ: 0, uplinkJ: 0, cloudJ: 0, source: "modelled:test" },
    uplinkBytes: 0,
    model: "fashion-mnist@1.0.0",
    worker: null,
    ...part,
  };
}

/** A refusal, for tests. */
export function refused(part: Partial<RefusalVerdict> = {}): RefusalVerdict {
  return {
    ...common,
    at: Date.now(),
    outcome: "refused",
    final: true,
    reason: "overload",
    detail: "512 frames wait",
    ...part,
  };
}
