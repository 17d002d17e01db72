import { deviceProfile, ModelledMeter } from "@meanet/energy";
import { softmax, toTensor } from "@meanet/models";
import { quadrantFrames } from "@meanet/models/testing";
import type { Training } from "@meanet/protocol";
import { createLog } from "@meanet/runtime";
import { frameOf } from "../frames-for-tests.ts";
import { ModelSlots } from "../model-slots.ts";
import { ServedModel } from "../served-model.ts";
import { learningConfigSchema } from "./config.ts";
import { Learning } from "./learning.ts";

const LENGTH = 64;

/** The learning of a node with real engines, without a broker. */
export function openLearning(
  folder: string,
  publish: (training: Training) => void = () => undefined,
  changes: object = {},
) {
  const engine = { providers: ["cpu" as const], threads: 1 };
  const models = new ModelSlots((name) => ServedModel.open(name, engine, () => undefined));
  const config = learningConfigSchema.parse({
    enabled: true,
    trigger: { items: 64 },
    training: { epochs: 2, rate: 0.05, batch: 16 },
    margins: { leastItems: 4 },
    ...changes,
  });
  const learning = new Learning({
    config,
    folder,
    node: "edge",
    models,
    meter: new ModelledMeter(deviceProfile("raspberry-pi-4")),
    now: () => Date.now(),
    log: createLog("test", "silent"),
  });
  learning.listen({ publish, onChange: () => undefined });
  return {
    learning,
    models,
    close: async () => {
      await learning.close();
      await models.close();
    },
  };
}

/** Shows it frames of the quadrants, each answered by the edge and then labelled with the truth. */
export async function teachAll(
  { learning, models }: Pick<ReturnType<typeof openLearning>, "learning" | "models">,
  { count = 64, seed = 21 } = {},
): Promise<void> {
  const { frames, labels } = quadrantFrames(count, seed);
  for (const [at, label] of labels.entries()) {
    const model = models.current("image")!;
    const { input } = model.manifest;
    if (input.kind !== "image") throw new Error("expected pictures");
    const tensor = toTensor(frames.subarray(at * LENGTH, (at + 1) * LENGTH), input);
    const { y1, features } = await model.runMain([tensor]);
    const frame = frameOf(`${seed}-${at}`);
    learning.observe({
      stage: "settled",
      frame,
      format: "raw",
      model,
      tensor,
      p1: softmax(y1[0]!),
      entropy: 0,
      features: features[0]!,
      computeMs: 0,
      queueMs: 0,
      mainJ: 0,
      route: "hard",
      cloud: "none",
      answer: undefined,
      uplinkBytes: 0,
    });
    learning.label(frame.device, frame.id, label);
  }
}
