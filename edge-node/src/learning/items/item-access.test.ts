import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, describe, test } from "node:test";
import { createLog } from "@meanet/runtime";
import { Faults } from "../faults.ts";
import { ItemAccess } from "./item-access.ts";
import { type Item, ItemStore } from "./item-store.ts";

const folder = mkdtempSync(join(tmpdir(), "meanet-access-"));
after(() => rmSync(folder, { recursive: true }));

const KIB = 1024;

function item(at: number): Item {
  const tensor = new Float32Array(KIB).fill(at);
  return { device: "cam", id: `${at}`, classIndex: 1, source: "label", tensor, at };
}

/** Access to a real store in `name`, on a clock of its own. */
function open(name: string, maxPages?: number) {
  const file = join(folder, name);
  const told: string[] = [];
  let nowMs = 1_800_000_000_000;
  let lost = 0;
  let opened = 0;
  const now = () => nowMs;
  const limit = maxPages === undefined ? {} : { maxPages };
  const access = new ItemAccess({
    open: () => {
      opened += 1;
      return new ItemStore({ file, perClass: 1000, maxBytes: 1e9, heldOut: 0.25, ...limit });
    },
    faults: new Faults({ tell: (reason) => told.push(reason), now, log: createLog("test", "silent") }),
    onLost: () => {
      lost += 1;
    },
    now,
  });
  const pass = (ms: number) => {
    nowMs += ms;
  };
  return {
    ...{ access, file, told, pass, lost: () => lost, opened: () => opened },
    [Symbol.dispose]: () => access.close(),
  };
}

describe("access to the store of items", () => {
  test("loses by number what a full disk does not take, tells it once, still reads, and stores again with room", () => {
    using full = open("full.sqlite", 64);
    const { access } = full;
    let stored = 0;
    while (access.add(item(stored))) stored += 1;
    assert.ok(stored > 10 && stored < 64, `${stored}`);
    assert.match(full.told.join(), /^database or disk is full$/);
    for (let at = 100; at < 200; at++) {
      full.pass(1000);
      assert.equal(access.add(item(at)), false);
    }
    assert.deepEqual([full.lost(), full.told.length, full.opened()], [101, 1, 1]);
    assert.deepEqual(access.counts, { label: stored, cloud: 0 });
    // What it has was not written: it is still full.
    full.pass(30_000);
    access.add(item(0));
    full.pass(60_000);
    assert.equal(access.add(item(200)), false);
    assert.equal(full.told.length, 1);

    const database = new DatabaseSync(full.file);
    database.exec("DELETE FROM item WHERE at < 10");
    database.close();
    assert.equal(access.add(item(300)), false);
    full.pass(30_000);
    assert.equal(access.add(item(301)), true);
    assert.deepEqual(access.counts, { label: stored - 9, cloud: 0 });
    assert.deepEqual([full.lost(), full.told.length], [103, 1]);
    // It worked in between: full again is told again.
    full.pass(60_000);
    let at = 400;
    while (access.add(item(at))) at += 1;
    assert.equal(full.told.length, 2);
  });

  test("tries a file that cannot be read now and then, and takes a new one for it when it is deleted", () => {
    using damaged = open("damaged.sqlite");
    const { access, file } = damaged;
    writeFileSync(file, "not a database, but long enough to be taken for one".repeat(100));
    assert.equal(access.tryOpen(), false);
    for (let at = 0; at < 100; at++) access.add(item(at));
    assert.deepEqual([damaged.opened(), damaged.lost(), damaged.told.length], [1, 100, 1]);
    assert.match(damaged.told[0]!, /^cannot open .*damaged\.sqlite/);
    damaged.pass(30_000);
    access.add(item(100));
    assert.deepEqual([damaged.opened(), damaged.told.length, access.isOpen], [2, 1, false]);
    rmSync(file);
    damaged.pass(30_000);
    assert.equal(access.add(item(101)), true);
    assert.deepEqual([damaged.opened(), damaged.lost(), access.counts.label], [3, 101, 1]);
  });

  test("is not put to rest for long by a clock that is set back", () => {
    using back = open("back.sqlite");
    writeFileSync(back.file, "not a database, but long enough to be taken for one".repeat(100));
    back.access.tryOpen();
    rmSync(back.file);
    back.pass(-3_600_000);
    assert.equal(back.access.add(item(1)), true);
  });

  test("closes a store that fails in service, tells the items of the last look meanwhile, and opens it again", () => {
    using broken = open("broken.sqlite");
    const { access } = broken;
    access.add(item(1));
    assert.equal(access.counts.label, 1);
    const database = new DatabaseSync(broken.file);
    database.exec("ALTER TABLE item RENAME TO away");
    assert.equal(access.add(item(2)), false);
    assert.equal(
      access.read(({ fresh }) => fresh),
      undefined,
    );
    assert.deepEqual([access.isOpen, access.counts.label], [false, 1]);
    assert.match(broken.told.join(), /^no such table: item$/);
    database.exec("ALTER TABLE away RENAME TO item");
    database.close();
    broken.pass(30_000);
    assert.equal(access.add(item(3)), true);
    assert.equal(access.counts.label, 2);
  });

  test("makes no file before it is wanted", () => {
    using unwanted = open("unwanted.sqlite");
    const { access } = unwanted;
    assert.equal(
      access.read(({ counts }) => counts),
      undefined,
    );
    access.keepOnly([1]);
    assert.deepEqual([access.counts, access.isOpen], [{ label: 0, cloud: 0 }, false]);
    assert.equal(existsSync(unwanted.file), false);
  });
});
