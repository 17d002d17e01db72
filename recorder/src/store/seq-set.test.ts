import assert from "node:assert/strict";
import { test } from "node:test";
import { SeqSet } from "./seq-set.ts";

function setOf(...seqs: number[]): SeqSet {
  const set = new SeqSet();
  for (const seq of seqs) set.add(seq);
  return set;
}

test("seq set › rows in order are one range", () => {
  assert.equal(setOf(1, 2, 3, 4).toString(), "1-4");
});

test("seq set › a row that fills a hole joins its neighbours", () => {
  assert.equal(setOf(1, 3, 2).toString(), "1-3");
  assert.equal(setOf(5, 1, 3).toString(), "1-1,3-3,5-5");
});

test("seq set › a row is new once", () => {
  const set = setOf(1, 2, 7);
  assert.equal(set.add(2), false);
  assert.equal(set.add(7), false);
  assert.equal(set.add(6), true);
});

test("seq set › holes count from row 1 to the last row heard of", () => {
  assert.deepEqual(setOf(3, 4, 8).holes(10), [
    { from: 1, to: 2 },
    { from: 5, to: 7 },
    { from: 9, to: 10 },
  ]);
  assert.deepEqual(setOf(3).holes(2), [{ from: 1, to: 2 }]);
  assert.deepEqual(new SeqSet().holes(0), []);
});

test("seq set › a range swallows what it covers", () => {
  const set = setOf(2, 5, 9, 20);
  set.addRange({ from: 4, to: 10 });
  assert.equal(set.toString(), "2-2,4-10,20-20");
});

test("seq set › reads back what it wrote", () => {
  const set = setOf(1, 2, 9, 12, 13);
  assert.equal(SeqSet.parse(set.toString()).toString(), "1-2,9-9,12-13");
  assert.equal(SeqSet.parse("").highest, 0);
});

test("seq set › agrees with a plain Set on arbitrary orders", () => {
  // A small linear congruential generator: the same order in every run.
  let state = 1;
  const random = (limit: number) => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return 1 + (state % limit);
  };
  const set = new SeqSet();
  const plain = new Set<number>();
  for (let step = 0; step < 2000; step++) {
    const seq = random(900);
    assert.equal(set.add(seq), !plain.has(seq));
    plain.add(seq);
  }
  const missing = Array.from({ length: 900 }, (_, index) => index + 1).filter((seq) => !plain.has(seq));
  const holes = set
    .holes(900)
    .flatMap(({ from, to }) => Array.from({ length: to - from + 1 }, (_, i) => from + i));
  assert.deepEqual(holes, missing);
});
