import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isMeanetError } from "@meanet/runtime";
import { scaleModel, singleModel } from "../test/models.ts";
import { anyBatch } from "./any-batch.ts";
import { openEngine } from "./engine.ts";
import { openSession, Tensor } from "./session.ts";

describe("a model made for batches of one", () => {
  it("answers a batch of three as three frames, behind an engine that takes any batch", async () => {
    const engine = await openEngine({ name: "single", model: singleModel(), anyBatch: true });
    assert.deepEqual(engine.inputs[0]!.shape, ["N", 2]);
    assert.deepEqual(engine.outputs[0]!.shape, ["N", 2]);
    const { outputs } = await engine.run({
      x: { data: Float32Array.of(1, 2, 3, 4, 5, 6), dims: [3, 2] },
    });
    assert.deepEqual(outputs.y, { data: Float32Array.of(2, 4, 6, 8, 10, 12), dims: [3, 2] });
    await engine.close();
  });

  it("is refused a batch of three by an engine that was not told so", async () => {
    const engine = await openEngine({ name: "single", model: singleModel() });
    await assert.rejects(engine.run({ x: { data: new Float32Array(6), dims: [3, 2] } }), (error) =>
      isMeanetError(error, "MODEL_INPUT_MISMATCH"),
    );
    await engine.close();
  });

  it("writes into memory that is there already", async () => {
    const session = anyBatch(await openSession(singleModel()));
    const own = new Float32Array(4);
    await session.run(
      { x: new Tensor("float32", Float32Array.of(1, 2, 3, 4), [2, 2]) },
      { y: new Tensor("float32", own, [2, 2]) },
    );
    assert.deepEqual(own, Float32Array.of(2, 4, 6, 8));
    await session.close();
  });
});

it("a model with an open batch is left as it is", async () => {
  const session = await openSession(scaleModel(2));
  assert.equal(anyBatch(session), session);
  await session.close();
});
