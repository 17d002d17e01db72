import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { RefusalVerdict } from "@meanet/protocol";
import { type VerdictFilterConfig, verdictFilter } from "./verdict-filter.ts";
import { answered } from "./verdict-for-tests.ts";

const refused: RefusalVerdict = {
  ...{ id: "frame-1", site: "lab", device: "cam-1", edge: "edge-1", journal: "journal-1", seq: 1, at: 2 },
  ...{
    receivedAt: 1,
    qos: 1,
    latencyMs: 1,
    outcome: "refused",
    final: true,
    reason: "overload",
    detail: "full",
  },
};

describe("verdict filter", () => {
  const answer = answered({ confidence: 0.5, entropy: 1.5, exit: "cloud", route: "complex" });
  const cases: readonly [VerdictFilterConfig, answer: boolean, refusal: boolean][] = [
    [{}, true, true],
    [{ devices: " cam-1 ,cam-2" }, true, true],
    [{ devices: "cam-2" }, false, false],
    [{ outcome: "answered" }, true, false],
    [{ outcome: "refused" }, false, true],
    [{ finality: "final" }, true, true],
    [{ finality: "provisional" }, false, false],
    [{ labels: "Coat, Shirt" }, true, false],
    [{ labels: "Shirt" }, false, false],
    [{ exits: "main, cloud" }, true, false],
    [{ exits: "main" }, false, false],
    [{ routes: "complex" }, true, false],
    [{ routes: "easy,hard" }, false, false],
    [{ minConfidence: "0.5", maxConfidence: 0.5 }, true, false],
    [{ minConfidence: "0.6" }, false, false],
    [{ maxConfidence: "0.4" }, false, false],
    [{ minEntropy: "1.5" }, true, false],
    [{ maxEntropy: "1.4" }, false, false],
  ];
  for (const [config, answerPasses, refusalPasses] of cases) {
    it(`${JSON.stringify(config)} lets ${answerPasses ? "" : "no "}answer and ${refusalPasses ? "" : "no "}refusal pass`, () => {
      const passes = verdictFilter(config);
      assert.deepEqual([passes(answer), passes(refused)], [answerPasses, refusalPasses]);
    });
  }

  it("refuses bounds that no verdict can meet: no number, per cent, the lower above the upper", () => {
    for (const [config, message] of [
      [{ minConfidence: "much" }, /from 0 to 1, received "much"/],
      [{ minConfidence: "80" }, /from 0 to 1, received "80"/],
      [{ maxEntropy: -1 }, /of entropy must be a number from 0, received -1/],
      [{ minEntropy: "2", maxEntropy: "1" }, /no entropy is at least 2 and at most 1/],
    ] as const) {
      assert.throws(() => verdictFilter(config), { code: "CONFIG_INVALID", message });
    }
  });
});
