import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isMeanetError } from "@meanet/runtime";
import { growthOf, type MemorySample } from "./growth.ts";

const MB = 1e6;
const MINUTE = 60_000;

/** A sample a minute; `resident` gives the bytes of each process at that minute. */
function run(
  minutes: number,
  resident: Readonly<Record<string, (minute: number) => number>>,
): MemorySample[] {
  return Array.from({ length: minutes + 1 }, (_, minute) => ({
    atMs: minute * MINUTE,
    processes: Object.entries(resident).map(([name, of]) => ({
      ...{ name, residentBytes: of(minute), peakBytes: of(minute) + MB },
    })),
  }));
}

describe("growth of memory", () => {
  it("is that of a leak, whatever the run's length, and next to none where memory fills up and stays", () => {
    for (const minutes of [60, 240]) {
      const [leaks, fills] = growthOf(
        run(minutes, {
          up: (minute) => 200 * MB + minute * MB,
          broker: (minute) => (100 + 50 * Math.min(1, minute / 10)) * MB,
        }),
      );
      assert.equal(leaks?.name, "up");
      assert.ok(Math.abs(leaks.bytesPerHour - 60 * MB) < 3 * MB, String(leaks.bytesPerHour));
      assert.equal(leaks.peakBytes, (201 + minutes) * MB);
      assert.deepEqual([fills?.earlyBytes, fills?.lateBytes, fills?.bytesPerHour], [150 * MB, 150 * MB, 0]);
    }
  });

  it("is not told of a run too short for quarters", () => {
    assert.throws(
      () => growthOf(run(6, { up: () => MB })),
      (error) => isMeanetError(error, "CONFIG_INVALID") && error.message.includes("--minutes"),
    );
  });
});
