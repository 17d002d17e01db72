import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { MeasuredMeter, ModelledMeter } from "./compute-meter.ts";

describe("ModelledMeter", () => {
  test("gives joules by operations and adds them up", () => {
    const meter = new ModelledMeter("modelled:test", (macs) => macs * 2);
    assert.equal(meter.begin(3)(), 6);
    assert.equal(meter.begin(1)(), 2);
    assert.equal(meter.totalJ, 8);
  });
});

describe("MeasuredMeter", () => {
  test("charges a run what the counter rises while it is in work, and nobody the idle rest", () => {
    let joules = 100;
    const meter = new MeasuredMeter("measured:test", () => joules);
    joules = 110;
    const end = meter.begin(1);
    joules = 113;
    assert.equal(end(), 3);
    joules = 200;
    assert.equal(meter.begin(1)(), 0);
    assert.equal(meter.totalJ, 3);
  });

  test("divides what overlapping runs use by their operations: no joule counts twice", () => {
    let joules = 0;
    const meter = new MeasuredMeter("measured:test", () => joules);
    const main = meter.begin(3);
    joules = 4;
    const extension = meter.begin(1);
    joules = 8;
    assert.equal(main(), 4 + 3);
    joules = 10;
    assert.equal(extension(), 1 + 2);
    assert.equal(meter.totalJ, 10);
  });

  test("charges nothing when the counter stands still or falls", () => {
    let joules = 10;
    const meter = new MeasuredMeter("measured:test", () => joules);
    const end = meter.begin(0);
    joules = 5;
    assert.equal(end(), 0);
    assert.equal(meter.totalJ, 0);
  });
});
