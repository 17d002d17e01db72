import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isMeanetError } from "@meanet/runtime";
import { convModel, scaleModel, typedModel } from "../test/models.ts";
import { openSession, Tensor } from "./session.ts";

describe("session", () => {
  it("runs a model and tells its inputs and outputs", async () => {
    const session = await openSession(scaleModel(2));
    assert.equal(session.provider, "cpu");
    assert.deepEqual(session.inputs, [{ name: "x", type: "float32", shape: ["N", 3] }]);
    assert.deepEqual(session.outputNames, ["y"]);
    const { y } = await session.run({ x: new Tensor("float32", Float32Array.of(1, 2, 3), [1, 3]) });
    assert.deepEqual(y?.data, Float32Array.of(2, 4, 6));
    await session.close();
  });

  it("writes a preallocated output in place", async () => {
    const session = await openSession(scaleModel(3), { memArena: false });
    const own = new Float32Array(3);
    await session.run(
      { x: new Tensor("float32", Float32Array.of(1, 2, 3), [1, 3]) },
      { y: new Tensor("float32", own, [1, 3]) },
    );
    assert.deepEqual(own, Float32Array.of(3, 6, 9));
    await session.close();
  });

  it("gives the same answer on two threads, spinning or not", async () => {
    const x = new Tensor("float32", Float32Array.from({ length: 768 }, Math.cos), [1, 3, 16, 16]);
    const [one, two, spinning] = await Promise.all(
      [{}, { threads: 2 }, { threads: 2, spinning: true }].map(async (options) => {
        const session = await openSession(convModel(), options);
        const { y } = await session.run({ x });
        await session.close();
        return y?.data;
      }),
    );
    assert.deepEqual(two, one);
    assert.deepEqual(spinning, one);
  });

  it("carries int64 and uint8 tensors", async () => {
    const session = await openSession(typedModel());
    const outputs = await session.run({
      left: new Tensor("int64", BigInt64Array.of(1n, 2n), [2]),
      right: new Tensor("int64", BigInt64Array.of(40n, -2n), [2]),
      flags: new Tensor("uint8", Uint8Array.of(0, 255), [2]),
    });
    assert.deepEqual(outputs.sum?.data, BigInt64Array.of(41n, 0n));
    assert.deepEqual(outputs.copy?.data, Uint8Array.of(0, 255));
    await session.close();
  });

  it("names a damaged, an empty and a missing model, whatever provider was wished", async () => {
    const truncated = convModel().subarray(0, 500);
    for (const model of [truncated, new Uint8Array(0), "/nowhere/model.onnx"]) {
      for (const providers of [["cpu"], ["cuda", "cpu"], ["cuda"]] as const) {
        await assert.rejects(openSession(model, { providers }), (error) =>
          isMeanetError(error, "MODEL_INVALID"),
        );
      }
    }
  });

  it("names a failing run and stays usable", async () => {
    const session = await openSession(scaleModel(2));
    const wrong = new Tensor("float32", new Float32Array(4), [1, 4]);
    await assert.rejects(session.run({ x: wrong }), (error) => isMeanetError(error, "INFERENCE_FAILED"));
    const right = new Tensor("float32", Float32Array.of(1, 1, 1), [1, 3]);
    assert.deepEqual((await session.run({ x: right })).y?.data, Float32Array.of(2, 2, 2));
    await session.close();
  });
});
