import type { ServedModel } from "./model/served-model.ts";
import type { Classified, Decoded, Frame, Routed, Settled } from "./stages.ts";

/** A frame of device `cam` whose id is `id`. */
export function frameOf(id: string, changes: Partial<Frame> = {}): Frame {
  return {
    kind: "image",
    device: "cam",
    id,
    named: true,
    qos: 1,
    payload: new Uint8Array([1, 2, 3]),
    receivedAt: 1_700_000_000_000,
    arrivedMs: 0,
    acknowledge: () => undefined,
    ...changes,
  };
}

/** What operators see of a model: three classes, of which 1 and 2 are hard; the extension answers where it ran. */
export const threeClasses = {
  name: "three@1.0.0",
  base: "three@1.0.0",
  classes: ["zero", "one", "two"],
  hardClasses: [1, 2],
  callsHard: (p1: ArrayLike<number>) => Math.max(p1[1]!, p1[2]!) > p1[0]!,
  decide: (p1: ArrayLike<number>, p2: ArrayLike<number> | undefined) => {
    const answer = Array.from(p2 ?? p1);
    const confidence = Math.max(...answer);
    const index = answer.indexOf(confidence);
    return p2 === undefined
      ? { classIndex: index, confidence, exit: "main" as const }
      : { classIndex: index + 1, confidence, exit: "extension" as const };
  },
} as unknown as ServedModel;

export function decodedOf(frame: Frame): Decoded {
  return {
    stage: "decoded",
    frame,
    format: "raw",
    model: threeClasses,
    tensor: new Float32Array(4),
    decodingMs: 0,
    decodedMs: 0,
  };
}

export function classifiedOf(frame: Frame, changes: Partial<Classified> = {}): Classified {
  return {
    stage: "classified",
    frame,
    format: "raw",
    model: threeClasses,
    tensor: new Float32Array(4),
    features: new Float32Array(8),
    p1: [0.7, 0.2, 0.1],
    entropy: 0.8,
    queueMs: 1,
    computeMs: 2,
    mainJ: 3,
    stages: { admitMs: 0.5, decodeMs: 1, mainQueueMs: 1, mainMs: 4 },
    ...changes,
  };
}

export function routedOf(frame: Frame, changes: Partial<Omit<Routed, "stage">> = {}): Routed {
  return { ...classifiedOf(frame), route: "complex", threshold: 0.5, ...changes, stage: "routed" };
}

export function settledOf(frame: Frame, changes: Partial<Omit<Settled, "stage">> = {}): Settled {
  return {
    ...routedOf(frame),
    route: "hard",
    cloud: "none",
    answer: undefined,
    uplinkBytes: 0,
    ...changes,
    stage: "settled",
  };
}
