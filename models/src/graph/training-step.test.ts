import assert from "node:assert/strict";
import { test } from "node:test";
import { openSession, type Session, Tensor } from "@meanet/inference/session";
import { isMeanetError } from "@meanet/runtime";
import { initialise, meanetParts, meanetSpecSchema } from "../networks/index.ts";
import { randomAt } from "../training/random.ts";
import { buildInference } from "./inference-model.ts";
import {
  averageStatistics,
  type BuiltModel,
  buildGradient,
  buildStatistics,
  buildTrainingStep,
} from "./training-step.ts";

const batch = 12;
const spec = meanetSpecSchema.parse({
  input: [1, 10, 10],
  classes: 4,
  hardClasses: 2,
  variant: "A",
  backbone: { widths: [4, 6], blocks: [1, 1] },
});
const { main, extension } = meanetParts(spec);

type Arrays = Record<string, Float32Array>;

/** Noise, brighter in the quarter that the class names. */
function frames(seed: number): { x: Float32Array; target: BigInt64Array } {
  const random = randomAt(seed);
  const target = BigInt64Array.from({ length: batch }, (_, image) => BigInt(image % spec.classes));
  const x = Float32Array.from({ length: batch * 100 }, (_, at) => {
    const [row, column] = [Math.floor((at % 100) / 10), at % 10];
    const quarter = 2 * Math.floor(row / 5) + Math.floor(column / 5);
    return random.next() - 0.5 + (quarter === Number(target[Math.floor(at / 100)]) ? 1 : 0);
  });
  return { x, target };
}

async function run(
  session: Session,
  model: BuiltModel,
  feeds: Record<string, Float32Array | BigInt64Array>,
): Promise<Arrays> {
  const tensors = Object.entries(feeds).map(([name, data]) => {
    const dims = model.inputs[name]!;
    return [
      name,
      data instanceof Float32Array ? new Tensor("float32", data, dims) : new Tensor("int64", data, dims),
    ];
  });
  const outputs = await session.run(Object.fromEntries(tensors) as Record<string, Tensor>);
  return Object.fromEntries(
    Object.entries(outputs).map(([name, { data }]) => [name, Float32Array.from(data as Float32Array)]),
  );
}

async function once(model: BuiltModel, feeds: Record<string, Float32Array | BigInt64Array>): Promise<Arrays> {
  const session = await openSession(model.onnx, { memArena: false });
  const outputs = await run(session, model, feeds);
  await session.close();
  return outputs;
}

/** Losses of ten steps from a seed, and theta after them. */
async function train(seed: number): Promise<{ losses: number[]; theta: Float32Array }> {
  const model = buildTrainingStep(main, { batch, momentum: 0.9, weightDecay: 5e-4, labelSmoothing: 0.05 });
  const session = await openSession(model.onnx, { memArena: false });
  let theta: Float32Array = initialise(main, seed).theta;
  let momentum: Float32Array = new Float32Array(theta.length);
  const losses: number[] = [];
  for (let step = 0; step < 10; step++) {
    const learningRate = Float32Array.of(0.05);
    const outputs = await run(session, model, { theta, momentum, learningRate, ...frames(step) });
    theta = outputs.nextTheta!;
    momentum = outputs.nextMomentum!;
    losses.push(outputs.loss![0]!);
  }
  await session.close();
  return { losses, theta };
}

test("a few steps reduce the loss, bitwise equally for equal seeds", async () => {
  const [first, again, other] = [await train(1), await train(1), await train(2)];
  assert.ok(first.losses.at(-1)! < first.losses[0]! / 2, `losses ${first.losses.join(" ")}`);
  assert.deepEqual(again.losses, first.losses);
  assert.deepEqual(again.theta, first.theta);
  assert.notDeepEqual(other.theta, first.theta);
});

test("a step is momentum, gradient, and decay of weights only", async () => {
  const { theta } = initialise(main, 3);
  const random = randomAt(4);
  const momentum = theta.map(() => random.next() - 0.5);
  const { gradient } = await once(buildGradient(main, { batch }), { theta, ...frames(1) });
  const options = { batch, momentum: 0.8, weightDecay: 0.1 };
  const learningRate = Float32Array.of(0.5);
  const step = await once(buildTrainingStep(main, options), { theta, momentum, learningRate, ...frames(1) });
  for (const { name, offset, size, decay } of main.graph.parameters) {
    assert.equal(decay, name.endsWith(".weight"), name);
    for (let at = offset; at < offset + size; at++) {
      const velocity = 0.8 * momentum[at]! + gradient![at]! + (decay ? 0.1 * theta[at]! : 0);
      assert.ok(Math.abs(step.nextMomentum![at]! - velocity) < 1e-5, name);
      assert.ok(Math.abs(step.nextTheta![at]! - (theta[at]! - 0.5 * velocity)) < 1e-5, name);
    }
  }
});

test("an extension sees the same through a frozen main as through F1 given", async () => {
  const frozen = initialise(main, 5);
  const { theta } = initialise(extension, 6);
  const { x, target } = frames(2);
  const hard = target.map((label) => label % 2n);
  const whole = buildGradient(extension, { batch, frozen });
  assert.deepEqual(Object.keys(whole.inputs).toSorted(), ["target", "theta", "x"]);

  const session = await openSession(buildInference(main, frozen));
  const { F1 } = await session.run({ x: new Tensor("float32", x, [batch, ...spec.input]) });
  await session.close();
  const features = Float32Array.from(F1!.data as Float32Array);
  const given = await once(buildGradient(extension, { batch }), { theta, x, F1: features, target: hard });
  const through = await once(whole, { theta, x, target: hard });
  for (const [at, value] of given.gradient!.entries()) {
    assert.ok(Math.abs(through.gradient![at]! - value) < 1e-5, `gradient ${at}`);
  }
});

test("statistics of equal batches average to those of their union", async () => {
  const { theta } = initialise(main, 7);
  const [one, two] = [frames(1), frames(2)];
  const half = buildStatistics(main, { batch });
  const parts = [await once(half, { theta, x: one.x }), await once(half, { theta, x: two.x })];
  const union = await once(buildStatistics(main, { batch: 2 * batch }), {
    theta,
    x: Float32Array.of(...one.x, ...two.x),
  });
  const average = averageStatistics(
    main,
    parts.map(({ statistics }) => statistics!),
  );
  // Only the first normalisation sees the same values in both: later ones see what each batch normalised by itself.
  const { offset, channels } = main.graph.statistics[0]!;
  for (let at = offset; at < offset + 2 * channels; at++) {
    assert.ok(Math.abs(average[at]! - union.statistics![at]!) < 1e-5, `statistic ${at}`);
  }
});

test("values of another network, and a batch of none, are refused", () => {
  const invalid = (error: unknown): boolean => isMeanetError(error, "NETWORK_INVALID");
  assert.throws(() => buildGradient(extension, { batch, frozen: initialise(extension, 1) }), invalid);
  assert.throws(() => buildGradient(main, { batch: 0 }), invalid);
});
