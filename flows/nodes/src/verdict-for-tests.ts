import type { AnswerVerdict } from "@meanet/protocol";

/** A final answer of main to the device's frame, with other values where they are given. */
export function answered(changes: Partial<AnswerVerdict> = {}): AnswerVerdict {
  return {
    ...{ id: "frame-1", site: "lab", device: "cam-1", edge: "edge-1", journal: "journal-1", seq: 1, at: 2 },
    ...{ receivedAt: 1, qos: 1, latencyMs: 1, outcome: "answered", final: true, supersedes: null },
    ...{
      label: "Coat",
      classIndex: 4,
      confidence: 0.9,
      exit: "main",
      route: "easy",
      cloud: "none",
      entropy: 0.2,
    },
    ...{ queueMs: 0, computeMs: 0.2, uplinkBytes: 0, model: "toy@1.0.0", worker: null },
    energy: { mainJ: 1e-4, extensionJ: 0, uplinkJ: 0, cloudJ: 0, source: "modelled:test" },
    ...changes,
  };
}
