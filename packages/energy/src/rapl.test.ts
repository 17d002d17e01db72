import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { openRapl } from "./rapl.ts";

/** The tree of a server with one package, as `ls /sys/class/powercap` shows it. */
const zones = {
  "intel-rapl:0": "package-0",
  "intel-rapl:0:0": "core",
  "intel-rapl:0:1": "dram",
  "intel-rapl:1": "psys",
  "intel-rapl-mmio:0": "package-0",
};

describe("rapl", () => {
  let root: string;

  const set = (zone: string, energyUj: number) =>
    writeFileSync(join(root, zone, "energy_uj"), `${energyUj}\n`);

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "powercap-"));
    mkdirSync(join(root, "intel-rapl"));
    for (const [zone, name] of Object.entries(zones)) {
      mkdirSync(join(root, zone));
      writeFileSync(join(root, zone, "name"), `${name}\n`);
      writeFileSync(join(root, zone, "max_energy_range_uj"), "262143328850\n");
      set(zone, 262_143_000_000);
    }
  });
  afterEach(() => rmSync(root, { recursive: true }));

  it("counts joules of package and memory since it was opened", () => {
    const meter = openRapl({ root });
    assert.equal(meter?.source, "measured:rapl");
    assert.equal(meter.readJ(), 0);
    set("intel-rapl:0", 262_143_200_000);
    set("intel-rapl:0:1", 262_143_010_000);
    assert.equal(meter.readJ(), 0.21);
    assert.equal(meter.readJ(), 0.21);
  });

  it("leaves out zones that are part of another or contain it", () => {
    const meter = openRapl({ root });
    for (const zone of ["intel-rapl:0:0", "intel-rapl:1", "intel-rapl-mmio:0"]) set(zone, 262_143_300_000);
    assert.equal(meter?.readJ(), 0);
  });

  it("goes on across a counter that wraps around, again and again", () => {
    const meter = openRapl({ root });
    set("intel-rapl:0", 1_000_000);
    // 328,850 µJ to the range's end, then 1,000,000
    assert.ok(Math.abs(meter!.readJ() - 1.32885) < 1e-9);
    set("intel-rapl:0", 2_000_000);
    assert.ok(Math.abs(meter!.readJ() - 2.32885) < 1e-9);
    set("intel-rapl:0", 0);
    assert.ok(Math.abs(meter!.readJ() - (2.32885 + 262_143.32885 - 2)) < 1e-6);
  });

  it("throws when a counter goes away, rather than stand still", () => {
    const meter = openRapl({ root });
    rmSync(join(root, "intel-rapl:0", "energy_uj"));
    assert.throws(() => meter?.readJ(), { code: "ENOENT" });
  });

  it("is undefined, and says why, without powercap, without a package, or with an unreadable counter", () => {
    const reasons: string[] = [];
    const onUnavailable = (reason: string) => reasons.push(reason);
    assert.equal(openRapl({ root: join(root, "none"), onUnavailable }), undefined);
    rmSync(join(root, "intel-rapl:0", "energy_uj"));
    assert.equal(openRapl({ root, onUnavailable }), undefined);
    for (const zone of Object.keys(zones)) rmSync(join(root, zone), { recursive: true });
    assert.equal(openRapl({ root, onUnavailable }), undefined);
    assert.equal(reasons.length, 3);
    assert.match(reasons[2]!, /no intel-rapl package/);
  });
});
