import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { LabelledImages } from "../data/dataset.ts";
import { randomAt, shuffled } from "./random.ts";
import { channelMoments, holdOut } from "./split.ts";

function images(labels: readonly number[], bytes: readonly number[] = []): LabelledImages {
  const shared = (values: readonly number[]) => {
    const array = new Uint8Array(new SharedArrayBuffer(values.length));
    array.set(values);
    return array;
  };
  return { count: labels.length, shape: [2, 1, 2], images: shared(bytes), labels: shared(labels) };
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

describe("channelMoments", () => {
  it("gives mean and standard deviation per channel, of the frames named only", () => {
    const two = images([0, 0], [0, 255, 51, 51, 255, 255, 255, 255]);
    const moments = channelMoments(two, Uint32Array.of(0));
    assert.deepEqual(moments, { mean: [0.5, 0.2], std: [0.5, 0] });
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
