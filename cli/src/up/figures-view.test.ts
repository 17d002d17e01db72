import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { stripVTControlCharacters } from "node:util";
import {
  FIGURES_TABLE_COLUMNS,
  figuresLine,
  figuresTable,
  type LiveFigures,
  summaryText,
} from "./figures-view.ts";

const figures: LiveFigures = {
  frames: 1000,
  verdicts: 990,
  refused: 8,
  refusals: { "wrong-size": { frames: 8, detail: "3 bytes" } },
  dropped: 2,
  accuracy: 0.9131,
  exits: { main: 495, extension: 297, cloud: 198 },
  latencyMs: { p50: 4.25, p99: 61.7 },
  energyJ: { edge: 0.9, uplink: 0.4, total: 1.3, perFrame: 0.001313 },
  uplinkBytes: 155_232,
  elapsedMs: 12_400,
  nodeDrops: 8,
};

describe("figures for people", () => {
  it("fit into a line", () => {
    assert.equal(
      figuresLine(figures),
      "  12 s  1000 frames | main 50.0 %, extension 30.0 %, cloud 20.0 % | accuracy 91.3 % | p50 4.3 ms p99 62 ms | 1.31 mJ/frame | 155 kB to the cloud | 8 refused, 2 dropped",
    );
  });

  it("fit into a table", () => {
    const [, head, , row] = stripVTControlCharacters(figuresTable(figures)).split("\n");
    const cells = (line: string | undefined) =>
      line
        ?.split("│")
        .map((cell) => cell.trim())
        .filter(Boolean);
    assert.deepEqual(cells(head), [
      ...[
        "frames",
        "main",
        "extension",
        "cloud",
        "accuracy",
        "p50",
        "p99",
        "J/frame",
        "to the cloud",
        "drops",
      ],
    ]);
    assert.deepEqual(cells(row), [
      ...["1000", "50.0 %", "30.0 %", "20.0 %", "91.3 %", "4.3 ms", "62 ms", "1.31 mJ", "155 kB", "10"],
    ]);
  });

  it("keep within the width that the table is said to need", () => {
    const wide = {
      ...figures,
      frames: 12_345_678,
      exits: { main: 0, extension: 990, cloud: 0 },
      accuracy: 1,
    };
    const [line = ""] = stripVTControlCharacters(figuresTable(wide)).split("\n");
    assert.ok(line.length <= FIGURES_TABLE_COLUMNS, `${line.length} columns`);
  });

  it("say at the end why frames were refused", () => {
    assert.match(summaryText(figures), /\nrefused {4}8 wrong-size: 3 bytes\nexits/);
  });

  it("show a dash where nothing is known yet", () => {
    const nothing = {
      ...figures,
      verdicts: 0,
      accuracy: null,
      latencyMs: { p50: null, p99: null },
      energyJ: { edge: 0, uplink: 0, total: 0, perFrame: null },
    };
    assert.match(summaryText(nothing), /accuracy {3}–\nlatency {4}p50 –, p99 –\nenergy {5}0 J = edge 0 J/);
  });
});
