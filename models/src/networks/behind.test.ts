import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { isMeanetError } from "@meanet/runtime";
import { assertGradient } from "../graph/reference/central-differences.ts";
import { specBehind } from "./behind.ts";
import { extensionBehind } from "./meanet.ts";

const options = { classes: 6, hardClasses: 3, extensionBlocks: 1 } as const;

/** Shape of the adaptive block's map where it meets F1. */
function met(
  input: readonly [number, number, number],
  features: readonly [number, number, number],
): readonly number[] {
  const { graph } = extensionBehind(specBehind({ ...options, input, features }), features);
  const joined = graph.calls.find(({ op }) => op === "concat")!;
  return graph.shapes.get(joined.inputs[1]!)!;
}

describe("adaptive and extension block behind any main", () => {
  for (const [what, input, features] of [
    ["that halves twice", [1, 28, 28], [48, 7, 7]],
    ["that halves five times", [3, 224, 224], [512, 7, 7]],
    ["of full size", [3, 16, 16], [12, 16, 16]],
    ["whose convolutions have no padding", [1, 28, 28], [16, 5, 5]],
    ["that shrinks by a border only", [1, 28, 28], [16, 26, 26]],
    ["that shrinks along one axis", [3, 12, 40], [20, 12, 5]],
    ["with one pixel", [1, 9, 9], [10, 1, 1]],
    ["with fewer channels than the narrowest stage has", [1, 28, 28], [4, 7, 7]],
  ] as const) {
    test(`meet features of a main ${what}`, () => assert.deepEqual(met(input, features), features));
  }

  test("have the gradients that central differences have, also where the map is averaged down", async () => {
    const features = [6, 5, 4] as const;
    const spec = specBehind({ ...options, input: [1, 13, 11], features });
    await assertGradient({ part: extensionBehind(spec, features), batch: 3, seed: 5 });
  });

  test("are refused where the adaptive block's map is smaller than F1", () => {
    const spec = specBehind({ ...options, input: [1, 28, 28], features: [8, 7, 7] });
    assert.throws(
      () => extensionBehind(spec, [8, 9, 9]),
      (error) => isMeanetError(error, "NETWORK_INVALID") && /expected a larger one/.test(error.message),
    );
  });
});
