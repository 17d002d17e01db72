import assert from "node:assert/strict";
import { test } from "node:test";
import { durationMs, parseDurationMs, timerMs } from "./duration.ts";

test("a duration is read by its unit", () => {
  const cases = {
    "250ms": 250,
    "30s": 30_000,
    "1.5m": 90_000,
    "2h": 7_200_000,
    "7d": 604_800_000,
    " 1s ": 1000,
    "0s": 0,
  };
  for (const [text, expected] of Object.entries(cases)) assert.equal(parseDurationMs(text), expected);
});

test("anything else is no duration", () => {
  for (const text of ["", "30", "s", "-1s", "1e3s", "1 s", "1sec", "1s2", "NaNs", ".5s"]) {
    assert.equal(parseDurationMs(text), undefined, text);
  }
});

test("a bare number is refused with an example", () => {
  const { error } = durationMs.safeParse(30);
  assert.equal(error?.issues[0]?.message, 'expected a duration such as "30s", received 30');
  assert.match(
    durationMs.safeParse("30").error?.issues[0]?.message ?? "",
    /such as "250ms", "30s".*received "30"/,
  );
});

test("a wait of a timer is refused where the timer would not wait", () => {
  for (const text of ["0s", "0.5ms", "25d", "30d"]) {
    assert.equal(
      timerMs.safeParse(text).error?.issues[0]?.message,
      'expected "1ms" or more, up to "24d"',
      text,
    );
  }
  assert.equal(timerMs.parse("1ms"), 1);
  assert.equal(timerMs.parse("24d"), 2_073_600_000);
});
