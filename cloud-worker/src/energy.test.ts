import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createLog } from "@meanet/runtime";
import { openMeter } from "./energy.ts";

const log = createLog("test", "silent");

describe("energy meter", () => {
  test("is modelled on the CPU unless measuring is asked for, by the profile that is named", async () => {
    const standard = await openMeter({ source: "auto" }, ["cpu"], log);
    assert.equal(standard.source, "modelled:x86-server");
    const named = await openMeter({ source: "modelled", device: "jetson-nano" }, ["cuda"], log);
    assert.equal(named.source, "modelled:jetson-nano");
  });

  test("measures a GPU where nvidia-smi tells its power, and otherwise says that it models", async () => {
    const meter = await openMeter({ source: "auto" }, ["cuda"], log);
    assert.match(meter.source, /^(measured:nvml|modelled:gpu-server)$/);
    meter.close();
  });
});
