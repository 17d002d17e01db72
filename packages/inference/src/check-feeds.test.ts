import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isMeanetError } from "@meanet/runtime";
import { checkFeeds } from "./check-feeds.ts";
import type { ValueInfo } from "./session.ts";
import type { TensorViews } from "./tensor-view.ts";

const inputs: ValueInfo[] = [
  { name: "x", type: "float32", shape: ["N", 1, 2, 2] },
  { name: "F1", type: "float32", shape: ["N", 3] },
  { name: "mask", type: "bool", shape: ["", 1] },
];
const x = { data: new Float32Array(8), dims: [2, 1, 2, 2] };
const F1 = { data: new Float32Array(6), dims: [2, 3] };
const mask = { data: new Uint8Array(5), dims: [5, 1] };

const problems = (feeds: TensorViews): unknown => {
  try {
    checkFeeds("extension", inputs, feeds);
    return [];
  } catch (error) {
    assert.ok(isMeanetError(error, "MODEL_INPUT_MISMATCH"));
    return error.details.problems;
  }
};

describe("feeds", () => {
  it("pass when names, types and shapes fit, unnamed dimensions each with a size of its own", () => {
    assert.deepEqual(problems({ x, F1, mask }), []);
    assert.deepEqual(problems({ mask: { data: Buffer.alloc(1), dims: [1, 1] }, F1, x }), []);
  });

  it("list all missing and all unknown names at once", () => {
    assert.deepEqual(problems({ F1, f1: F1, y: x }), ["missing: x, mask", "not an input: f1, y"]);
  });

  it("do not take an inherited property for an input", () => {
    assert.throws(() => checkFeeds("e", [{ name: "toString", type: "float32", shape: [1] }], {}), {
      message: "e: missing: toString",
    });
  });

  it("tell a wrong type, rank and fixed dimension by name", () => {
    assert.deepEqual(
      problems({
        x: { data: new Uint8Array(8), dims: [2, 1, 2, 2] },
        F1: { data: new Float32Array(8), dims: [2, 4] },
        mask: { data: new Uint8Array(5), dims: [5] },
      }),
      [
        "x: expected float32, received Uint8Array",
        "F1: expected [N,3], received [2,4]",
        "mask: expected [,1], received [5]",
      ],
    );
  });

  it("tell dims that do not multiply to the data, or are no counts", () => {
    assert.deepEqual(
      problems({ x: { data: x.data, dims: [1, 1, 2, 2] }, F1: { ...F1, dims: [1, 3] }, mask }),
      [
        "x: dims [1,1,2,2] do not multiply to its 8 numbers",
        "F1: dims [1,3] do not multiply to its 6 numbers",
      ],
    );
    assert.deepEqual(problems({ x, F1: { data: F1.data, dims: [-2, -3] }, mask }), [
      "F1: dims [-2,-3] do not multiply to its 6 numbers",
      "F1: expected [N,3], received [-2,-3]",
      "F1: N is -2, but 2 in x",
    ]);
  });

  it("tell a batch size that differs between inputs", () => {
    assert.deepEqual(problems({ x, F1: { data: new Float32Array(9), dims: [3, 3] }, mask }), [
      "F1: N is 3, but 2 in x",
    ]);
  });
});
