import assert from "node:assert/strict";
import { it } from "node:test";
import { initialise, meanetParts, meanetSpecSchema } from "../networks/index.ts";
import { carryOver } from "./dictionary.ts";

const spec = {
  input: [1, 8, 8],
  classes: 6,
  variant: "A",
  exitPool: "global",
  backbone: { widths: [2, 3], blocks: [1, 1] },
} as const;

function partOf(hardClasses: number, notHard?: true) {
  return meanetParts(meanetSpecSchema.parse({ ...spec, hardClasses, ...(notHard ? { notHard } : {}) }))
    .extension;
}

it("carry over › rows of kept classes keep their weights wherever they move, new ones start fresh, all below stays", () => {
  for (const notHard of [undefined, true] as const) {
    const from = { part: partOf(3, notHard), hardClasses: [5, 0, 2] };
    const to = { part: partOf(4, notHard), hardClasses: [2, 4, 5, 1] };
    const values = initialise(from.part, 1);
    // Biases begin at zero: tell the rows apart.
    values.theta.forEach((value, at) => {
      if (value === 0) values.theta[at] = at / 1000;
    });
    const after = carryOver({ ...from, values }, to, 9);
    const fresh = initialise(to.part, 9).theta;
    const last = to.part.graph.parameters.slice(-2);
    const first = last[0]!.offset;
    assert.deepEqual(after.theta.subarray(0, first), values.theta.subarray(0, first));
    for (const parameter of last) {
      const before = from.part.graph.parameters.find(({ name }) => name === parameter.name)!;
      const width = parameter.size / parameter.shape[0]!;
      const newRow = (theta: Float32Array, row: number) =>
        theta.slice(parameter.offset + row * width, parameter.offset + (row + 1) * width);
      const oldRow = (row: number) =>
        values.theta.slice(before.offset + row * width, before.offset + (row + 1) * width);
      assert.deepEqual(newRow(after.theta, 0), oldRow(2));
      assert.deepEqual(newRow(after.theta, 2), oldRow(0));
      for (const row of [1, 3]) assert.deepEqual(newRow(after.theta, row), newRow(fresh, row));
      if (notHard) assert.deepEqual(newRow(after.theta, 4), oldRow(3));
    }
    assert.equal(after.statistics, values.statistics);
  }
});
