import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, mock, test } from "node:test";
import { createLog, MeanetError } from "@meanet/runtime";
import { GapRepair } from "./gap-repair.ts";
import { type SeqRange, SeqSet } from "./store/seq-set.ts";

const name = { site: "lab", edge: "edge-1", journal: "journal-1" };

/** In small steps: a timer that is set while time passes counts from then on. */
function pass(ms: number): void {
  for (let left = ms; left > 0; left -= 100) mock.timers.tick(Math.min(100, left));
}

function scene(options: { attempts?: number; rangeSize?: number } = {}) {
  const seqs = new SeqSet();
  const asked: string[] = [];
  const lost: SeqRange[] = [];
  const here = { last: 0, reachable: true, storable: true, full: false, waiting: () => {} };
  const repair = new GapRepair({
    ...{ waitMs: 1000, maxWaitMs: 8000, attempts: options.attempts ?? 3, rangeSize: options.rangeSize ?? 10 },
    settle() {
      if (here.storable) here.waiting();
      return here.storable;
    },
    journal: () => ({ ...name, lastSeq: here.last, holes: seqs.holes(here.last), lost: 0 }),
    ask(_, { from, to }) {
      if (here.reachable) asked.push(`${from}-${to}`);
      return here.reachable;
    },
    giveUp(_, range) {
      if (here.full) throw new MeanetError("STORE_FAILED", "database or disk is full");
      lost.push(range);
      seqs.addRange(range);
      return range.to - range.from + 1;
    },
    log: createLog("test", "silent"),
  });
  const arrive = (from: number, to: number) => {
    seqs.addRange({ from, to });
    here.last = Math.max(here.last, to);
    repair.notice([name]);
  };
  return { repair, asked, lost, here, arrive };
}

describe("gap repair", () => {
  beforeEach(() => mock.timers.enable({ apis: ["setTimeout"] }));
  afterEach(() => mock.timers.reset());

  test("asks for nothing when a hole closes by itself", () => {
    const { asked, arrive, repair } = scene();
    arrive(1, 5);
    arrive(7, 7);
    pass(999);
    arrive(6, 6);
    pass(60_000);
    assert.deepEqual([asked, repair.repairing], [[], 0]);
  });

  test("asks for the newest rows first, and for the next range as soon as they came", () => {
    const { asked, arrive } = scene();
    arrive(26, 30);
    pass(1000);
    assert.deepEqual(asked, ["16-25"]);
    arrive(16, 25);
    assert.deepEqual(asked, ["16-25", "6-15"]);
    arrive(6, 15);
    arrive(1, 5);
    pass(60_000);
    assert.deepEqual(asked, ["16-25", "6-15", "1-5"]);
  });

  test("asks again with growing pauses, then gives the hole up whole", () => {
    const { asked, lost, arrive } = scene();
    arrive(50, 50);
    pass(1000);
    assert.equal(asked.length, 1);
    pass(1000);
    assert.equal(asked.length, 2);
    pass(1999);
    assert.equal(asked.length, 2);
    pass(1);
    assert.equal(asked.length, 3);
    assert.deepEqual(lost, []);
    pass(4000);
    assert.deepEqual(lost, [{ from: 1, to: 49 }]);
    assert.deepEqual(new Set(asked), new Set(["40-49"]));
  });

  test("gives up only the rows that do not come, and goes on with the hole before", () => {
    const { asked, lost, arrive } = scene({ attempts: 2 });
    arrive(1, 1);
    arrive(3, 3);
    arrive(5, 5);
    pass(1000 + 1000 + 2000);
    assert.deepEqual(lost, [{ from: 4, to: 4 }]);
    assert.deepEqual(asked, ["4-4", "4-4", "2-2"]);
    arrive(2, 2);
    pass(60_000);
    assert.equal(asked.length, 3);
  });

  test("does not ask again while rows are arriving", () => {
    const { asked, arrive } = scene();
    arrive(11, 11);
    pass(1000);
    for (let seq = 10; seq > 4; seq--) {
      pass(900);
      arrive(seq, seq);
    }
    assert.deepEqual(asked, ["1-10"]);
    pass(2000);
    assert.deepEqual(asked, ["1-10", "1-4"]);
  });

  test("part of an answer begins the count of attempts anew", () => {
    const { asked, lost, arrive } = scene({ attempts: 2 });
    arrive(11, 11);
    pass(2000);
    assert.deepEqual(asked, ["1-10", "1-10"]);
    arrive(5, 10);
    pass(3000);
    assert.deepEqual(asked, ["1-10", "1-10", "1-4"]);
    assert.deepEqual(lost, []);
  });

  test("an edge that cannot be reached loses nothing", () => {
    const { asked, lost, arrive, here } = scene();
    here.reachable = false;
    arrive(5, 5);
    pass(3_600_000);
    assert.deepEqual([asked, lost], [[], []]);
    here.reachable = true;
    pass(1000);
    assert.deepEqual(asked, ["1-4"]);
  });

  test("an outage of the store is no silence of the edge: nothing is asked for, nothing given up", () => {
    const { asked, lost, arrive, here } = scene({ attempts: 2 });
    arrive(5, 5);
    pass(2000);
    assert.deepEqual(asked, ["1-4", "1-4"]);
    here.storable = false;
    pass(3_600_000);
    assert.deepEqual([asked.length, lost], [2, []]);
    here.storable = true;
    pass(2000);
    assert.deepEqual([asked.length, lost], [4, []]);
  });

  test("rows that wait to be stored are not given up", () => {
    const { asked, lost, arrive, here, repair } = scene({ attempts: 1 });
    arrive(5, 5);
    pass(1000);
    here.waiting = () => arrive(1, 4);
    pass(60_000);
    assert.deepEqual([asked, lost, repair.repairing], [["1-4"], [], 0]);
  });

  test("goes on with the next range once when rows that waited close the one asked for", () => {
    const { asked, arrive, here } = scene();
    arrive(15, 15);
    pass(1000);
    here.waiting = () => {
      here.waiting = () => {};
      arrive(5, 14);
    };
    pass(1000);
    assert.deepEqual(asked, ["5-14", "1-4"]);
  });

  test("gives up later what a full disk does not let it give up now", () => {
    const { lost, arrive, here } = scene({ attempts: 1 });
    arrive(5, 5);
    here.full = true;
    pass(60_000);
    assert.deepEqual(lost, []);
    here.full = false;
    pass(8000);
    assert.deepEqual(lost, [{ from: 1, to: 4 }]);
  });

  test("leaves no timer behind when it stops", () => {
    const { asked, arrive, repair } = scene();
    arrive(5, 5);
    repair.stop();
    arrive(9, 9);
    pass(60_000);
    assert.deepEqual(asked, []);
  });
});
