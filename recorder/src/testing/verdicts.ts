import type { AnswerVerdict, RefusalVerdict } from "@meanet/protocol";

/** A final answer of main, row `seq` of its journal, ten milliseconds after the row before. */
export function answered(seq: number, changes: Partial<AnswerVerdict> = {}): AnswerVerdict {
  const at = changes.at ?? START + seq * 10;
  return {
    ...{ id: `frame-${seq}`, site: "lab", device: "cam-1", edge: "edge-1", journal: "journal-1", seq, at },
    ...{
      receivedAt: Math.max(0, at - 5),
      qos: 1,
      latencyMs: 5,
      outcome: "answered",
      final: true,
      supersedes: null,
    },
    ...{
      label: "cat",
      classIndex: 3,
      confidence: 0.9,
      exit: "main",
      route: "easy",
      cloud: "none",
      entropy: 0.2,
    },
    ...{ queueMs: 1, computeMs: 2, uplinkBytes: 0, model: "toy@1.0.0", worker: null },
    energy: { mainJ: 0.01, extensionJ: 0, uplinkJ: 0, cloudJ: 0, source: "modelled:toy" },
    ...changes,
  };
}

export function refused(seq: number, changes: Partial<RefusalVerdict> = {}): RefusalVerdict {
  const at = START + seq * 10;
  return {
    ...{ id: `frame-${seq}`, site: "lab", device: "cam-1", edge: "edge-1", journal: "journal-1", seq, at },
    ...{ receivedAt: at - 5, qos: 1, latencyMs: 5, outcome: "refused", final: true },
    ...{ reason: "overload", detail: "12 frames wait already" },
    ...changes,
  };
}

/** 2025-07-14T06:13:20Z: a whole number of every interval up to ten seconds. */
export const START = 1_752_473_600_000;

export function rows(from: number, to: number, changes: Partial<AnswerVerdict> = {}): AnswerVerdict[] {
  return Array.from({ length: to - from + 1 }, (_, index) => answered(from + index, changes));
}
