import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isMeanetError } from "@meanet/runtime";
import type { LabelledImages, LabelledWindows } from "../data/dataset.ts";
import { randomAt, shuffled } from "./random.ts";
import { channelMoments, drawSubjects, holdOut, subjectsOut } from "./split.ts";

function images(labels: readonly number[], bytes: readonly number[] = []): LabelledImages {
  const shared = (values: readonly number[]) => {
    const array = new Uint8Array(new SharedArrayBuffer(values.length));
    array.set(values);
    return array;
  };
  return {
    kind: "image",
    count: labels.length,
    shape: [2, 1, 2],
    images: shared(bytes),
    labels: shared(labels),
  };
}

describe("holdOut", () => {
  const labelled = images(Array.from({ length: 100 }, (_, index) => (index < 70 ? 0 : 1)));

  it("takes as many frames of each class as it has of the whole, and no frame twice", () => {
    const { train, heldOut } = holdOut(labelled, 20, 1);
    assert.equal(heldOut.filter((index) => index < 70).length, 14);
    assert.deepEqual(
      Uint32Array.from([...train, ...heldOut]).sort(),
      Uint32Array.from({ length: 100 }, (_, index) => index),
    );
  });

  it("draws the same frames for the same seed, others for another", () => {
    assert.deepEqual(holdOut(labelled, 20, 1), holdOut(labelled, 20, 1));
    assert.notDeepEqual(holdOut(labelled, 20, 1).heldOut, holdOut(labelled, 20, 2).heldOut);
  });
});

function windows(subjects: readonly number[], readings: readonly number[] = []): LabelledWindows {
  const bytes = (values: readonly number[]) => {
    const array = new Uint8Array(new SharedArrayBuffer(values.length));
    array.set(values);
    return array;
  };
  const floats = new Float32Array(new SharedArrayBuffer(4 * readings.length));
  floats.set(readings);
  const labels = bytes(subjects.map(() => 0));
  const [count, shape] = [subjects.length, [2, 2] as const];
  return { kind: "window", count, shape, rateHz: 50, windows: floats, labels, subjects: bytes(subjects) };
}

describe("held-out subjects", () => {
  const worn = windows([9, 4, 4, 9, 7, 7, 5, 4]);

  it("leave with all of their windows", () => {
    const { train, heldOut } = subjectsOut(worn, [4, 7]);
    assert.deepEqual(heldOut, Uint32Array.of(1, 2, 4, 5, 7));
    assert.deepEqual(train, Uint32Array.of(0, 3, 6));
  });

  it("are drawn by the seed, and some are always left to learn from", () => {
    const draws = Array.from({ length: 40 }, (_, seed) => drawSubjects(worn, 2, seed).join());
    assert.deepEqual(drawSubjects(worn, 2, 3).join(), draws[3]);
    assert.deepEqual([...new Set(draws)].sort(), ["4,5", "4,7", "4,9", "5,7", "5,9", "7,9"]);
    assert.throws(
      () => drawSubjects(worn, 4, 1),
      (error) => isMeanetError(error, "RECIPE_INVALID"),
    );
  });

  it("are not asked of images, which have none", () => {
    assert.throws(
      () => drawSubjects(images([0, 1]), 1, 1),
      (error) => isMeanetError(error, "RECIPE_INVALID"),
    );
  });
});

describe("channelMoments", () => {
  it("are of raw values for windows", () => {
    const two = windows([1, 2], [9, 9, 9, 9, 1, 3, -2, -2]);
    assert.deepEqual(channelMoments(two, Uint32Array.of(1)), { mean: [2, -2], std: [1, 1] });
  });

  it("of a channel that never changes have a deviation to divide by, whatever rounding leaves of its squares", () => {
    for (const value of [0, 0.1, -9.81, 101_325.3, 1e-7]) {
      const still = windows([1], Array<number>(4).fill(value));
      assert.deepEqual(channelMoments(still, Uint32Array.of(0)).std, [1, 1], `${value}`);
    }
  });

  it("keep four digits of small units", () => {
    const tesla = windows([1], [4e-5, 6e-5, -0.002, 0.002]);
    assert.deepEqual(channelMoments(tesla, Uint32Array.of(0)), { mean: [5e-5, 0], std: [1e-5, 0.002] });
  });

  it("gives mean and standard deviation per channel, of the frames named only", () => {
    const two = images([0, 0], [0, 255, 51, 51, 255, 255, 255, 255]);
    const moments = channelMoments(two, Uint32Array.of(0));
    assert.deepEqual(moments, { mean: [0.5, 0.2], std: [0.5, 1] });
  });
});

describe("randomAt", () => {
  it("gives known draws, so that a seed means the same on every machine and in every version", () => {
    const random = randomAt(1, 2, 3);
    assert.deepEqual([random.below(1e6), random.below(1e6), random.below(1e6)], [93031, 748622, 901370]);
  });

  it("gives unlike draws at neighbouring places, uniform over [0, 1)", () => {
    const draws = Array.from({ length: 20_000 }, (_, place) => randomAt(7, place).next());
    const mean = draws.reduce((sum, draw) => sum + draw, 0) / draws.length;
    assert.ok(Math.abs(mean - 0.5) < 0.01, `mean ${mean}`);
    const pairs = draws.slice(1).reduce((sum, draw, index) => sum + (draw - 0.5) * (draws[index]! - 0.5), 0);
    assert.ok(Math.abs(pairs / draws.length) < 0.002, `covariance ${pairs / draws.length}`);
    assert.ok(draws.every((draw) => draw >= 0 && draw < 1));
  });

  it("shuffles without losing an entry", () => {
    const order = shuffled(Uint32Array.of(5, 6, 7, 8), randomAt(1));
    assert.deepEqual(order.toSorted(), Uint32Array.of(5, 6, 7, 8));
  });
});
