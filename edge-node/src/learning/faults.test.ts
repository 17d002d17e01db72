import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createLog, MeanetError } from "@meanet/runtime";
import { Faults } from "./faults.ts";

function open() {
  const told: string[] = [];
  let nowMs = 0;
  const faults = new Faults({
    tell: (reason) => told.push(reason),
    now: () => nowMs,
    log: createLog("test", "silent"),
  });
  const fail = (text: string, entry = "frame") =>
    faults.guard(entry, () => {
      throw new Error(text);
    });
  const work = (entry = "frame") => faults.guard(entry, () => undefined);
  const pass = (ms: number) => {
    nowMs += ms;
  };
  return { faults, told, fail, work, pass };
}

describe("the border around learning", () => {
  test("lets nothing through, and tells each cause once", () => {
    const { told, fail } = open();
    for (let frame = 0; frame < 100; frame++) fail(frame % 2 === 0 ? "full" : "gone");
    fail("full", "label");
    assert.deepEqual(told, ["full", "gone"]);
  });

  test("tells a cause again after its entry has worked, and not every time where it works and fails by turns", () => {
    const { told, fail, work, pass } = open();
    fail("full");
    pass(3_600_000);
    fail("full");
    work("label");
    fail("full");
    assert.deepEqual(told, ["full"]);
    work();
    fail("full");
    assert.deepEqual(told, ["full", "full"]);
    for (let frame = 0; frame < 100; frame++) {
      work();
      pass(100);
      fail("full");
    }
    assert.deepEqual(told, ["full", "full"]);
    work();
    pass(60_000);
    fail("full");
    assert.deepEqual(told, ["full", "full", "full"]);
  });

  test("holds also where nobody can be told", () => {
    const tell = () => {
      throw new Error("nobody listens");
    };
    const faults = new Faults({ tell, now: () => 0, log: createLog("test", "silent") });
    assert.doesNotThrow(() => faults.guard("frame", tell));
  });

  test("takes what one fault led to for one cause", () => {
    const { faults, told } = open();
    const cause = new Error("disk is full");
    const cannot = (what: string) => new MeanetError("ITEMS_UNUSABLE", `cannot ${what}`, {}, { cause });
    faults.report("items", cannot("open"));
    faults.report("items", cannot("write"));
    faults.report("items", cause);
    assert.deepEqual(told, ["cannot open"]);
  });

  test("is no flood where every frame fails in words of its own", () => {
    const { told, fail } = open();
    for (let frame = 0; frame < 1000; frame++) fail(`frame ${frame} is odd`);
    assert.equal(told.length, 16);
  });
});
