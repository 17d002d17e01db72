import type { AnswerVerdict, NodeEnergy, RefusalVerdict, Stats, Status } from "@meanet/protocol";

export function statusOf(changes: Partial<Status> = {}): Status {
  return {
    state: "online",
    kind: "edge",
    version: "1.2.3",
    models: ["fashion-mnist@1.0.0"],
    since: 1_700_000_000_000,
    ...changes,
  };
}

export function statsOf(changes: Partial<Stats> = {}): Stats {
  return {
    kind: "edge",
    at: 1_700_000_000_000,
    uptimeS: 12.5,
    counters: { frames: 100, verdicts: 97, asked: 20 },
    drops: { overload: 2, undecodable: 1 },
    queues: { waiting: 4, working: 3, cloud: 1 },
    exits: { main: 50, extension: 30, cloud: 17 },
    ...changes,
  };
}

export function energyOf(changes: Partial<NodeEnergy> = {}): NodeEnergy {
  return {
    kind: "edge",
    at: 1_700_000_000_000,
    uptimeS: 12.5,
    computeJ: 1.25,
    uplinkJ: 0.5,
    source: "modelled:raspberry-pi-4",
    ...changes,
  };
}

const common = {
  id: "f-1",
  site: "lab",
  device: "cam-1",
  edge: "edge-1",
  journal: "j-1",
  seq: 1,
  at: 1_700_000_000_000,
  receivedAt: 1_700_000_000_000,
  qos: 1,
  latencyMs: 12.5,
} as const;

export function answerOf(changes: Partial<AnswerVerdict> = {}): AnswerVerdict {
  return {
    ...common,
    outcome: "answered",
    final: true,
    supersedes: null,
    label: "sandal",
    classIndex: 5,
    confidence: 0.875,
    exit: "extension",
    route: "hard",
    cloud: "none",
    entropy: 0.25,
    queueMs: 1,
    computeMs: 2,
    energy: { mainJ: 0.5, extensionJ: 0.25, uplinkJ: 0.125, cloudJ: 8, source: "modelled:raspberry-pi-4" },
    uplinkBytes: 0,
    model: "fashion-mnist@1.0.0",
    worker: null,
    ...changes,
  };
}

export function refusalOf(changes: Partial<RefusalVerdict> = {}): RefusalVerdict {
  return {
    ...common,
    outcome: "refused",
    final: true,
    reason: "undecodable",
    detail: "no picture",
    ...changes,
  };
}
