import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { casesTable, memoryTable, summarise, summariseMemory } from "./report.ts";
import type { Round } from "./round.ts";

const nothing = { accuracy: null, exits: null, edgeJPerFrame: null, cloudJPerFrame: null };
const carried = (framesPerS: number): Round => ({
  ...nothing,
  ...{ framesPerS, p50Ms: 1, p99Ms: 2, uplinkBytesPerFrame: null, refused: 0 },
});
const answered = (framesPerS: number): Round => ({
  ...carried(framesPerS),
  accuracy: 0.9,
  exits: { main: 0.5, extension: 0.25, cloud: 0.25 },
  edgeJPerFrame: 0.002,
  cloudJPerFrame: 0.001,
  uplinkBytesPerFrame: 240,
});

const reports = summarise({
  "engine alone": [carried(1000), carried(4000), carried(2000)],
  "relay alone": [carried(2000), carried(2000), carried(2000)],
  meanet: [answered(500), answered(1000), answered(800)],
  "edge-only": [answered(600), answered(600), answered(600)],
  "cloud-only": [answered(100), answered(100), answered(100)],
});

describe("report", () => {
  it("takes ratios within a round, and the median of them", () => {
    const meanet = reports.find(({ name }) => name === "meanet")!;
    assert.equal(meanet.median.framesPerS, 800);
    assert.equal(meanet.rateToEngine, 0.4);
    assert.equal(meanet.rateToRelay, 0.4);
  });

  it("shows a dash for what a case does not have", () => {
    const [, , engine, , meanet] = casesTable(reports).split("\n");
    assert.match(engine!, /^engine alone +2000 +100\.0 % +100\.0 % +1\.0 +2\.0( +–){7} +0$/);
    assert.match(meanet!, /^meanet +800 .* 90\.0 % +50\.0 % +25\.0 % +25\.0 % +2\.000 +1\.000 +240 +0$/);
  });

  it("adds up what the processes held", () => {
    const sample = (mib: number) => [
      { name: "broker", residentBytes: mib * 2 ** 20, peakBytes: 2 * mib * 2 ** 20 },
      { name: "edge-1", residentBytes: 100 * 2 ** 20, peakBytes: 100 * 2 ** 20 },
    ];
    const lines = memoryTable(summariseMemory([sample(50), sample(70), sample(60)])).split("\n");
    assert.deepEqual(
      lines.slice(2).map((line) => line.split(/ +/)),
      [
        ["broker", "60", "140"],
        ["edge-1", "100", "100"],
        ["total", "160"],
      ],
    );
  });
});
