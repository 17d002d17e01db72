import assert from "node:assert/strict";
import { it } from "node:test";
import { randomAt } from "../training/random.ts";
import { balancedDraw } from "./batches.ts";

it("balanced draw › gives every class its turn however few items it has, and items of a class by their weight", () => {
  const draw = balancedDraw({ targets: [0, 0, 0, 0, 0, 0, 1, 1], weights: [1, 1, 1, 1, 1, 1, 3, 1] });
  const drawn = new Array<number>(8).fill(0);
  const random = randomAt(7);
  for (let count = 0; count < 8000; count++) drawn[draw(random)]! += 1;
  const ofClass1 = drawn[6]! + drawn[7]!;
  assert.ok(Math.abs(ofClass1 / 8000 - 0.5) < 0.03, drawn.join());
  assert.ok(Math.abs(drawn[6]! / ofClass1 - 0.75) < 0.03, drawn.join());
  assert.ok(drawn.every((count) => count > 0));
});
