import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { objection } from "./judgement.ts";

const margins = { leastItems: 10, gain: 0.02, sigmas: 1, loss: 0.01 };
const heldOut = { items: 50, current: 0.6, candidate: 0.7, won: 7, lost: 2 };
const reference = { items: 200, current: 0.9, candidate: 0.895, won: 0, lost: 1 };

describe("a candidate", () => {
  it("goes live when it is better on held-out items and hardly worse on reference frames", () => {
    assert.equal(objection({ heldOut, reference }, margins), undefined);
    assert.equal(objection({ heldOut, reference: null }, margins), undefined);
  });

  it("is refused with figures when it gains too little, forgets too much, or too few items judge it", () => {
    const little = objection({ heldOut: { ...heldOut, candidate: 0.615 }, reference }, margins);
    assert.match(little!, /60\.0 % became 61\.5 %.*\+2\.0 points/);
    const forgot = objection({ heldOut, reference: { ...reference, candidate: 0.85 } }, margins);
    assert.match(forgot!, /90\.0 % became 85\.0 %.*-1\.0 points/);
    const luck = objection({ heldOut: { ...heldOut, won: 25, lost: 20 }, reference }, margins);
    assert.match(luck!, /won 25 and lost 20: that may be luck/);
    assert.match(objection({ heldOut: { ...heldOut, items: 9 }, reference }, margins)!, /only 9 items/);
  });
});
