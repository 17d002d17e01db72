import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { isMeanetError } from "@meanet/runtime";
import { type Coverage, chooseSource } from "./choose-source.ts";
import { type QueryOptions, resolveQuery } from "./query-options.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const now = Date.UTC(2026, 0, 31, 12, 34, 56, 789);
const all: Coverage = { raw: -Infinity, "1m": -Infinity, "1h": -Infinity };

function choose(options: QueryOptions, coverage = all) {
  return chooseSource(resolveQuery("throughput", options, now), coverage, now);
}

describe("source of an answer", () => {
  const cases: [options: QueryOptions, coverage: Partial<Coverage>, expected: string][] = [
    [{ since: "15m" }, {}, "raw"],
    [{ since: "6h" }, {}, "raw"],
    [{ since: "7h" }, {}, "1m"],
    [{ since: "14d" }, {}, "1m"],
    [{ since: "15d" }, {}, "1h"],
    [{ since: "7h", interval: "10m" }, {}, "1m"],
    [{ since: "2d", interval: "2h" }, {}, "1h"],
    [{ since: "20d", interval: "90m" }, {}, "1m"],
    [{ since: "7h", interval: "45s" }, {}, "raw"],
    [{ since: "1h" }, { raw: now - HOUR / 2 }, "1m"],
    [{ since: "10d", until: "9d" }, { raw: now - 7 * DAY, "1m": now - 9 * DAY }, "1h"],
    [{ since: "40d" }, { raw: now - 30 * DAY, "1m": now - 35 * DAY, "1h": now - 36 * DAY }, "1h"],
    // No source has all of it: the one that reaches back furthest among those that know the interval.
    [{ since: "1h", interval: "10s" }, { raw: now - HOUR / 2 }, "raw"],
  ];
  for (const [options, coverage, expected] of cases) {
    test(`${JSON.stringify(options)} with ${JSON.stringify(coverage)} is ${expected}`, () => {
      assert.equal(choose(options, { ...all, ...coverage }).from, expected);
    });
  }

  test("is rows where a store has no roll-ups", () => {
    assert.equal(choose({ since: "30d" }, { raw: -Infinity }).from, "raw");
  });

  test("is the one asked for, with a range widened to its intervals and not beyond now", () => {
    const hours = choose({ since: "90m", from: "1h" });
    assert.deepEqual([hours.from, hours.sinceMs, hours.untilMs], ["1h", Date.UTC(2026, 0, 31, 11), now]);
    const past = choose({ since: "1h", until: "2h", from: "1m" });
    assert.deepEqual(
      [past.sinceMs, past.untilMs],
      [Date.UTC(2026, 0, 31, 9, 34), Date.UTC(2026, 0, 31, 10, 35)],
    );
    const raw = choose({ since: "20d", from: "raw" });
    assert.deepEqual([raw.from, raw.sinceMs], ["raw", now - 20 * DAY]);
  });

  test("is refused where it cannot answer, with the reason", () => {
    const refused = (options: QueryOptions, coverage: Coverage, reason: RegExp) =>
      assert.throws(
        () => choose(options, coverage),
        (error) => isMeanetError(error, "QUERY_INVALID") && reason.test(error.message),
      );
    refused({ since: "1h", from: "1h" }, { raw: 0 }, /--provision/);
    refused({ since: "1h", interval: "90m", from: "1h" }, all, /whole number of 1h/);
  });
});
