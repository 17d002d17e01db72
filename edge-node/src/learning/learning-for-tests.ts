import { deviceProfile, ModelledMeter } from "@meanet/energy";
import { argmax, softmax, toTensor } from "@meanet/models";
import { quadrantFrames } from "@meanet/models/testing";
import type { LabelSource, Training } from "@meanet/protocol";
import { createLog, type Logger } from "@meanet/runtime";
import { frameOf } from "../frames-for-tests.ts";
import { ModelSlots } from "../model/model-slots.ts";
import { ServedModel } from "../model/served-model.ts";
import type { CloudClasses } from "../stages.ts";
import { learningConfigSchema } from "./config.ts";
import { Learning } from "./learning.ts";

const LENGTH = 64;

interface OpenLearningOptions {
  readonly publish?: (training: Training) => void;
  /** What differs from a configuration small enough for a test. */
  readonly config?: object;
  readonly onChange?: () => void;
  readonly now?: () => number;
  readonly log?: Logger;
  /** Awaited before a bundle opens its engines. */
  readonly beforeOpen?: (folder: string) => Promise<void>;
}

/** The learning of a node with real engines, without a broker. */
export function openLearning(
  folder: string,
  {
    publish = () => undefined,
    config: changes = {},
    onChange = () => undefined,
    now = Date.now,
    log = createLog("test", "silent"),
    beforeOpen = async () => undefined,
  }: OpenLearningOptions = {},
) {
  const engine = { providers: ["cpu" as const], threads: 1 };
  const models = new ModelSlots(async (name) => {
    await beforeOpen(name);
    return ServedModel.open(name, engine, () => undefined);
  });
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
    now,
    log,
  });
  learning.listen({ publish, onChange });
  return {
    learning,
    models,
    [Symbol.asyncDispose]: async () => {
      await learning.close();
      await models.close();
    },
  };
}

/** The class that main calls most of the frames that {@link teachAll} shows. */
export async function mostCalled({
  models,
}: Pick<ReturnType<typeof openLearning>, "models">): Promise<number> {
  const model = models.current("image")!;
  const calls = new Array<number>(model.classes.length).fill(0);
  const { frames } = quadrantFrames(64, 21);
  for (let at = 0; at < 64; at++) {
    const { y1 } = await model.runMain([tensorOf(model, frames, at)]);
    calls[argmax(y1[0]!)]! += 1;
  }
  return argmax(calls);
}

function tensorOf({ manifest: { input } }: ServedModel, frames: Uint8Array, at: number): Float32Array {
  if (input.kind !== "image") throw new Error("expected pictures");
  return toTensor(frames.subarray(at * LENGTH, (at + 1) * LENGTH), input);
}

/**
 * Shows it frames of the quadrants, each answered by the edge and then labelled: with the truth, by default.
 *
 * @param by - who tells the class; with `cloudSays` the cloud tells another first, and then comes the label
 */
export async function teachAll(
  { learning, models }: Pick<ReturnType<typeof openLearning>, "learning" | "models">,
  {
    count = 64,
    seed = 21,
    classOf = (at: number) => at % 4,
    by = "label" as LabelSource,
    cloudSays = undefined as ((at: number) => number) | undefined,
  } = {},
): Promise<void> {
  const { frames } = quadrantFrames(count, seed);
  const answer = by === "cloud" ? classOf : cloudSays;
  for (let at = 0; at < count; at++) {
    const model = models.current("image")!;
    const tensor = tensorOf(model, frames, at);
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
      stages: {},
      route: "hard",
      threshold: undefined,
      ...(answer === undefined
        ? { cloud: "none", answer: undefined }
        : { cloud: "answered", answer: cloudAnswer(frame.id, answer(at)) }),
      uplinkBytes: 0,
    });
    if (by === "label") learning.label(frame.device, frame.id, classOf(at));
  }
}

function cloudAnswer(id: string, classIndex: number): CloudClasses {
  return {
    outcome: "answered",
    id,
    worker: "worker",
    attempt: 1,
    classes: [{ classIndex, label: "?", probability: 0.99 }],
    model: "quadrants@1.0.0",
    queueMs: 0,
    computeMs: 1,
    energyJ: 0,
    energySource: "modelled:test",
  };
}
