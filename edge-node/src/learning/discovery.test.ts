import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Discovery } from "./discovery.ts";

const config = { mode: "propose", hardBelow: 0.7, easyAbove: 0.9, leastItems: 20 } as const;

function seen(precisions: Readonly<Record<number, number>>, items = 100): Discovery {
  const discovery = new Discovery(config);
  for (const [predicted, precision] of Object.entries(precisions)) {
    for (let at = 0; at < items; at++) {
      discovery.observe(Number(predicted), at < precision * items ? Number(predicted) : 99);
    }
  }
  return discovery;
}

describe("discovery of hard classes", () => {
  test("proposes what main gets wrong too often as hard, and what it gets right as easy", () => {
    assert.deepEqual(seen({ 0: 0.6, 1: 0.95, 2: 0.8, 3: 0.5 }).propose([1, 2, 4], 5), {
      hardClasses: [2, 4, 0, 3],
      becomeHard: [0, 3],
      becomeEasy: [1],
    });
  });

  test("changes nothing between both bounds, nor on few frames", () => {
    // 0.8 is neither: hard stays hard, easy stays easy.
    assert.equal(seen({ 0: 0.8, 1: 0.8, 2: 0.8 }).propose([1, 2], 3), undefined);
    assert.equal(seen({ 0: 0.2, 1: 1 }, 19).propose([1, 2], 3), undefined);
  });

  test("leaves two hard classes, the worse ones", () => {
    assert.deepEqual(seen({ 0: 0.91, 1: 0.99, 2: 0.95 }).propose([0, 1, 2], 3)?.hardClasses, [0, 2]);
    assert.equal(seen({ 0: 1, 1: 1 }).propose([0, 1], 3), undefined);
  });

  test("forgets: a class that the site made hard shows, whatever it was before", () => {
    const discovery = seen({ 0: 1 }, 2000);
    for (let at = 0; at < 500; at++) discovery.observe(0, 1);
    assert.ok(discovery.precision(0)! < 0.7);
  });
});
