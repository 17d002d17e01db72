import assert from "node:assert/strict";
import { test } from "node:test";
import { byteCount, timestamp } from "./scalars.ts";

test("timestamp › takes every moment that can be shown as a date, and none beyond", () => {
  const last = 8.64e15;
  assert.match(new Date(timestamp.parse(last)).toISOString(), /^\+275760-09-13/);
  assert.throws(() => new Date(last + 1).toISOString(), RangeError);
  for (const moment of [last + 1, -1, 0.5]) assert.equal(timestamp.safeParse(moment).success, false);
});

test("byteCount › takes what a frame may weigh, of which thousands add up exactly", () => {
  const most = 2 ** 40;
  assert.ok(Number.isSafeInteger(byteCount.parse(most) * 8000));
  for (const bytes of [most + 1, Number.MAX_SAFE_INTEGER, -1]) {
    assert.equal(byteCount.safeParse(bytes).success, false);
  }
});
