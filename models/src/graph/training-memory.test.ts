import assert from "node:assert/strict";
import { test } from "node:test";
import { jointPart, meanetParts, meanetSpecSchema } from "../networks/index.ts";
import { GraphBuilder } from "./graph.ts";
import { trainingMemory } from "./training-memory.ts";

test("the memory of a step is what was counted by hand", () => {
  const graph = new GraphBuilder();
  const conv = graph.conv("conv", graph.input("x", [3, 8, 8]), 4, 3, 1); // 108 weights
  const map = graph.relu("relu", graph.batchNorm("bn", conv)); // 8 parameters
  const pooled = graph.flatten("flatten", graph.averagePool("pool", map, "global"));
  const part = {
    name: "main",
    graph: graph.build({ y1: graph.linear("linear", pooled, 2) }), // 10 parameters
    logits: "y1",
  } as const;
  // Read again: x 192, the convolution's output 256, the rectified map 256, what the linear layer takes 4.
  assert.deepEqual(trainingMemory(part, 2), {
    weights: 4 * 126,
    gradients: 4 * 126,
    momentum: 4 * 126,
    activations: 4 * 2 * 708,
    total: 4 * (3 * 126 + 2 * 708),
  });
});

for (const variant of ["A", "B"] as const) {
  test(`ResNet-32 variant ${variant}: block-wise training needs less than a third of the memory of all at once`, () => {
    const spec = meanetSpecSchema.parse({
      input: [3, 32, 32],
      classes: 100,
      hardClasses: 50,
      variant,
      backbone: { widths: [16, 32, 64], blocks: [5, 5, 5] },
    });
    const blockWise = trainingMemory(meanetParts(spec).extension, 128);
    const joint = trainingMemory(jointPart(spec), 128);
    assert.ok(blockWise.total < joint.total / 3, `${blockWise.total} of ${joint.total}`);
    assert.equal(blockWise.weights, joint.weights);
  });
}
