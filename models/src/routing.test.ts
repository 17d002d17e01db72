import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isMeanetError } from "@meanet/runtime";
import fc from "fast-check";
import { argmax, calledHard, decide, decisionRules, entropy, route, softmax, tempered } from "./routing.ts";

const close = (actual: number, expected: number) =>
  assert.ok(Math.abs(actual - expected) < 1e-12, `${actual} is not ${expected}`);

describe("softmax", () => {
  it("gives the hand-computed probabilities of logits 0, ln 2, ln 5", () => {
    const [a, b, c] = softmax([0, Math.log(2), Math.log(5)]);
    close(a!, 1 / 8);
    close(b!, 2 / 8);
    close(c!, 5 / 8);
  });

  it("does not overflow on logits in the thousands", () => {
    assert.deepEqual(Array.from(softmax([5000, 5000])), [0.5, 0.5]);
  });
});

/** Any distribution over `length` classes. */
const distribution = (length: number) =>
  fc
    .array(fc.double({ min: -9, max: 9, noNaN: true }), { minLength: length, maxLength: length })
    .map((logits) => softmax(logits));

describe("tempered", () => {
  it("is the softmax of logits divided by the temperature", () => {
    const logits = [0.3, -2, 4];
    const expected = softmax(logits.map((logit) => logit / 2.5));
    for (const [index, p] of Array.from(tempered(softmax(logits), 2.5)).entries()) close(p, expected[index]!);
  });

  it("keeps the order, and everything at temperature 1", () => {
    fc.assert(
      fc.property(distribution(5), fc.double({ min: 0.1, max: 10, noNaN: true }), (p, temperature) => {
        assert.equal(tempered(p, temperature)[argmax(p)], Math.max(...Array.from(tempered(p, temperature))));
        assert.equal(tempered(p, 1), p);
      }),
    );
  });
});

describe("entropy", () => {
  it("is ln C for the uniform distribution and 0 for a certain one", () => {
    close(entropy([0.25, 0.25, 0.25, 0.25]), Math.log(4));
    assert.equal(entropy([0, 1, 0]), 0);
  });

  it("is 1.0397 nats, 1.5 ln 2, for halves and quarters", () => {
    close(entropy([0.5, 0.25, 0.25]), 1.5 * Math.log(2));
  });

  it("refuses logits, vectors that do not sum to 1, and NaN", () => {
    for (const vector of [
      [2, -1],
      [0.5, 0.4],
      [Number.NaN, 1],
    ]) {
      assert.throws(
        () => entropy(vector),
        (error) => isMeanetError(error, "INPUT_NOT_A_DISTRIBUTION"),
      );
    }
  });

  it("stays within 0 and ln C for the softmax of any logits", () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: -500, max: 500, noNaN: true }), { minLength: 2, maxLength: 20 }),
        (logits) => {
          const nats = entropy(softmax(logits));
          assert.ok(nats >= 0 && nats <= Math.log(logits.length));
        },
      ),
    );
  });
});

describe("route", () => {
  const hardClasses = [2, 0];
  const p1 = [0.2, 0.7, 0.1]; // entropy 0.8018

  it("asks the cloud above the threshold only, whatever the class", () => {
    assert.equal(route({ p1, threshold: 0.8, hardClasses }), "complex");
    assert.equal(route({ p1, threshold: 0.81, hardClasses }), "easy");
  });

  it("asks nobody at a threshold of ln C, the greatest entropy there is", () => {
    const third = 1 / 3;
    assert.equal(route({ p1: [third, third, third], threshold: Math.log(3), hardClasses: [1] }), "easy");
  });

  it("tells hard from easy by main's class", () => {
    assert.equal(route({ p1: [0.7, 0.2, 0.1], threshold: 2, hardClasses }), "hard");
    assert.equal(route({ p1, threshold: 2, hardClasses }), "easy");
    assert.equal(calledHard([0.1, 0.2, 0.7], hardClasses), true);
  });
});

