import assert from "node:assert/strict";
import { test } from "node:test";
import { openSession, Tensor } from "@meanet/inference/session";
import { isMeanetError } from "@meanet/runtime";
import { classifierPart, initialise, meanetParts, meanetSpecSchema } from "../networks/index.ts";
import { randomAt } from "../training/random.ts";
import { buildInference } from "./inference-model.ts";
import type { Part, TrainedValues } from "./part.ts";
import { referenceInference } from "./reference/central-differences.ts";

const spec = meanetSpecSchema.parse({
  input: [2, 9, 12],
  classes: 5,
  hardClasses: 3,
  variant: "A",
  backbone: { widths: [3, 4], blocks: [1, 2] },
});
const { main, extension } = meanetParts(spec);
const cloud = classifierPart({ input: spec.input, classes: 5, backbone: spec.backbone });

/** First parameters with statistics that are not neutral. */
function values(part: Part, seed: number): TrainedValues {
  const { theta, statistics } = initialise(part, seed);
  const random = randomAt(seed, 1);
  return { theta, statistics: statistics.map((value) => value + 0.5 * random.next()) };
}

/** Runs the model and the float64 reference on the same noise and holds each output to it. */
async function compare(part: Part, batch: number): Promise<string[]> {
  const trained = values(part, 11);
  const random = randomAt(batch);
  const noise = part.graph.inputs.map((name) => {
    const shape = [batch, ...part.graph.shapes.get(name)!];
    const size = shape.reduce((product, dim) => product * dim, 1);
    return { name, shape, data: Float32Array.from({ length: size }, () => random.next() - 0.5) };
  });
  const session = await openSession(buildInference(part, trained));
  const outputs = await session.run(
    Object.fromEntries(noise.map(({ name, shape, data }) => [name, new Tensor("float32", data, shape)])),
  );
  await session.close();
  const inputs = Object.fromEntries(noise.map(({ name, data }) => [name, Float64Array.from(data)]));
  for (const [name, expected] of Object.entries(referenceInference(part.graph, batch, inputs, trained))) {
    const { data, dims } = outputs[name]!;
    assert.deepEqual(dims, [batch, ...part.graph.shapes.get(part.graph.outputs[name]!)!]);
    for (const [at, value] of expected.entries()) {
      assert.ok(Math.abs(Number(data[at]) - value) < 1e-4 * (1 + Math.abs(value)), `${name}[${at}]`);
    }
  }
  return Object.keys(outputs);
}

test("main gives y1 and F1, extension y2 and the cloud y, as the reference does, for any batch", async () => {
  for (const batch of [1, 3]) {
    assert.deepEqual(await compare(main, batch), ["y1", "F1"]);
    assert.deepEqual(await compare(extension, batch), ["y2"]);
    assert.deepEqual(await compare(cloud, batch), ["y"]);
  }
});

test("values of another part are refused", () => {
  assert.throws(
    () => buildInference(main, values(extension, 1)),
    (error) => isMeanetError(error, "NETWORK_INVALID"),
  );
});
