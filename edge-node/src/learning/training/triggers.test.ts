import assert from "node:assert/strict";
import { test } from "node:test";
import { dueTrigger } from "./triggers.ts";

const trigger = { items: 100, age: 1000, leastItems: 10 };

test("a training is due by number of new items, or by age of the oldest when there are enough", () => {
  assert.equal(dueTrigger({ items: 100, oldestAt: 5000 }, trigger, 5000), "items");
  assert.equal(dueTrigger({ items: 99, oldestAt: 5000 }, trigger, 5999), undefined);
  assert.equal(dueTrigger({ items: 10, oldestAt: 5000 }, trigger, 6000), "age");
  assert.equal(dueTrigger({ items: 9, oldestAt: 5000 }, trigger, 9000), undefined);
  assert.equal(dueTrigger({ items: 0, oldestAt: undefined }, trigger, 9000), undefined);
});
