import type { LowLightResult, LowLightRun } from "./low-light.ts";

const phase = { frames: 600, labelled: 0, dropped: 0, energyJ: 0.5, cloudAnswers: 150 };
const result: LowLightResult = {
  ...{ bundle: "small@1.0.0", data: "idx", labels: "true", seed: 7, severity: 0.5 },
  hardAccuracy: { clean: 0.86, shiftedBefore: 0.64, shiftedAfter: 0.705 },
  cleanAccuracy: { before: 0.9, after: 0.895 },
  ...{ accepted: true, outcome: "accepted", reason: null, seconds: 21.04, energyJ: 310, inferenceJ: 1.5 },
  items: { label: 800, cloud: 0 },
  judged: { clean: 3_000, shiftedHard: 1_500, before: ["small@1.0.0"], after: ["small@1.0.0+edge-1.1"] },
  streamed: { clean: phase, shifted: { ...phase, labelled: 300 }, adapted: phase },
  runSeconds: 90,
};

/** A run of small figures, from good light to a bundle in force. */
export const lowLightRun: LowLightRun = {
  result,
  overTime: {
    edge: [
      { phase: "clean", atS: 2, frames: 100, accuracy: 0.85 },
      { phase: "adapted", atS: 30, frames: 100, accuracy: 0.7 },
    ],
    withCloud: [{ phase: "clean", atS: 3, frames: 100, accuracy: 0.9 }],
  },
  events: [
    { event: "started", atS: 10, text: "" },
    { event: "epoch", atS: 12, text: "" },
    { event: "accepted", atS: 24, text: "held out 66.5 % → 73.5 %" },
    { event: "swapped", atS: 25, text: "" },
  ],
  phases: [
    { name: "clean", fromS: 0, toS: 5 },
    { name: "shifted", fromS: 5, toS: 26 },
    { name: "adapted", fromS: 26, toS: 35 },
  ],
  provenance: {
    command: "npm run meanet -- scenario low-light --seed 7",
    machine: "2 x AMD EPYC, Node 24.21.0",
    createdAt: "2026-11-21T12:00:00.000Z",
    bundleCreatedAt: "2026-11-20T12:00:00.000Z",
  },
};
