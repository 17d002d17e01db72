import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { EnergyLedger, shareJ } from "./ledger.ts";
import { computeJ, deviceProfiles } from "./profile.ts";
import { uplinkJ, uplinks } from "./uplink.ts";

/** Numbers in [0, 1) by a linear congruence: the same ones on every run. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Exact sum of doubles: as integers of 2^-1074, the smallest step of a double. */
function exactSum(values: readonly number[]): number {
  const scale = 2n ** 1074n;
  const toInteger = (value: number) => {
    let exponent = 0;
    let mantissa = value;
    while (!Number.isInteger(mantissa)) {
      mantissa *= 2;
      exponent += 1;
    }
    return (BigInt(mantissa) * scale) / 2n ** BigInt(exponent);
  };
  const sum = values.reduce((total, value) => total + toInteger(value), 0n);
  return Number(sum / 2n ** 1000n) / 2 ** 74;
}

describe("energy ledger", () => {
  for (const seed of [1, 2, 3, 4, 5]) {
    it(`closes: the items add up to the counter (seed ${seed})`, () => {
      const random = seeded(seed);
      const ledger = new EnergyLedger();
      const profile = Object.values(deviceProfiles)[Math.floor(random() * 4)]!;
      const items = Array.from({ length: 5000 }, () => ({
        mainJ: computeJ(profile, Math.floor(10 ** (random() * 10))),
        extensionJ: random() < 0.5 ? computeJ(profile, Math.floor(10 ** (random() * 10))) : 0,
        uplinkJ: random() < 0.2 ? uplinkJ(uplinks.wifi, Math.floor(random() * 1e6)) : 0,
      }));
      for (const item of items) ledger.charge(item);
      const compute = exactSum(items.flatMap((item) => [item.mainJ, item.extensionJ]));
      const uplink = exactSum(items.map((item) => item.uplinkJ));
      assert.equal(ledger.items, 5000);
      assert.ok(Math.abs(ledger.computeJ - compute) <= 1e-12 * compute);
      assert.ok(Math.abs(ledger.uplinkJ - uplink) <= 1e-12 * uplink);
    });

    it(`cuts a measured batch into shares that add up to it (seed ${seed})`, () => {
      const random = seeded(seed);
      for (let round = 0; round < 200; round += 1) {
        const totalJ = 10 ** (random() * 6 - 4);
        const weights = Array.from({ length: 1 + Math.floor(random() * 64) }, () =>
          Math.floor(random() * 1e9),
        );
        const shares = shareJ(totalJ, weights);
        assert.ok(Math.abs(exactSum(shares) - totalJ) <= 1e-12 * totalJ);
        assert.ok(shares.every((share) => share >= 0));
      }
    });
  }

  it("does not lose small items beside a large sum", () => {
    const ledger = new EnergyLedger();
    ledger.charge({ mainJ: 1e12, extensionJ: 0, uplinkJ: 0 });
    for (let i = 0; i < 100_000; i += 1) ledger.charge({ mainJ: 1e-5, extensionJ: 0, uplinkJ: 0 });
    assert.ok(Math.abs(ledger.computeJ - 1e12 - 1) < 1e-3);
  });

  it("shares evenly when no item weighs anything, and gives nothing to nobody", () => {
    assert.deepEqual(shareJ(1, [0, 0]), [0.5, 0.5]);
    assert.deepEqual(shareJ(1, []), []);
  });

  it("charges nothing when one part is not a count", () => {
    const ledger = new EnergyLedger();
    assert.throws(() => ledger.charge({ mainJ: 1, extensionJ: 0, uplinkJ: Number.NaN }), {
      code: "ENERGY_INPUT_INVALID",
    });
    assert.deepEqual([ledger.computeJ, ledger.uplinkJ, ledger.items], [0, 0, 0]);
  });
});
