import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import type { LowLightResult, LowLightRun } from "./low-light.ts";
import { lowLightText, writeLowLight } from "./report.ts";

const phase = { frames: 600, labelled: 0, dropped: 0, energyJ: 0.5, cloudAnswers: 150 };
const result: LowLightResult = {
  ...{ bundle: "small@1.0.0", data: "idx", labels: "true", seed: 7, severity: 0.5 },
  hardAccuracy: { clean: 0.86, shiftedBefore: 0.64, shiftedAfter: 0.705 },
  cleanAccuracy: { before: 0.9, after: 0.895 },
  ...{ accepted: true, outcome: "accepted", reason: null, seconds: 21.04, energyJ: 310, inferenceJ: 1.5 },
  items: { label: 800, cloud: 0 },
  judged: { clean: 3_000, shiftedHard: 1_500, before: ["small@1.0.0"], after: ["small@1.0.0+edge-1.1"] },
  streamed: { clean: phase, shifted: { ...phase, labelled: 300 }, adapted: phase },
  runSeconds: 90,
};
const run: LowLightRun = {
  result,
  overTime: {
    edge: [
      { phase: "clean", atS: 2, frames: 100, accuracy: 0.85 },
      { phase: "adapted", atS: 30, frames: 100, accuracy: 0.7 },
    ],
    withCloud: [{ phase: "clean", atS: 3, frames: 100, accuracy: 0.9 }],
  },
  events: [
    { event: "started", atS: 10, text: "" },
    { event: "epoch", atS: 12, text: "" },
    { event: "swapped", atS: 25, text: "" },
  ],
  phases: [
    { name: "clean", fromS: 0, toS: 5 },
    { name: "shifted", fromS: 5, toS: 26 },
    { name: "adapted", fromS: 26, toS: 35 },
  ],
};

describe("report of low light", () => {
  it("tells before and after, what light cost and what was regained", () => {
    const text = lowLightText(result, false);
    assert.match(text, /hard classes, low light │ +1500 │ +64\.0 % │ +70\.5 % │ +\+6\.5 /);
    assert.match(text, /all classes, clean +│ +3000 │ +90\.0 % │ +89\.5 % │ +-0\.5 /);
    assert.match(text, /low light cost 22\.0 points/);
    assert.match(text, /accepted, in force 21\.0 s after the training began/);
    assert.match(text, /300 told of 600 frames/);
    assert.match(text, /800 of labels and 0 of the cloud's answers/);
  });

  it("gives the reason of a refusal, and says when no training came to its end", () => {
    const refused = { ...result, accepted: false, outcome: "refused", reason: "no better" } as const;
    assert.match(lowLightText(refused, false), /learning {3}refused: no better/);
    const none = { ...result, accepted: false, outcome: "none" } as const;
    assert.match(lowLightText(none, false), /learning {3}none came to its end in time/);
  });

  it("draws accuracy over time with phases and events, and keeps every figure beside it", async () => {
    const folder = mkdtempSync(join(tmpdir(), "meanet-report-"));
    after(() => rmSync(folder, { recursive: true }));
    const [plot, figures] = await writeLowLight(join(folder, "made"), run);
    const svg = readFileSync(plot, "utf8");
    for (const text of ["good light", "low light", "started", "swapped", "time, s"]) {
      assert.ok(svg.includes(`>${text}</text>`), `no text "${text}"`);
    }
    assert.ok(!svg.includes(">epoch</text>"));
    assert.deepEqual(JSON.parse(readFileSync(figures, "utf8")), run);
  });
});
