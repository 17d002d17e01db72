import assert from "node:assert/strict";
import { TestScheduler } from "rxjs/testing";

type Run = Parameters<TestScheduler["run"]>[0];
export type Helpers = Parameters<Run>[0];

/** Runs a marble test in virtual time. */
export function marbles(test: (helpers: Helpers, scheduler: TestScheduler) => void): void {
  const scheduler = new TestScheduler((actual, expected) => assert.deepEqual(actual, expected));
  scheduler.run((helpers) => test(helpers, scheduler));
}
