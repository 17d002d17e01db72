import assert from "node:assert/strict";
import { test } from "node:test";
import { bytes, joules, percent } from "./quantity-text.ts";

test("joules and bytes are told in three digits, shares in tenths of a per cent", () => {
  assert.deepEqual([0, 2.5e-7, 0.00713, 12, 999.6, null].map(joules), [
    "0 J",
    "0.25 µJ",
    "7.13 mJ",
    "12 J",
    "1000 J",
    "–",
  ]);
  assert.deepEqual([0, 784, 155_232, 3.2e9].map(bytes), ["0 B", "784 B", "155 kB", "3.2 GB"]);
  assert.deepEqual([0, 0.9337, 1, null].map(percent), ["0.0 %", "93.4 %", "100.0 %", "–"]);
});
