import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { chooseRoute, type Policy, parsePolicy, seededRandom } from "./policy.ts";

const sure = { entropy: 0.1, hard: false };
const sureHard = { entropy: 0.1, hard: true };
const unsure = { entropy: 1.2, hard: true };

function routes(policy: Policy, random = () => 0.5) {
  return [sure, sureHard, unsure].map((item) => chooseRoute(policy, item, { threshold: 0.8, random }));
}

describe("chooseRoute", () => {
  test("meanet sends what main is unsure of, whatever its class", () => {
    assert.deepEqual(routes({ name: "meanet" }), ["easy", "hard", "complex"]);
  });

  test("meanet keeps a frame whose entropy is the threshold itself", () => {
    const at = chooseRoute(
      { name: "meanet" },
      { entropy: 0.8, hard: false },
      { threshold: 0.8, random: () => 0 },
    );
    assert.equal(at, "easy");
  });

  test("edge-only sends nothing, cloud-only everything", () => {
    assert.deepEqual(routes({ name: "edge-only" }), ["easy", "hard", "hard"]);
    assert.deepEqual(routes({ name: "cloud-only" }), ["complex", "complex", "complex"]);
  });

  test("random sends by lot, all at 1 and none at 0", () => {
    assert.deepEqual(routes({ name: "random", share: 0.4 }), ["easy", "hard", "hard"]);
    assert.deepEqual(routes({ name: "random", share: 0.6 }), ["complex", "complex", "complex"]);
    assert.deepEqual(
      routes({ name: "random", share: 0 }, () => 0),
      ["easy", "hard", "hard"],
    );
    assert.deepEqual(
      routes({ name: "random", share: 1 }, () => 1 - 2 ** -32),
      ["complex", "complex", "complex"],
    );
  });
});

describe("parsePolicy", () => {
  test("reads every form", () => {
    assert.deepEqual(parsePolicy("meanet"), { name: "meanet" });
    assert.deepEqual(parsePolicy("edge-only"), { name: "edge-only" });
    assert.deepEqual(parsePolicy("cloud-only"), { name: "cloud-only" });
    for (const [text, share] of [
      ["0", 0],
      ["1", 1],
      ["0.25", 0.25],
      [".5", 0.5],
    ] as const) {
      assert.deepEqual(parsePolicy(`random:${text}`), { name: "random", share });
    }
  });

  test("takes nothing else", () => {
    for (const text of [
      "",
      "Meanet",
      "random",
      "random:",
      "random:1.1",
      "random:-1",
      "random:1e-1",
      "random:x",
    ]) {
      assert.equal(parsePolicy(text), undefined, text);
    }
  });
});

describe("seededRandom", () => {
  test("repeats itself with the seed and is spread evenly", () => {
    const draw = (seed: number) => {
      const random = seededRandom(seed);
      return Array.from({ length: 10_000 }, random);
    };
    assert.deepEqual(draw(7), draw(7));
    assert.notDeepEqual(draw(7), draw(8));
    for (const limit of [0.1, 0.5, 0.9]) {
      const share = draw(1).filter((value) => value < limit).length / 10_000;
      assert.ok(Math.abs(share - limit) < 0.02, `${share} below ${limit}`);
    }
    assert.ok(draw(3).every((value) => value >= 0 && value < 1));
  });
});
