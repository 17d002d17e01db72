import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { QueryResult } from "@meanet/recorder";
import { queryPlot } from "./plot.ts";
import { querySource, queryTable } from "./table.ts";

const since = Date.UTC(2026, 0, 1);
const exits: QueryResult = {
  query: "exits",
  from: "raw",
  since,
  until: since + 40_000,
  columns: ["time", "device", "exit", "frames", "share"],
  rows: [
    [since, "camera-1", "cloud", 12, 0.25],
    [since, "camera-1", "main", 36, 0.75],
    [since + 30_000, "camera-1", "main", 6, 1],
  ],
};

describe("a query's table", () => {
  it("shows times, shares and what is not known as people read them", () => {
    const rows = queryTable(
      { ...exits, rows: [...exits.rows, [since, "camera-2", "main", null, 0.0001234]] },
      false,
    ).split("\n");
    const cells = rows
      .filter((line) => line.startsWith("│"))
      .map((line) =>
        line
          .split("│")
          .map((cell) => cell.trim())
          .filter(Boolean),
      );
    assert.deepEqual(cells[0], ["time", "device", "exit", "frames", "share"]);
    assert.deepEqual(cells[1], ["2026-01-01T00:00:00.000Z", "camera-1", "cloud", "12", "25.0 %"]);
    assert.deepEqual(cells[4], ["2026-01-01T00:00:00.000Z", "camera-2", "main", "–", "0.0 %"]);
  });
});

describe("a query's source", () => {
  it("tells the time it covers, and that percentiles of roll-ups are estimates", () => {
    assert.equal(querySource(exits), "from raw rows, 2026-01-01T00:00:00.000Z to 2026-01-01T00:00:40.000Z");
    const rolled = { ...exits, query: "latency", from: "1h" } as const;
    assert.match(querySource(rolled), /^from roll-ups of an hour, .*; percentiles are estimates$/);
  });
});

describe("a query's plot", () => {
  it("draws one line per group; an interval without rows counts as zero", () => {
    const plot = queryPlot("exits", exits, 10_000, false).split("\n");
    assert.equal(plot[0], "exits: frames per 10 s, 2026-01-01T00:00:00.000Z to 2026-01-01T00:00:40.000Z");
    assert.equal(plot.at(-1), "── camera-1 cloud  ── camera-1 main");
    assert.match(plot[1]!, /^ {8}36 ┼╮\s*$/);
    assert.match(plot.at(-2)!, /^ {9}0 ┤.*─/);
  });

  it("carries on what is not known, and draws a constant", () => {
    const latency: QueryResult = {
      query: "latency",
      from: "raw",
      since,
      until: since + 40_000,
      columns: ["time", "frames", "meanMs", "p50Ms", "p99Ms", "maxMs"],
      rows: [
        [since + 10_000, 3, 4, 4, 4, 4],
        [since + 30_000, 3, 4, 4, 4, 4],
      ],
    };
    const plot = queryPlot("latency", latency, 10_000, false).split("\n");
    assert.match(plot[1]!, /^ {9}4 ┼─── *$/);
    assert.equal(plot.length, 15);
  });

  it("begins its axis at a plain 0, whatever the numbers are", () => {
    const throughput: QueryResult = {
      query: "throughput",
      from: "raw",
      since,
      until: since + 40_000,
      columns: ["time", "frames", "framesPerS"],
      rows: [[since + 10_000, 3, 0.05]],
    };
    const plot = queryPlot("throughput", throughput, 10_000, false).split("\n");
    assert.match(plot.at(-2)!, /^ {9}0 [┤┼]/);
  });

  it("says so when there is nothing to draw", () => {
    assert.equal(queryPlot("exits", { ...exits, rows: [] }, 10_000, false), "nothing in this time");
  });
});
