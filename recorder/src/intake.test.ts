import assert from "node:assert/strict";
import { describe, mock, test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { createLog, MeanetError } from "@meanet/runtime";
import { Intake } from "./intake.ts";
import { openSqliteStore } from "./store/sqlite-store.ts";
import type { Observation, Store } from "./store/store.ts";
import { answered } from "./testing/verdicts.ts";

function scene(options: { limit?: number; batch?: number } = {}) {
  const store = openSqliteStore(":memory:");
  const batches: number[] = [];
  const acknowledged: number[] = [];
  const here = { full: false };
  const watched: Pick<Store, "write"> = {
    write(batch) {
      if (here.full) throw new MeanetError("STORE_FAILED", "database or disk is full");
      const written = store.write(batch);
      batches.push(batch.length);
      return written;
    },
  };
  const intake = new Intake({
    store: watched,
    ...{ limit: options.limit ?? 100, batch: options.batch ?? 50 },
    log: createLog("test", "silent"),
    onWritten: () => undefined,
  });
  const offer = (seq: number, verdict = answered(seq)) => {
    const observation: Observation = { kind: "verdict", verdict };
    intake.offer(observation, () => acknowledged.push(seq));
  };
  return { store, intake, batches, acknowledged, here, offer };
}

describe("intake", () => {
  test("what waits is one transaction, acknowledged when it is stored", async () => {
    const { batches, acknowledged, offer } = scene();
    for (let seq = 1; seq <= 30; seq++) offer(seq);
    assert.deepEqual(acknowledged, []);
    await nextTurn();
    assert.deepEqual(batches, [30]);
    assert.equal(acknowledged.length, 30);
  });

  test("a transaction has a largest size", async () => {
    const { batches, intake, offer } = scene({ batch: 20 });
    for (let seq = 1; seq <= 50; seq++) offer(seq);
    intake.flush();
    assert.deepEqual(batches, [20, 20, 10]);
  });

  test("keeps what it has while the store cannot be written, drops what is beyond the limit, and goes on", async () => {
    const { here, intake, acknowledged, store, offer } = scene({ limit: 5 });
    mock.timers.enable({ apis: ["setTimeout"] });
    try {
      here.full = true;
      for (let seq = 1; seq <= 7; seq++) offer(seq);
      await nextTurn();
      assert.deepEqual([intake.waiting, intake.dropped, acknowledged.length], [5, 2, 0]);
      assert.match(intake.error?.message ?? "", /full/);
      here.full = false;
      mock.timers.tick(1000);
      assert.deepEqual([store.counts().verdicts, acknowledged], [5, [1, 2, 3, 4, 5]]);
      assert.equal(intake.error, undefined);
    } finally {
      mock.timers.reset();
    }
  });

  test("a row that the store refuses is dropped alone", () => {
    const { intake, store, acknowledged, offer } = scene();
    for (let seq = 1; seq <= 9; seq++) {
      offer(
        seq,
        seq === 4 ? { ...answered(4), label: Symbol("no text") as unknown as string } : answered(seq),
      );
    }
    intake.flush();
    assert.deepEqual([store.counts().verdicts, intake.refused, acknowledged.length], [8, 1, 9]);
  });

  test("settling stores what waits at once; in an outage it says so and leaves the retry to the intake", () => {
    const { here, intake, store, offer } = scene();
    mock.timers.enable({ apis: ["setTimeout"] });
    try {
      offer(1);
      assert.equal(intake.settle(), true);
      assert.equal(store.counts().verdicts, 1);
      here.full = true;
      offer(2);
      assert.equal(intake.settle(), false);
      assert.match(intake.error?.message ?? "", /full/);
      here.full = false;
      assert.equal(intake.settle(), false);
      mock.timers.tick(1000);
      assert.deepEqual([store.counts().verdicts, intake.settle()], [2, true]);
    } finally {
      mock.timers.reset();
    }
  });

  test("a flush says when it cannot store", () => {
    const { here, intake, offer } = scene();
    here.full = true;
    offer(1);
    assert.throws(() => intake.flush(), /full/);
  });
});
