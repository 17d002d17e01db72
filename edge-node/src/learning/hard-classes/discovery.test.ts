import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Discovery } from "./discovery.ts";

const config = {
  mode: "propose",
  hardBelow: 0.7,
  easyAbove: 0.9,
  leastItems: 20,
  saveInterval: 10_000,
} as const;

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

  describe("of a proposal that was dismissed", () => {
    /** Frames that main calls 0, a quarter of them rightly. */
    const show = (discovery: Discovery, frames: number) => {
      let ended = 0;
      for (let at = 0; at < frames; at++) ended += discovery.observe(0, at % 4) ? 1 : 0;
      return ended;
    };

    test("makes it again when as many more frames are labelled as spoke for it, and then waits longer", () => {
      const discovery = seen({ 0: 0.25 }, 40);
      assert.deepEqual([...discovery.dismiss(discovery.propose([1, 2], 3)!)], [[0, 40]]);
      assert.deepEqual([discovery.propose([1, 2], 3), discovery.dismissed], [undefined, [0]]);
      assert.equal(show(discovery, 39), 0);
      assert.equal(discovery.propose([1, 2], 3), undefined);
      assert.equal(show(discovery, 1), 1);
      const again = discovery.propose([1, 2], 3);
      assert.deepEqual([again?.becomeHard, discovery.dismissed], [[0], []]);
      assert.deepEqual([...discovery.dismiss(again!)], [[0, 80]]);
    });

    test("does not make it when the new frames speak against it", () => {
      const discovery = seen({ 0: 0.25 }, 20);
      discovery.dismiss(discovery.propose([1, 2], 3)!);
      for (let at = 0; at < 80; at++) discovery.observe(0, 0);
      assert.equal(discovery.propose([1, 2], 3), undefined);
    });

    test("counts no frame that main calls another class, and goes on proposing those", () => {
      const discovery = seen({ 0: 0.25, 1: 1 }, 40);
      const { becomeHard, becomeEasy } = discovery.propose([1, 2, 3], 5)!;
      assert.deepEqual([becomeHard, becomeEasy], [[0], [1]]);
      discovery.dismiss({ hardClasses: [], becomeHard, becomeEasy });
      for (let at = 0; at < 40; at++) discovery.observe(4, 0);
      assert.deepEqual(discovery.propose([1, 2, 3], 5), {
        hardClasses: [1, 2, 3, 4],
        becomeHard: [4],
        becomeEasy: [],
      });
    });

    test("proposes the opposite change, when the class has come to the other side by other ways", () => {
      const discovery = seen({ 0: 0.25 }, 40);
      discovery.dismiss(discovery.propose([1, 2], 3)!);
      for (let at = 0; at < 39; at++) discovery.observe(0, 0);
      const eased = new Discovery({ ...config, hardBelow: 0.3, easyAbove: 0.6 }, discovery.counts);
      assert.deepEqual(eased.propose([0, 1, 2], 3)?.becomeEasy, [0]);
    });

    test("goes on with the counts of another in every way", () => {
      const discovery = seen({ 0: 0.25, 1: 0.6 }, 40);
      discovery.dismiss({ hardClasses: [], becomeHard: [0], becomeEasy: [] });
      const again = new Discovery(config, discovery.counts);
      assert.deepEqual(again.propose([1, 2], 3), discovery.propose([1, 2], 3));
      assert.deepEqual([show(discovery, 40), show(again, 40)], [1, 1]);
      assert.deepEqual(again.counts, discovery.counts);
    });
  });
});
