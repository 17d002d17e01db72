import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { isMeanetError } from "@meanet/runtime";
import { type Item, ItemStore } from "./item-store.ts";

const folder = mkdtempSync(join(tmpdir(), "meanet-items-"));
after(() => rmSync(folder, { recursive: true }));

function openStore(file = ":memory:", perClass = 100, maxBytes = 1e9): ItemStore {
  return new ItemStore({ file, perClass, maxBytes, heldOut: 0.25 });
}

/** Item `at` came at that moment; its tensor is its own. */
function item(at: number, changes: Partial<Item> = {}): Item {
  return {
    device: "cam",
    id: `${at}`,
    classIndex: at % 3,
    source: "label",
    tensor: Float32Array.of(at, -at),
    at,
    ...changes,
  };
}

describe("the store of items", () => {
  test("keeps so many of each class, gives up those of the cloud first, and of these the oldest", () => {
    const store = openStore(":memory:", 4);
    for (let at = 0; at < 4; at++) store.add(item(at, { classIndex: 7, source: at < 2 ? "cloud" : "label" }));
    store.add(item(10, { classIndex: 7, source: "cloud" }));
    assert.deepEqual(store.counts, { label: 2, cloud: 2 });
    for (const at of [11, 12, 13]) store.add(item(at, { classIndex: 7 }));
    store.add(item(20, { classIndex: 8 }));
    assert.deepEqual(store.counts, { label: 5, cloud: 0 });
    assert.deepEqual(
      store.classes.map(({ classIndex, label, cloud }) => [classIndex, label, cloud]),
      [
        [7, 4, 0],
        [8, 1, 0],
      ],
    );
    const first = Array.from(store.read(store.list([7], 1)).tensors.filter((_, at) => at % 2 === 0));
    assert.deepEqual(first, [3, 11, 12, 13]);
    store.close();
  });

  test("takes no more bytes than it may: the class that has most gives up its oldest", () => {
    // A tensor is 8 bytes: ten of them.
    const store = openStore(":memory:", 100, 87);
    for (let at = 0; at < 9; at++) store.add(item(at, { classIndex: at < 6 ? 1 : 2 }));
    for (let at = 10; at < 14; at++) store.add(item(at, { classIndex: 3 }));
    const classes = store.classes.map(({ classIndex, label }) => [classIndex, label]);
    assert.deepEqual(classes, [
      [1, 3],
      [2, 3],
      [3, 4],
    ]);
    const [first] = store.read(store.list([1], 1)).tensors;
    assert.equal(first, 3);
    store.keepOnly([3, 4]);
    assert.deepEqual(
      store.classes.map(({ classIndex }) => classIndex),
      [3],
    );
    store.close();
  });

  test("has a frame once; a true label replaces the cloud's, and another true one", () => {
    const store = openStore();
    const tensor = Float32Array.of(1, 2);
    assert.equal(store.add(item(1, { tensor, classIndex: 5, source: "cloud" })), true);
    assert.equal(store.add(item(2, { tensor, classIndex: 6, source: "cloud" })), false);
    assert.equal(store.add(item(3, { tensor, classIndex: 6 })), true);
    assert.equal(store.add(item(4, { tensor, classIndex: 6 })), false);
    assert.equal(store.add(item(5, { tensor, classIndex: 7 })), true);
    assert.deepEqual(
      store.classes.map(({ classIndex, label, cloud }) => [classIndex, label, cloud]),
      [[7, 1, 0]],
    );
    assert.deepEqual(store.counts, { label: 1, cloud: 0 });
    store.close();
  });

  test("reads the classes asked for, with tensors bit for bit, weights by source, and about the share held out", () => {
    const store = openStore(":memory:", 400);
    for (let at = 0; at < 600; at++) store.add(item(at, { source: at % 2 === 0 ? "label" : "cloud" }));
    const { labels, tensors, weights, heldOut } = store.read(store.list([0, 2], 0.3));
    assert.equal(labels.length, 400);
    assert.deepEqual(tensors.subarray(0, 4), Float32Array.of(0, -0, 2, -2));
    assert.ok(labels.every((label) => label !== 1));
    assert.deepEqual(new Set(weights), new Set([1, 0.3]));
    assert.deepEqual(
      store.classes.filter(({ classIndex }) => classIndex !== 1),
      [0, 2].map((classIndex) => ({
        ...{ classIndex, label: 100, cloud: 100 },
        heldOut: heldOut.filter((held, index) => held && labels[index] === classIndex).length,
      })),
    );
    const share = heldOut.filter((held) => held).length / 400;
    assert.ok(share > 0.18 && share < 0.32, `${share}`);
    assert.equal(store.read(store.list([0, 2], 0)).labels.length, 200);
    assert.deepEqual(store.read(store.list([9], 1)), {
      labels: [],
      tensors: new Float32Array(),
      weights: [],
      heldOut: [],
    });
    store.close();
  });

  test("knows what is new since the last training, across restarts", () => {
    const file = join(folder, "items.sqlite");
    const first = openStore(file);
    first.add(item(100));
    first.add(item(200));
    first.markSeen();
    first.add(item(300));
    first.close();
    const second = openStore(file);
    assert.deepEqual(second.fresh, { items: 1, oldestAt: 300 });
    assert.deepEqual(second.counts, { label: 3, cloud: 0 });
    second.close();
  });

  test("says that it is full, and keeps what it has", () => {
    const store = new ItemStore({
      file: ":memory:",
      perClass: 100,
      maxBytes: 1e9,
      heldOut: 0.25,
      maxPages: 16,
    });
    store.add(item(1));
    const large = item(2, { tensor: new Float32Array(16 * 1024) });
    assert.throws(() => store.add(large), { errcode: 13, message: "database or disk is full" });
    assert.equal(store.add(item(3)), true);
    assert.equal(store.counts.label, 2);
    store.close();
  });

  test("refuses a file that is no database, by name", () => {
    const file = join(folder, "text.sqlite");
    writeFileSync(file, "not a database, but long enough to be taken for one".repeat(100));
    assert.throws(
      () => openStore(file),
      (error) => isMeanetError(error, "ITEMS_UNUSABLE") && error.message.includes(file),
    );
  });
});
