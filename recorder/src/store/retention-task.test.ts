import assert from "node:assert/strict";
import { test } from "node:test";
import { createLog } from "@meanet/runtime";
import { rows } from "../testing/verdicts.ts";
import { RetentionTask } from "./retention-task.ts";
import { openSqliteStore } from "./sqlite-store.ts";
import type { Pruned } from "./store.ts";

test("retention task › deletes in small steps until nothing is too much, counting what InfluxDB never got", async () => {
  const store = openSqliteStore(":memory:");
  store.write(rows(1, 5000).map((verdict) => ({ kind: "verdict", verdict })));
  store.setCursor("influx", store.changesAfter(0, 1000).at(-1)!.change);
  const steps: Pruned[] = [];
  const done = Promise.withResolvers<void>();
  const task = new RetentionTask({
    rollupAgeMs: { "1m": Infinity, "1h": Infinity },
    ...{ store, ageMs: -3_600_000, maxBytes: 1e12, intervalMs: 3_600_000, forwarder: "influx" },
    onPruned(pruned) {
      steps.push(pruned);
      if (pruned.rows === 0) done.resolve();
    },
    log: createLog("test", "silent"),
  });
  await done.promise;
  task.stop();
  const total = (key: keyof Pruned) => steps.reduce((sum, step) => sum + step[key], 0);
  assert.deepEqual([total("rows"), total("unforwarded"), store.counts().verdicts], [5000, 4000, 0]);
  assert.ok(steps.length > 2);
  store.close();
});
