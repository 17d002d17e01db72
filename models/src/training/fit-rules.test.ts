import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { softmax, tempered } from "../routing.ts";
import { fitRules, fitTemperature, type Judged, logLoss } from "./fit-rules.ts";
import { randomAt } from "./random.ts";

/** Frames whose class is drawn from softmax(logits), and what a network that claims softmax(logits · sharpness) says of them. */
function frames(count: number, sharpness: number): Judged[] {
  const random = randomAt(5);
  return Array.from({ length: count }, () => {
    const logits = Array.from({ length: 5 }, () => 4 * random.next());
    const drawn = random.next();
    let [target, passed] = [0, 0];
    for (const [index, p] of softmax(logits).entries()) {
      if (passed <= drawn) target = index;
      passed += p;
    }
    return { p: softmax(logits.map((logit) => logit * sharpness)), target };
  });
}

describe("fitTemperature", () => {
  it("finds how much too sure a network is, and how much too unsure", () => {
    for (const sharpness of [3, 1, 0.5]) {
      const temperature = fitTemperature(frames(4000, sharpness));
      assert.ok(Math.abs(temperature / sharpness - 1) < 0.1, `${sharpness}: ${temperature}`);
    }
  });

  it("finds a temperature that no neighbour beats", () => {
    const some = frames(300, 2);
    const temperature = fitTemperature(some);
    const least = logLoss(some, temperature);
    for (const factor of [0.5, 0.9, 0.99, 1.01, 1.1, 2]) {
      assert.ok(logLoss(some, temperature * factor) > least, `${factor}`);
    }
  });

  it("gives 1 without frames, and the lowest it looks at where every answer is right", () => {
    assert.equal(fitTemperature([]), 1);
    assert.equal(fitTemperature([{ p: [0.8, 0.2], target: 0 }]), 0.1);
  });
});

describe("logLoss", () => {
  it("is the mean of -ln of the tempered probability of the true class", () => {
    const some = frames(3, 1);
    const expected = some.reduce((sum, { p, target }) => sum - Math.log(tempered(p, 1.7)[target]!) / 3, 0);
    assert.ok(Math.abs(logLoss(some, 1.7) - expected) < 1e-12);
  });

  it("stays finite where the true class has probability 0", () => {
    assert.ok(Number.isFinite(logLoss([{ p: [1, 0], target: 1 }], 1)));
  });
});

describe("fitRules", () => {
  it("fits the extension on frames it ran for and whose class it can say", () => {
    const p1 = Float64Array.of(0.6, 0.3, 0.1);
    const easyToo = fitRules(
      [0, 1, 2, 2],
      [
        { p1, p2: Float64Array.of(0.7, 0.3) },
        { p1, p2: Float64Array.of(0.6, 0.4) },
        { p1, p2: Float64Array.of(0.9, 0.1) }, // class 2 is easy
        { p1 },
      ],
      [0, 1],
    );
    const expected = fitTemperature([
      { p: [0.7, 0.3], target: 0 },
      { p: [0.6, 0.4], target: 1 },
    ]);
    assert.equal(easyToo.temperatures.extension, expected);
  });

  it('takes an easy class for the target "not hard" where the extension has one', () => {
    const p1 = Float64Array.of(0.6, 0.3, 0.1);
    const p2 = Float64Array.of(0.5, 0.2, 0.3);
    const { temperatures } = fitRules(
      [0, 2],
      [
        { p1, p2 },
        { p1, p2 },
      ],
      [0, 1],
    );
    const expected = fitTemperature([
      { p: p2, target: 0 },
      { p: p2, target: 2 },
    ]);
    assert.equal(temperatures.extension, expected);
  });

  it("gives a rule the weight nearest to a half of those that are as good", () => {
    const edge = [{ p1: Float64Array.of(0.8, 0.2), p2: Float64Array.of(0.7, 0.3) }];
    const { fusionWeight, productWeight } = fitRules([0], edge, [0, 1]);
    assert.deepEqual([fusionWeight, productWeight], [0.5, 0.5]);
  });
});
