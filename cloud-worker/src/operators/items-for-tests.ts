import type { Asked, Decoded, Settled } from "../stages.ts";

/** An item whose id is the marble; `arrivedMs` is its time, `leftMs` what it has left. */
export function asked(
  id: string,
  { arrivedMs = 0, leftMs = 1_000, model = "m@1", attempt = 1, edge = "edge-1" } = {},
): Asked {
  return {
    stage: "asked",
    arrivedMs,
    item: {
      id,
      site: "lab",
      device: "camera",
      edge,
      attempt,
      remainingMs: leftMs,
      model,
      edgeAnswer: { classIndex: 0, confidence: 0.5, entropy: 1 },
      format: "raw",
      frame: new Uint8Array(1),
    },
  };
}

export function decoded(id: string, options?: Parameters<typeof asked>[1]): Decoded {
  return { stage: "decoded", asked: asked(id, options), tensor: new Float32Array(1) };
}

export function answered(item: Asked): Settled {
  return { stage: "answered", asked: item, classes: [], computeMs: 1, energyJ: 1, queueMs: 0 };
}

/** `a` for an answer, `a:OVERLOAD` for a failure: what a marble shows of a result. */
export function show(settled: Settled): string {
  const { id, attempt } = settled.asked.item;
  const name = attempt === 1 ? id : `${id}${attempt}`;
  return settled.stage === "answered" ? name : `${name}:${settled.code}`;
}
