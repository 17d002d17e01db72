import type { FrameRecord, RecordedAnswer, RecordedRefusal } from "@meanet/recorder";

/** 2026-01-31T12:00:00Z. */
export const ARRIVED = Date.UTC(2026, 0, 31, 12);

const row = {
  ...{ edge: "edge-1", journal: "j1", seq: 7, at: ARRIVED + 26, receivedAt: ARRIVED, qos: 1 },
  ...{ latencyMs: 25.5, frameBytes: 3072 },
};

/** The cloud's answer to a frame that main was not certain about. */
export const cloudAnswer: RecordedAnswer = {
  ...row,
  ...{ outcome: "answered", supersedes: 6, label: "ankle boot", classIndex: 9, confidence: 0.9312 },
  ...{ exit: "cloud", route: "complex", cloud: "answered", entropy: 0.912, threshold: 0.8, correct: true },
  ...{ queueMs: 1, computeMs: 2, uplinkBytes: 3301, model: "fashion-mnist@1.0.0", worker: "worker-1" },
  energy: {
    ...{ edgeJ: 0.0012, mainJ: 0.0012, extensionJ: 0, uplinkJ: 0.0079, cloudJ: 0.04 },
    source: "modelled:raspberry-pi-4",
  },
  stages: {
    ...{ admitMs: 0.5, decodeMs: 1, mainQueueMs: 1, mainMs: 2.5, cloudMs: 20 },
    ...{ cloudQueueMs: 2, cloudComputeMs: 6 },
  },
  top: {
    main: [
      { classIndex: 7, label: "sneaker", probability: 0.5123 },
      { classIndex: 9, label: "ankle boot", probability: 0.4 },
    ],
    cloud: [{ classIndex: 9, label: "ankle boot", probability: 0.9312 }],
  },
  edgeAnswer: { label: "sneaker", classIndex: 7, confidence: 0.5123, exit: "main", complete: false },
};

const provisional: RecordedAnswer = {
  ...cloudAnswer,
  ...{ seq: 6, at: ARRIVED + 5, latencyMs: 5.25, outcome: "provisional", supersedes: null, cloud: "pending" },
  ...{ label: "sneaker", classIndex: 7, confidence: 0.5123, exit: "main", correct: false, uplinkBytes: 0 },
  ...{ worker: null, edgeAnswer: null, stages: { admitMs: 0.5, decodeMs: 1, mainQueueMs: 1, mainMs: 2.5 } },
};

const refusal: RecordedRefusal = {
  ...row,
  ...{ outcome: "refused", reason: "undecodable", detail: "no JPEG, PNG or WebP", frameBytes: 12 },
};

export const complexFrame: FrameRecord = {
  ...{ id: "frame-1", site: "lab", device: "camera-1", truth: "ankle boot" },
  verdicts: [provisional, cloudAnswer],
};

export const refusedFrame: FrameRecord = {
  ...{ id: "frame-2", site: "lab", device: "camera-2", truth: null },
  verdicts: [refusal],
};
