import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import type { Training } from "@meanet/protocol";
import { isMeanetError } from "@meanet/runtime";
import { openSqliteStore } from "../store/sqlite-store.ts";
import { findTrainings, type RecordedTraining } from "./recorded-trainings.ts";
import { resolveTrainings, type TrainingOptions } from "./training-options.ts";

const folder = mkdtempSync(join(tmpdir(), "meanet-trainings-"));
after(() => rmSync(folder, { recursive: true }));
let files = 0;

/** Finds among `told`, which were told at these moments. */
function asked(told: readonly RecordedTraining[], options: TrainingOptions = {}): RecordedTraining[] {
  const file = join(folder, `${++files}.sqlite`);
  const store = openSqliteStore(file);
  store.write(told.map(({ site, edge, training }) => ({ kind: "training", site, node: edge, training })));
  store.close();
  return findTrainings(file, { since: "0", until: "1000", ...options });
}

function collected(at: number, of: Partial<RecordedTraining> & { readonly model?: string } = {}) {
  const { model = "toy@1.0.0", ...place } = of;
  const training: Training = {
    ...{ at, model, energyJ: 0, run: 1, event: "collected", items: { label: at, cloud: 1 }, fresh: 2 },
    ...{ heldOut: 3, classes: [{ name: "shirt", label: at, cloud: 1, heldOut: 3 }] },
  };
  return { site: "lab", edge: "edge-1", training, ...place };
}

function failed(at: number): RecordedTraining {
  const training: Training = {
    ...{ at, model: "toy@1.0.0", energyJ: 0, run: 1, event: "failed", reason: "disk full" },
  };
  return { site: "lab", edge: "edge-1", training };
}

const moments = (found: readonly RecordedTraining[]) => found.map(({ training }) => training.at);

describe("findTrainings", () => {
  test("gives whole steps as they were told, the newest first", () => {
    const told = [failed(5), collected(7), failed(6)];
    assert.deepEqual(asked(told), [told[1], told[2], told[0]]);
    assert.deepEqual(moments(asked(told, { limit: "2" })), [7, 6]);
  });

  test("looks at the time, the edge node, the site and the kinds asked for", () => {
    const elsewhere = [collected(3, { edge: "edge-2" }), collected(4, { site: "hall" })];
    const told = [collected(1), failed(2), ...elsewhere, collected(5)];
    assert.deepEqual(moments(asked(told, { since: "2", until: "5" })), [4, 3, 2]);
    assert.deepEqual(moments(asked(told, { edge: "edge-2" })), [3]);
    assert.deepEqual(moments(asked(told, { site: "hall" })), [4]);
    assert.deepEqual(moments(asked(told, { events: "failed,started" })), [2]);
  });

  test("gives the newest step alone of each edge node, bundle and kind, whatever the bundle has learned since", () => {
    const told = [
      ...[collected(1), collected(2, { model: "toy@1.0.0+edge-1.1" }), failed(3)],
      ...[collected(4, { model: "toys@1.0.0" }), collected(5, { edge: "edge-2" })],
    ];
    assert.deepEqual(moments(asked(told, { latest: "true" })), [5, 4, 3, 2]);
  });
});

describe("resolveTrainings", () => {
  test("looks back thirty days for a hundred steps of any kind unless told otherwise", () => {
    const { sinceMs, untilMs, events, limit } = resolveTrainings({}, 40 * 86_400_000);
    assert.deepEqual([sinceMs, untilMs, limit], [10 * 86_400_000, 40 * 86_400_000, 100]);
    assert.ok(events.includes("epoch") && events.includes("dismissed"));
  });

  for (const options of [
    { since: "soon" },
    { since: "1h", until: "2h", limit: "0" },
    { since: "2000", until: "1000" },
    { edge: "A" },
    { events: "epoch,swap" },
    { latest: "yes" },
    { limit: "1001" },
    { device: "cam-1" },
  ]) {
    test(`refuses ${JSON.stringify(options)}`, () => {
      assert.throws(
        () => resolveTrainings(options, 10_000),
        (error) => isMeanetError(error, "QUERY_INVALID") && error.message.startsWith("trainings: "),
      );
    });
  }
});
