import type { Training } from "@meanet/protocol";
import type { Observation } from "../store/store.ts";
import { answered, refused, START } from "../testing/verdicts.ts";

/** Three devices on two edges of two sites, all outcomes, exits and labels; figures that differ in every row. */
export function observations(begin = START, stepMs = 47): Observation[] {
  const list: Observation[] = [];
  for (let seq = 1; seq <= 600; seq++) {
    const edge = seq % 5 === 0 ? "edge-2" : "edge-1";
    const place = {
      edge,
      device: `cam-${seq % 3}`,
      site: seq % 7 === 0 ? "hall" : "lab",
      at: begin + seq * stepMs,
    };
    const exit = (["main", "main", "extension", "cloud"] as const)[seq % 4]!;
    const energy = {
      mainJ: seq / 1e4,
      extensionJ: exit === "extension" ? 0.002 + seq / 1e6 : 0,
      uplinkJ: exit === "cloud" ? 0.0071 : 0,
      cloudJ: exit === "cloud" ? seq / 1e3 : 0,
      source: "modelled:toy",
    };
    const figures = {
      exit,
      model: seq % 3 === 0 ? "motion@1.0.0" : "toy@1.0.0",
      energy,
      latencyMs: ((seq * 7919) % 1000) / 8,
      uplinkBytes: exit === "cloud" ? 3000 + seq : 0,
      ...(exit === "cloud" && seq % 5 !== 0 ? { edgeAnswer: edgeAnswer(seq) } : {}),
    };
    if (seq % 11 === 0)
      list.push({
        kind: "verdict",
        verdict: refused(seq, { ...place, reason: seq % 2 ? "overload" : "undecodable" }),
      });
    else if (seq % 13 === 0)
      list.push({
        kind: "verdict",
        verdict: answered(seq, { ...place, ...figures, final: false, cloud: "pending" }),
      });
    else list.push({ kind: "verdict", verdict: answered(seq, { ...place, ...figures }) });
    if (seq % 6 === 0) {
      list.push({
        kind: "label",
        site: place.site,
        device: place.device,
        id: `frame-${seq}`,
        label: seq % 4 ? "cat" : "dog",
      });
    }
    if (seq % 12 === 0)
      list.push({ kind: "training", site: place.site, node: edge, training: step(seq, place.at) });
    if (seq % 100 === 0) {
      const drops = { oldest: seq, overload: seq / 2 };
      const stats = {
        kind: "edge",
        at: place.at,
        uptimeS: seq,
        memoryBytes: 100_000 + seq,
        counters: { frames: seq },
        drops,
        queues: { waiting: seq / 100, publish: 0 },
      } as const;
      list.push({ kind: "stats", site: "lab", node: edge, stats });
      const { kind, at, uptimeS } = stats;
      const used = { computeJ: seq / 3, uplinkJ: seq / 11, source: "modelled:toy" };
      list.push({ kind: "energy", site: "lab", node: edge, energy: { kind, at, uptimeS, ...used } });
    }
  }
  for (const [node, state] of [
    ["edge-1", "online"],
    ["edge-2", "online"],
    ["edge-2", "offline"],
    ["worker-1", "stopped"],
  ] as const) {
    const kind = node.startsWith("edge") ? "edge" : "worker";
    const status = {
      state,
      kind,
      version: "1.2.3",
      models: ["toy@1.0.0", "motion@1.0.0"],
      since: START,
    } as const;
    list.push({ kind: "status", site: "lab", node, status });
  }
  return list;
}

/** In turn of three kinds; of one of them figures. */
function step(seq: number, at: number): Training {
  const common = { at, model: seq % 24 === 0 ? "toy@1.0.0" : "motion@1.0.0", energyJ: seq / 7, run: seq };
  const comparison = { items: 40, current: seq / 1000, candidate: seq / 900, won: 4, lost: 2 };
  const steps: Training[] = [
    { ...common, event: "collected", items: { label: seq, cloud: 0 }, fresh: 1 },
    { ...common, event: "accepted", figures: { heldOut: comparison, reference: null } },
    { ...common, event: "failed", reason: "disk full" },
  ];
  return steps[(seq / 12) % steps.length]!;
}

/** Class 3 is what the cloud says. */
function edgeAnswer(seq: number) {
  const classIndex = seq % 3 === 0 ? 5 : 3;
  return { label: "dog", classIndex, confidence: 0.5, exit: "main", complete: seq % 9 !== 0 } as const;
}
