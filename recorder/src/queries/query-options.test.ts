import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { isMeanetError } from "@meanet/runtime";
import { resolveQuery } from "./query-options.ts";

const NOW = 1_752_473_600_000;

describe("query options", () => {
  test("begin fifteen minutes before now unless told otherwise", () => {
    const { sinceMs, untilMs, by, intervalMs } = resolveQuery("latency", {}, NOW);
    assert.deepEqual([NOW - sinceMs, untilMs, by, intervalMs], [900_000, NOW, undefined, undefined]);
  });

  test("take durations, milliseconds and dates", () => {
    const resolved = resolveQuery(
      "latency",
      { since: "2h", until: "10m", interval: "1m", by: "device" },
      NOW,
    );
    assert.deepEqual([resolved.untilMs, resolved.sinceMs], [NOW - 600_000, NOW - 600_000 - 7_200_000]);
    assert.equal(resolved.intervalMs, 60_000);
    const dates = resolveQuery("latency", { since: "2025-07-14T00:00:00Z", until: String(NOW) }, NOW);
    assert.deepEqual([dates.sinceMs, dates.untilMs], [Date.UTC(2025, 6, 14), NOW]);
  });

  test("take the exits by exit for what they are without being asked", () => {
    assert.equal(resolveQuery("exits", { by: "exit" }, NOW).by, undefined);
    assert.equal(resolveQuery("latency", { by: "exit" }, NOW).by, "exit");
  });

  const wrong: readonly [string, string, Record<string, unknown>, RegExp][] = [
    ["an unknown query", "speed", {}, /unknown query "speed"; expected one of throughput/],
    ["a query named like a property of every object", "constructor", {}, /unknown query/],
    ["an unknown option", "latency", { sinse: "1h" }, /sinse/],
    ["a bare number of seconds for an interval", "latency", { interval: "10" }, /"10s".*received "10"/],
    ["an interval of nothing", "latency", { interval: "0s" }, /whole milliseconds/],
    ["an interval with a fraction of a millisecond", "latency", { interval: "0.5ms" }, /whole milliseconds/],
    ["a grouping that the query has not", "drops", { by: "exit" }, /by must be one of device, edge, site/],
    ["an unknown grouping", "latency", { by: "label" }, /device/],
    ["a moment that is none", "latency", { since: "yesterday" }, /"15m".*received "yesterday"/],
    ["an option given twice", "latency", { since: ["1h", "2h"] }, /since/],
    ["a begin after the end", "latency", { since: String(NOW), until: "1h" }, /before until/],
    ["intervals of what tells of one moment", "nodes", { interval: "1m" }, /leave interval out/],
    ["more intervals than anyone can read", "latency", { since: "30d", interval: "1ms" }, /10000 intervals/],
    ["a statement in place of a value", "latency", { by: "device; DROP TABLE verdict" }, /by/],
    ["a statement in place of a site", "latency", { site: "lab' OR '1'='1" }, /1 to 64 of a-z.*\n.*site/],
  ];
  for (const [what, name, options, reason] of wrong) {
    test(`refuse ${what}, saying why`, () => {
      assert.throws(
        () => resolveQuery(name, options, NOW),
        (error) => isMeanetError(error, "QUERY_INVALID") && reason.test(error.message),
      );
    });
  }
});
