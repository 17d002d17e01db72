import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { computeJ, deviceProfile, type EnergyMeter } from "@meanet/energy";
import { createLog } from "@meanet/runtime";
import { measuredMeter, modelledMeter, openMeter } from "./batch-meter.ts";

const log = createLog("test", "silent");
const profile = deviceProfile("gpu-server");

describe("batch meter", () => {
  test("by a profile charges operations, and names the profile", () => {
    const meter = modelledMeter(profile);
    const joules = [1e6, 3e6].map((macs) => meter.begin(macs)());
    assert.deepEqual(joules, [computeJ(profile, 1e6), computeJ(profile, 3e6)]);
    assert.equal(meter.totalJ, joules[0]! + joules[1]!);
    assert.equal(meter.source, "modelled:gpu-server");
  });

  test("by a counter charges what it rises during a batch, and nothing in between", () => {
    let readJ = 100;
    let closed = false;
    const counter: EnergyMeter = {
      source: "measured:nvml",
      readJ: () => readJ,
      close: () => {
        closed = true;
      },
    };
    const meter = measuredMeter(counter);
    readJ = 150;
    const end = meter.begin(1);
    readJ = 152.5;
    assert.equal(end(), 2.5);
    readJ = 200;
    assert.equal(meter.totalJ, 2.5);
    assert.equal(meter.source, "measured:nvml");
    meter.close();
    assert.ok(closed);
  });

  test("is modelled on the CPU unless measuring is asked for, by the profile that is named", async () => {
    const standard = await openMeter({ source: "auto" }, "cpu", log);
    assert.equal(standard.source, "modelled:x86-server");
    const named = await openMeter({ source: "modelled", device: "jetson-nano" }, "cuda", log);
    assert.equal(named.source, "modelled:jetson-nano");
  });

  test("measures a GPU where nvidia-smi tells its power, and otherwise says that it models", async () => {
    const meter = await openMeter({ source: "auto" }, "cuda", log);
    assert.match(meter.source, /^(measured:nvml|modelled:gpu-server)$/);
    meter.close();
  });
});
