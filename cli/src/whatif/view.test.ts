import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { WhatIf } from "@meanet/recorder";
import { whatIfPlot, whatIfSvg, whatIfTable } from "./view.ts";

const row = (threshold: number, sentShare: number, changes: Partial<WhatIf["rows"][number]> = {}) => ({
  ...{
    threshold,
    inForce: false,
    sent: 100 * sentShare,
    sentShare,
    coverage: 0.5,
    judged: 50,
    accuracy: 0.9,
  },
  ...{ estimatedAccuracy: 0.8, extrapolated: 0.25, edgeJ: 2, uplinkJ: 1, cloudJ: 4, jPerFrame: 0.03 },
  ...{ uplinkBytes: 30_000, costCoverage: 0.5 },
  ...changes,
});
const answer: WhatIf = {
  ...{ since: 0, until: 3_600_000, frames: 100, truncated: false, labelled: 60, judge: "labels" },
  models: [{ model: "toy@1.0.0", frames: 100 }],
  edges: [{ edge: "edge-1", frames: 100 }],
  thresholds: [{ threshold: 0.8, frames: 100 }],
  inForce: { threshold: 0.8, from: "verdict" },
  rows: [
    row(0, 1, { cloudJ: null, accuracy: null, judged: 0 }),
    row(0.8, 0.3, { inForce: true, coverage: 1, extrapolated: 0, costCoverage: 1, jPerFrame: 0.0123456 }),
    row(2, 0),
  ],
};

describe("what if, as text", () => {
  const cells = (text: string) =>
    text
      .split("\n")
      .filter((line) => line.startsWith("│"))
      .map((line) => line.split("│").flatMap((cell) => cell.trim() || []));

  it("marks the threshold in force, estimates that are carried on, means, and what is not known", () => {
    const table = whatIfTable(answer, false);
    const [head, zero, force] = cells(table);
    assert.deepEqual(head, [
      ...["T, nats", "sent", "known", "accuracy", "estimate", "J/frame", "J", "cloud J", "bytes up"],
    ]);
    assert.deepEqual(zero, [...["0", "100.0 %", "50.0 %", "–", "80.0 % *", "~ 0.03", "~ 3", "–", "~ 30000"]]);
    assert.deepEqual(force, [
      ...["→ 0.8", "30.0 %", "100.0 %", "90.0 % of 50", "80.0 %", "0.01235", "3", "4", "30000"],
    ]);
    assert.match(table, /100 frames; 60 with a label/);
    assert.doesNotMatch(table, /several|another policy/);
  });

  it("says that no row is what happened where another policy routed some of the frames", () => {
    const told = { ...answer, thresholds: [{ threshold: 0.8, frames: 90 }] };
    assert.match(whatIfTable(told, false), /^10 frames tell no threshold: another policy routed them/m);
    assert.doesNotMatch(
      whatIfTable({ ...answer, thresholds: [], inForce: null }, false),
      /tell no threshold/,
    );
  });

  it("says what must not be read into it", () => {
    const mixed = whatIfTable(
      {
        ...answer,
        ...{ judge: "cloud", labelled: 0, truncated: true, inForce: null },
        models: [...answer.models, { model: "hat@1.0.0", frames: 3 }],
        thresholds: [...answer.thresholds, { threshold: 0.5, frames: 4 }],
      },
      false,
    );
    assert.equal(cells(mixed)[0]?.[3], "agreement with cloud");
    for (const said of [
      /newest of more/,
      /no labels/,
      /no threshold in force/,
      /0\.5 \(4 frames\)/,
      /hat@1/,
    ]) {
      assert.match(mixed, said);
    }
  });

  it("draws the curve in characters, and leaves out what is not known everywhere", () => {
    const plot = whatIfPlot(answer, false);
    assert.match(plot, /^threshold 0 to 2 nats\n +100\.0 % /);
    assert.match(plot, /── accuracy, estimate {2}── share sent {2}── share known/);
    const rows = [row(0, 1, { estimatedAccuracy: null }), row(2, 0)];
    assert.doesNotMatch(whatIfPlot({ ...answer, rows }, false), /accuracy, estimate/);
    assert.match(whatIfPlot({ ...answer, rows: [row(0.8, 0.3)] }, false), /share sent/);
  });

  it("draws it as an SVG document, with the threshold in force", () => {
    const svg = whatIfSvg(answer);
    assert.match(svg, /^<svg role="img"/);
    for (const said of ["accuracy, estimate", "share sent", "J per frame", "T 0.8", "100 frames"]) {
      assert.ok(svg.includes(said), said);
    }
    assert.equal(whatIfSvg(answer), svg);
  });
});
