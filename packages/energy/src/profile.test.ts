import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isMeanetError } from "@meanet/runtime";
import { computeJ, deviceProfile, deviceProfileNames, deviceProfiles, joulesPerMac } from "./profile.ts";

describe("device profile", () => {
  it("gives each device its source, its derivation and pages to check them", () => {
    for (const name of deviceProfileNames) {
      const profile = deviceProfile(name);
      assert.equal(profile.name, name);
      assert.equal(profile.source, `modelled:${name}`);
      assert.ok(
        profile.sources.length > 0 && profile.sources.every((page) => page.startsWith("https://")),
        name,
      );
      assert.ok(profile.reference.derivation.length > 0 && profile.caveat.length > 0, name);
    }
  });

  it("derives joules per MAC from watts, seconds and MACs", () => {
    // by hand: 6.4 W x 225.2 ms / 4.09 G; 10 W x 42 ms / 5.342 G; 8.75 W x 1.2 ms / 69 M; 1 J / 11.58 / 4.09 G
    assert.equal((joulesPerMac(deviceProfiles["raspberry-pi-4"]) * 1e12).toFixed(0), "352");
    assert.equal((joulesPerMac(deviceProfiles["jetson-nano"]) * 1e12).toFixed(1), "78.6");
    assert.equal((joulesPerMac(deviceProfiles["x86-server"]) * 1e12).toFixed(0), "152");
    assert.equal((joulesPerMac(deviceProfiles["gpu-server"]) * 1e12).toFixed(1), "21.1");
  });

  it("gives the reference network exactly its own joules, and nothing for no work", () => {
    for (const profile of Object.values(deviceProfiles)) {
      const { itemJ, macs } = profile.reference;
      assert.ok(Math.abs(computeJ(profile, macs) - itemJ) <= 1e-12 * itemJ, profile.name);
      assert.equal(computeJ(profile, 0), 0);
    }
  });

  it("names the profiles there are when asked for another", () => {
    assert.throws(
      () => deviceProfile("toaster"),
      (error) => isMeanetError(error, "CONFIG_INVALID") && error.message.includes("raspberry-pi-4"),
    );
    assert.throws(() => deviceProfile("toString"), { code: "CONFIG_INVALID" });
  });
});
