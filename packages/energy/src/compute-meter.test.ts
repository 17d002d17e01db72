import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { MeasuredMeter, ModelledMeter } from "./compute-meter.ts";
import { computeJ, deviceProfile } from "./profile.ts";
import type { EnergyMeter } from "./source.ts";

/** A counter that a test sets. */
class Counter implements EnergyMeter {
  readonly source = "measured:rapl";
  joules = 0;
  closed = false;

  gone = false;

  readJ(): number {
    if (this.gone) throw new Error("EACCES");
    return this.joules;
  }

  close(): void {
    this.closed = true;
  }
}

describe("ModelledMeter", () => {
  test("gives joules by operations and adds them up", () => {
    const profile = deviceProfile("gpu-server");
    const meter = new ModelledMeter(profile);
    const joules = [3e6, 1e6].map((macs) => meter.begin(macs)());
    assert.deepEqual(joules, [computeJ(profile, 3e6), computeJ(profile, 1e6)]);
    assert.equal(meter.totalJ, joules[0]! + joules[1]!);
    assert.equal(meter.source, "modelled:gpu-server");
  });
});

describe("MeasuredMeter", () => {
  test("charges a run what the counter rises while it is in work, and nobody the idle rest", () => {
    const counter = new Counter();
    counter.joules = 100;
    const meter = new MeasuredMeter(counter);
    counter.joules = 110;
    const end = meter.begin(1);
    counter.joules = 113;
    assert.equal(end(), 3);
    counter.joules = 200;
    assert.equal(meter.begin(1)(), 0);
    assert.equal(meter.totalJ, 3);
  });

  test("goes on without joules while the counter cannot be read, and tells it once each time", () => {
    const counter = new Counter();
    const lost: unknown[] = [];
    const meter = new MeasuredMeter(counter, (error) => lost.push(error));
    const end = meter.begin(1);
    counter.gone = true;
    assert.equal(end(), 0);
    assert.equal(meter.begin(1)(), 0);
    assert.equal(lost.length, 1);
    counter.gone = false;
    counter.joules = 500;
    const ofNow = meter.begin(1);
    counter.joules = 502;
    assert.equal(ofNow(), 2);
    assert.equal(meter.totalJ, 2);
    counter.gone = true;
    meter.begin(1)();
    assert.equal(lost.length, 2);
  });

  test("divides what overlapping runs use by their operations: no joule counts twice", () => {
    const counter = new Counter();
    const meter = new MeasuredMeter(counter);
    const main = meter.begin(3);
    counter.joules = 4;
    const extension = meter.begin(1);
    counter.joules = 8;
    assert.equal(main(), 4 + 3);
    counter.joules = 10;
    assert.equal(extension(), 1 + 2);
    assert.equal(meter.totalJ, 10);
  });

  test("charges nothing when the counter stands still or falls", () => {
    const counter = new Counter();
    counter.joules = 10;
    const meter = new MeasuredMeter(counter);
    const end = meter.begin(0);
    counter.joules = 5;
    assert.equal(end(), 0);
    assert.equal(meter.totalJ, 0);
  });

  test("names its counter, and closes it", () => {
    const counter = new Counter();
    const meter = new MeasuredMeter(counter);
    assert.equal(meter.source, "measured:rapl");
    meter.close();
    assert.ok(counter.closed);
  });
});
