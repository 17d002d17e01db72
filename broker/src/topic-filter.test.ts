import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { covers, matches, parseSharedFilter } from "./topic-filter.ts";

describe("matches", () => {
  const cases: readonly (readonly [string, string, boolean])[] = [
    ["a/b", "a/b", true],
    ["a/b", "a/b/c", false],
    ["a/b/c", "a/b", false],
    ["a/+", "a/b", true],
    ["a/+", "a", false],
    ["a/+", "a/", true],
    ["+/+", "/finance", true],
    ["+", "/finance", false],
    ["a/#", "a", true],
    ["a/#", "a/b/c", true],
    ["a/#", "ab", false],
    ["#", "a/b", true],
    ["#", "$SYS/x", false],
    ["+/x", "$SYS/x", false],
    ["$SYS/#", "$SYS/x", true],
    ["a/+/c/#", "a/b/c/d/e", true],
    ["a/+/c/#", "a/b/d", false],
  ];
  for (const [filter, topic, expected] of cases) {
    it(`${filter} ${expected ? "takes" : "does not take"} ${topic}`, () => {
      assert.equal(matches(filter, topic), expected);
    });
  }
});

describe("covers", () => {
  const cases: readonly (readonly [string, string, boolean])[] = [
    ["#", "a/+/b/#", true],
    ["#", "$SYS/#", false],
    ["a/#", "a", true],
    ["a/#", "a/#", true],
    ["a/#", "+/b", false],
    ["a/+", "a/+", true],
    ["a/+", "a/b", true],
    ["a/+", "a/#", false],
    ["a/+", "a", false],
    ["a/b", "a/+", false],
    ["a/+/c", "a/b/c", true],
    ["a/+/c", "a/b", false],
  ];
  for (const [right, filter, expected] of cases) {
    it(`${right} ${expected ? "covers" : "does not cover"} ${filter}`, () => {
      assert.equal(covers(right, filter), expected);
    });
  }

  it("agrees with matching: what a covered filter takes, the right takes", () => {
    const levels = ["a", "b", ""];
    const wild = [...levels, "+"];
    const topics = levels.flatMap((x) => [
      x,
      ...levels.flatMap((y) => [`${x}/${y}`, ...levels.map((z) => `${x}/${y}/${z}`)]),
    ]);
    const filters = [
      "#",
      ...wild.flatMap((x) => [x, `${x}/#`, ...wild.flatMap((y) => [`${x}/${y}`, `${x}/${y}/#`])]),
    ];
    for (const right of filters) {
      for (const filter of filters) {
        if (!covers(right, filter)) continue;
        const strays = topics.filter((topic) => matches(filter, topic) && !matches(right, topic));
        assert.deepEqual(strays, [], `${right} covers ${filter}`);
      }
    }
  });
});

describe("parseSharedFilter", () => {
  it("splits group and filter", () => {
    assert.deepEqual(parseSharedFilter("$share/workers/a/+/#"), { group: "workers", filter: "a/+/#" });
  });

  it("knows no group without a name or a filter", () => {
    for (const text of ["$share", "$share/g", "$share/g/", "$share//a", "$share/+/a", "a/b"]) {
      assert.equal(parseSharedFilter(text), undefined, text);
    }
  });
});
