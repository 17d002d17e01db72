import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { randomAt } from "../training/random.ts";
import { type Corruption, corrupt, lowLight } from "./corruption.ts";

const SHAPE = [2, 16, 16] as const;
const none = lowLight(0);
/** Every byte occurs. */
const picture = Uint8Array.from({ length: 2 * 16 * 16 }, (_, index) => (index * 31) % 256);
const grey = (byte: number) => new Uint8Array(2 * 16 * 16).fill(byte);
const apply = (planes: Uint8Array, part: Partial<Corruption>, seed = 1) =>
  corrupt(planes, SHAPE, { ...none, ...part }, randomAt(seed));

describe("low light", () => {
  it("of severity 0 leaves a picture as it is", () => {
    assert.deepEqual(apply(picture, none), picture);
  });

  it("gives the same picture for the same seed, and another for another", () => {
    const dusk = lowLight(0.5);
    assert.deepEqual(apply(picture, dusk, 7), apply(picture, dusk, 7));
    assert.notDeepEqual(apply(picture, dusk, 7), apply(picture, dusk, 8));
  });

  it("does not change the picture it is given", () => {
    const given = picture.slice();
    apply(given, lowLight(1));
    assert.deepEqual(given, picture);
  });

  it("darkens and blurs more with severity", () => {
    const severities = [0, 0.25, 0.5, 0.75, 1];
    const quiet = { photons: Number.POSITIVE_INFINITY, readNoise: 0 };
    const means = severities.map((severity) => mean(apply(grey(255), { ...lowLight(severity), ...quiet })));
    assert.deepEqual(
      means,
      means.toSorted((a, b) => b - a),
    );
    assert.equal(new Set(means).size, severities.length);
    const spreads = severities.map((severity) =>
      deviation(apply(picture, { blurPx: lowLight(severity).blurPx })),
    );
    assert.deepEqual(
      spreads,
      spreads.toSorted((a, b) => b - a),
    );
  });
});

describe("corrupt", () => {
  it("darkens by gain, then by the tone curve", () => {
    assert.deepEqual(apply(grey(200), { gain: 0.5 }), grey(100));
    // 255 (0.5 · 200/255)^2 = 39.2
    assert.deepEqual(apply(grey(200), { gain: 0.5, gamma: 2 }), grey(39));
  });

  it("blurs with a Gaussian that keeps the light and its planes apart", () => {
    const point = new Uint8Array(2 * 16 * 16);
    point[8 * 16 + 8] = 255;
    const blurred = apply(point, { blurPx: 1 });
    // The discrete Gaussian of deviation 1 over ±3 has 0.3991 at its middle and 0.2420 beside it.
    assert.equal(blurred[8 * 16 + 8], Math.round(255 * 0.3991 ** 2));
    assert.equal(blurred[8 * 16 + 9], Math.round(255 * 0.3991 * 0.242));
    assert.equal(blurred[9 * 16 + 8], blurred[8 * 16 + 9]);
    assert.ok(blurred.subarray(256).every((byte) => byte === 0));
    assert.deepEqual(apply(grey(77), { blurPx: 2 }), grey(77));
  });

  it("adds noise of the variance of the photons, and of the sensor", () => {
    const wide = new Uint8Array(64 * 64).fill(128);
    const noisy = (part: Partial<Corruption>) =>
      deviation(corrupt(wide, [1, 64, 64], { ...none, ...part }, randomAt(3))) / 255;
    // 4,096 draws: the deviation of a deviation is about 1 % of it.
    assert.ok(Math.abs(noisy({ photons: 100 }) - Math.sqrt(128 / 255 / 100)) < 0.003);
    assert.ok(Math.abs(noisy({ readNoise: 0.04 }) - 0.04) < 0.002);
  });

  it("stays within bytes: what is too dark is black, what is too bright is white", () => {
    const wild = apply(picture, { readNoise: 10 });
    assert.ok(wild.includes(0) && wild.includes(255));
    assert.equal(wild.length, picture.length);
  });
});

function mean(bytes: Uint8Array): number {
  return bytes.reduce((sum, byte) => sum + byte, 0) / bytes.length;
}

function deviation(bytes: Uint8Array): number {
  const middle = mean(bytes);
  return Math.sqrt(bytes.reduce((sum, byte) => sum + (byte - middle) ** 2, 0) / bytes.length);
}
