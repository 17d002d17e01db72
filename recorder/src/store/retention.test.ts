import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, describe, test } from "node:test";
import { tierNames, tiers } from "../rollups/tiers.ts";
import { answered, rows } from "../testing/verdicts.ts";
import { openSqliteStore } from "./sqlite-store.ts";
import type { Observation, RetentionLimits, Store } from "./store.ts";

const folder = mkdtempSync(join(tmpdir(), "meanet-retention-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const HOUR_MS = tiers["1h"];
const DAY_MS = 24 * HOUR_MS;

function pruneAll(store: Store, limits: RetentionLimits): void {
  while (store.prune(limits).rows > 0);
}

function verdicts(list: ReturnType<typeof rows>): Observation[] {
  return list.map((verdict) => ({ kind: "verdict", verdict }));
}

describe("retention for want of room", () => {
  test("takes rows in the order they were recorded, of tables with few rows as well", () => {
    const file = join(folder, "rows.sqlite");
    const store = openSqliteStore(file);
    store.write(verdicts(rows(1, 10_000)));
    for (let run = 1; run <= 200; run++) {
      store.write([
        { kind: "label", site: "lab", device: "cam-1", id: `labelled-${run}`, label: "cat" },
        {
          ...{ kind: "training", site: "lab", node: "edge-1" },
          training: { event: "failed", at: run, model: "toy@1.0.0", energyJ: 0, run, reason: "disk full" },
        },
      ]);
    }
    const now = Date.now();
    const database = new DatabaseSync(file);
    const spread = (table: string, days: number) =>
      database.exec(
        `UPDATE ${table} SET recorded_at = ${now} - (${days} * ${DAY_MS} * (last - row)) / last
         FROM (SELECT max(row) AS last FROM ${table})`,
      );
    spread("verdict", 10);
    spread("label", 20);
    spread("training", 20);
    pruneAll(store, { before: now - 30 * DAY_MS, maxBytes: store.counts().bytes * 0.7 });
    const oldest = ["verdict", "label", "training"].map(
      (table) => now - Number(database.prepare(`SELECT min(recorded_at) AS at FROM ${table}`).get()!.at),
    );
    database.close();
    store.close();
    // A label or a step of a training comes every two and a half hours.
    assert.ok(Math.min(...oldest) > 2 * DAY_MS, String(oldest));
    assert.ok(Math.max(...oldest) - Math.min(...oldest) < 3 * HOUR_MS, String(oldest));
  });

  test("takes roll-ups an hour at a time, and leaves the newest of each kind", () => {
    const file = join(folder, "rollups.sqlite");
    const store = openSqliteStore(file);
    const now = Date.now();
    const first = now - 60 * DAY_MS;
    // Recorded just now, all of them: rows do not give way.
    const hourly = Array.from({ length: 60 * 24 }, (_, hour) =>
      answered(hour + 1, { at: first + hour * HOUR_MS }),
    );
    store.write(verdicts(hourly));
    const rollups = { "1m": now - 90 * DAY_MS, "1h": now - 730 * DAY_MS };
    pruneAll(store, { before: now - 30 * DAY_MS, rollups, maxBytes: store.counts().bytes * 0.9 });
    const database = new DatabaseSync(file);
    const newest = tierNames.map((tier) =>
      Number(database.prepare(`SELECT max(at) AS at FROM verdict_${tier}`).get()!.at),
    );
    const minutes = Number(database.prepare("SELECT count(*) AS n FROM verdict_1m").get()!.n);
    database.close();
    assert.equal(store.counts().verdicts, hourly.length);
    store.close();
    assert.ok(minutes > 100 && minutes < hourly.length, `${minutes} of ${hourly.length}`);
    for (const at of newest) assert.ok(now - at < 2 * HOUR_MS);
  });
});
