import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isMeanetError } from "@meanet/runtime";
import { uplinkJ, uplinkPowerW, uplinkS, uplinks } from "./uplink.ts";

describe("uplink", () => {
  it("costs 7.13 mJ for a raw 32x32x3 frame and 349.5 mJ for a 224x224x3 one over WiFi", () => {
    assert.equal((uplinkJ(uplinks.wifi, 3072) * 1000).toFixed(2), "7.13");
    assert.equal((uplinkJ(uplinks.wifi, 150_528) * 1000).toFixed(1), "349.5");
  });

  it("draws 5.479 W and takes 1.302 ms for that frame over WiFi", () => {
    assert.equal(uplinkPowerW(uplinks.wifi).toFixed(3), "5.479");
    assert.equal((uplinkS(uplinks.wifi, 3072) * 1000).toFixed(3), "1.302");
  });

  it("costs more over LTE and most over 3G", () => {
    // 3,852.62 mW x 4.2010 ms and 1,773.8 mW x 22.342 ms, by hand
    assert.equal((uplinkJ(uplinks.lte, 3072) * 1000).toFixed(2), "16.18");
    assert.equal((uplinkJ(uplinks["3g"], 3072) * 1000).toFixed(2), "39.63");
  });

  it("refuses a byte count that is negative or not a number", () => {
    for (const bytes of [-1, Number.NaN, Number.POSITIVE_INFINITY]) {
      assert.throws(
        () => uplinkJ(uplinks.wifi, bytes),
        (error) => isMeanetError(error, "ENERGY_INPUT_INVALID"),
      );
    }
  });
});