describe("decide", () => {
  const hardClasses = [3, 1];
  const p1 = [0.1, 0.5, 0.1, 0.3];

  it("takes main's answer when the extension did not run", () => {
    assert.deepEqual(decide({ p1, rule: "extension", hardClasses }), {
      classIndex: 1,
      confidence: 0.5,
      exit: "main",
    });
  });

  it("takes the extension's class through the label dictionary by rule `extension`", () => {
    assert.deepEqual(decide({ p1, p2: [0.55, 0.45], rule: "extension", hardClasses }), {
      classIndex: 3,
      confidence: 0.55,
      exit: "extension",
    });
  });

  it("takes the more confident of both by rule `confidence`, the extension at a tie", () => {
    const first = [0, 0.75, 0, 0.25];
    assert.equal(decide({ p1: first, p2: [0.7, 0.3], rule: "confidence", hardClasses }).classIndex, 1);
    const tie = decide({ p1: first, p2: [0.75, 0.25], rule: "confidence", hardClasses });
    assert.deepEqual([tie.classIndex, tie.exit], [3, "extension"]);
  });

  it("averages both over the hard classes by rule `mean`", () => {
    // Main's share of the hard classes: 0.3/0.8 and 0.5/0.8, so (0.375 + 0.55)/2 and (0.625 + 0.45)/2.
    const answer = decide({ p1, p2: [0.55, 0.45], rule: "mean", hardClasses });
    assert.equal(answer.classIndex, 1);
    assert.equal(answer.exit, "extension");
    close(answer.confidence, 0.5375);
  });

  it("joins both to one distribution over all classes by rule `fusion`", () => {
    // Main gives the hard classes 0.8: class 3 has 0.75·0.3 + 0.25·0.8·0.9, class 1 has 0.75·0.5 + 0.25·0.8·0.1.
    const p2 = [0.9, 0.1];
    const answer = decide({ p1, p2, rule: "fusion", hardClasses, fusionWeight: 0.25 });
    assert.deepEqual([answer.classIndex, answer.exit], [3, "extension"]);
    close(answer.confidence, 0.405);
    assert.equal(decide({ p1, p2, rule: "fusion", hardClasses, fusionWeight: 0.2 }).classIndex, 1);
    close(decide({ p1, p2, rule: "fusion", hardClasses, fusionWeight: 0.2 }).confidence, 0.416);
  });

  it("answers by rule `fusion` with w = ½ as by `mean`, less confident by what main leaves to easy classes", () => {
    fc.assert(
      fc.property(distribution(4), distribution(2), (first, second) => {
        fc.pre(calledHard(first, hardClasses));
        const mean = decide({ p1: first, p2: second, rule: "mean", hardClasses });
        const fusion = decide({ p1: first, p2: second, rule: "fusion", hardClasses });
        assert.ok(Math.abs(fusion.confidence - mean.confidence * (first[3]! + first[1]!)) < 1e-12);
      }),
    );
  });

  it("multiplies both over the hard classes by rule `product`", () => {
    // Roots of 0.3·0.9 and 0.5·0.1, of which class 3 has 0.699; main gives the hard classes 0.8.
    const both = { p1, p2: [0.9, 0.1], rule: "product", hardClasses } as const;
    const answer = decide({ ...both, fusionWeight: 0.5 });
    assert.deepEqual([answer.classIndex, answer.exit], [3, "extension"]);
    close(answer.confidence, (0.8 * Math.sqrt(0.27)) / (Math.sqrt(0.27) + Math.sqrt(0.05)));
    assert.equal(decide({ ...both, fusionWeight: 0 }).classIndex, 1);
    close(decide({ ...both, fusionWeight: 1 }).confidence, 0.72);
    // Each is sure of what the other finds impossible.
    const opposed = decide({ ...both, p1: [0, 1, 0, 0], p2: [1, 0], fusionWeight: 0.5 });
    close(opposed.confidence, 0.5);
  });

  it("compares calibrated confidences where temperatures are given, and changes no class of main", () => {
    const sure = { p1: [0, 0.9, 0, 0.1], p2: [0.8, 0.2], rule: "confidence", hardClasses } as const;
    assert.equal(decide(sure).exit, "main");
    // Main is found too sure: 0.9 and 0.1 at temperature 2 are 3:1.
    const calibrated = { ...sure, temperatures: { main: 2, extension: 1 } };
    assert.equal(decide(calibrated).exit, "extension");
    const alone = decide({ ...calibrated, p2: undefined });
    assert.equal(alone.classIndex, 1);
    close(alone.confidence, 0.75);
  });

  it('lets main\'s answer stand where the extension says "not hard", whatever the rule', () => {
    for (const rule of decisionRules) {
      const answer = decide({ p1, p2: [0.3, 0.2, 0.5], rule, hardClasses });
      assert.deepEqual(answer, { classIndex: 1, confidence: 0.5, exit: "main" });
    }
  });

  it('renormalises an extension that might have said "not hard" before it is joined with main', () => {
    for (const rule of ["mean", "fusion", "product"] as const) {
      const three = decide({ p1, p2: [0.6, 0.2, 0.2], rule, hardClasses });
      const two = decide({ p1, p2: [0.75, 0.25], rule, hardClasses });
      assert.equal(three.classIndex, two.classIndex);
      close(three.confidence, two.confidence);
    }
    assert.equal(decide({ p1, p2: [0.6, 0.2, 0.2], rule: "extension", hardClasses }).confidence, 0.6);
  });

  it("breaks ties of argmax towards the first class", () => {
    assert.equal(argmax([1, 3, 3]), 1);
  });
});
