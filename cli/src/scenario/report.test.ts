import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { lowLightText, writeLowLight } from "./report.ts";
import { lowLightRun as run } from "./run.fixture.ts";

const { result } = run;

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
