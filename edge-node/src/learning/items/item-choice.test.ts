import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { type Bundle, itemsThatFit, type StoredItems } from "@meanet/models";
import { writeQuadrantBundle } from "@meanet/models/testing";
import type { Training } from "@meanet/protocol";
import { isMeanetError } from "@meanet/runtime";
import { learningConfigSchema } from "../config.ts";
import { openLearning, teachAll } from "../learning-for-tests.ts";
import { chooseItems, fewestItems, takeItems } from "./item-choice.ts";
import { ItemStore, type ListedItem } from "./item-store.ts";

const LENGTH = 64;
const BATCH = 16;
const HARD = [0, 1, 2, 3];

/** So many of each class, the best first; every fourth is held out. */
function listed(counts: readonly number[]): ListedItem[] {
  return counts.flatMap((count, classIndex) =>
    Array.from({ length: count }, (_, at) => ({
      key: 1000 * classIndex + at,
      classIndex,
      weight: 1,
      heldOut: at % 4 === 0,
    })),
  );
}

function countOf(chosen: readonly ListedItem[], counts: readonly number[], heldOut: boolean): number[] {
  return counts.map(
    (_, index) => chosen.filter((item) => item.classIndex === index && item.heldOut === heldOut).length,
  );
}

describe("the choice of items where memory does not allow all", () => {
  test("takes all where all fit", () => {
    const items = listed([8, 4]);
    assert.deepEqual(chooseItems(items, 12, 4), items);
  });

  test("takes equally many of each class, the best, and of a poor class all; both sides shrink alike", () => {
    const counts = [80, 80, 8];
    const chosen = chooseItems(listed(counts), 84, 4);
    assert.deepEqual(countOf(chosen, counts, true), [10, 9, 2]);
    assert.deepEqual(countOf(chosen, counts, false), [29, 28, 6]);
    assert.deepEqual(
      chosen.filter(({ classIndex, heldOut }) => classIndex === 1 && heldOut).map(({ key }) => key),
      Array.from({ length: 9 }, (_, at) => 1000 + 4 * at),
    );
  });

  test("keeps enough to judge by and one of each class to learn from, down to the fewest", () => {
    const counts = [80, 80, 80];
    const items = listed(counts);
    assert.equal(fewestItems(items, 20), 23);
    const few = chooseItems(items, 23, 20);
    assert.deepEqual(
      [countOf(few, counts, true), countOf(few, counts, false)],
      [
        [7, 7, 6],
        [1, 1, 1],
      ],
    );
    // A quarter of 40 would be too few to judge by.
    const some = chooseItems(items, 40, 20);
    assert.deepEqual([some.filter(({ heldOut }) => heldOut).length, some.length], [20, 40]);
    assert.equal(fewestItems(listed([4]), 20), 2);
    assert.equal(fewestItems([], 20), 0);
  });
});

describe("a training that memory does not allow the whole store", { timeout: 600_000 }, () => {
  let root: string;
  let dir: string;
  let bundle: Bundle;

  before(async () => {
    root = await mkdtemp(join(tmpdir(), "meanet-choice-"));
    dir = join(root, "quadrants");
    bundle = await writeQuadrantBundle(dir);
  });
  after(() => rm(root, { recursive: true }));

  /** The least memory that so many items fit into. */
  function memoryFor(items: number): number {
    let [under, maxBytes] = [0, 2 ** 40];
    while (maxBytes - under > 1) {
      const middle = Math.floor((under + maxBytes) / 2);
      if (fits(middle, items)) maxBytes = middle;
      else under = middle;
    }
    return maxBytes;
  }

  function fits(maxBytes: number, items: number): boolean {
    try {
      return itemsThatFit(bundle, { hardClasses: HARD.length, batch: BATCH, maxBytes }, items) >= items;
    } catch (error) {
      if (isMeanetError(error, "LEARNING_REFUSED")) return false;
      throw error;
    }
  }

  test("takes the newest of each class, and never learns from what it held out, over trainings too", () => {
    const store = new ItemStore({ file: ":memory:", perClass: 100, maxBytes: 1e9, heldOut: 0.25 });
    const config = learningConfigSchema.parse({
      training: { batch: BATCH, maxMemory: memoryFor(60) },
      margins: { leastItems: 8 },
    });
    const learned = new Set<number>();
    const heldOut = new Set<number>();
    let at = 0;
    const take = (): StoredItems => {
      for (const until = at + 80; at < until; at++) {
        const tensor = new Float32Array(LENGTH).fill(at);
        store.add({ device: "cam", id: `${at}`, classIndex: at % 4, source: "label", tensor, at });
      }
      const { taken, stored } = takeItems(store, bundle, HARD, config);
      assert.deepEqual([taken.labels.length, taken.tensors.length, stored], [60, 60 * LENGTH, at]);
      for (const [index, held] of taken.heldOut.entries()) {
        (held ? heldOut : learned).add(taken.tensors[index * LENGTH]!);
      }
      return taken;
    };
    for (let run = 0; run < 4; run++) {
      const taken = take();
      const classes = HARD.map((index) => taken.labels.filter((label) => label === index).length);
      assert.ok(
        classes.every((items) => items >= 14 && items <= 16),
        classes.join(),
      );
      assert.ok(
        taken.tensors.every((value) => value >= at - 160),
        "the newest",
      );
    }
    assert.ok(heldOut.size >= 30 && learned.size > 100, `${heldOut.size} of ${learned.size}`);
    assert.deepEqual(
      [...heldOut].filter((value) => learned.has(value)),
      [],
    );
    store.close();
  });

  test("takes as many as fit, says how many of how many, and goes live", async () => {
    const told: Training[] = [];
    await using node = openLearning(join(root, "fits"), {
      publish: (step) => told.push(step),
      config: {
        training: { epochs: 8, rate: 0.05, batch: BATCH, maxMemory: memoryFor(40) },
      },
    });
    await node.learning.load(dir);
    await teachAll(node);
    await node.learning.idle();
    const started = told.find((step) => step.event === "started");
    assert.deepEqual([started?.items, started?.stored], [40, 64], JSON.stringify(told.at(-1)));
    assert.ok(started!.heldOut >= 4);
    const swapped = told.find((step) => step.event === "swapped");
    assert.equal(swapped?.model, "quadrants@1.0.0+edge.1", JSON.stringify(told.at(-1)));
  });

  test("is refused by name where not even the fewest fit, and the next one waits for new items", async () => {
    const told: Training[] = [];
    await using node = openLearning(join(root, "refused"), {
      publish: (step) => told.push(step),
      config: {
        // Four to judge by, and one of each of four classes.
        training: { epochs: 2, rate: 0.05, batch: BATCH, maxMemory: memoryFor(8) - 1 },
      },
    });
    await node.learning.load(dir);
    await teachAll(node);
    await node.learning.idle();
    const failed = told.find((step) => step.event === "failed");
    assert.match(failed?.reason ?? "", /^a training of 8 items would take \d+ MiB and \d+ MiB are allowed/);
    node.learning.tick();
    await node.learning.idle();
    assert.equal(node.learning.counts.trainings, 1);
  });
});
