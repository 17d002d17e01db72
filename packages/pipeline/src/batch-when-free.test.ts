import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setImmediate as breath } from "node:timers/promises";
import { asapScheduler, delay, of, Subject, throwError } from "rxjs";
import { batchWhenFree } from "./batch-when-free.ts";
import { marbles } from "./testing/index.ts";

describe("batchWhenFree", () => {
  test("makes one batch of all that came while one was in work", () => {
    marbles(({ cold, expectObservable }) => {
      const joined = batchWhenFree({ limit: 10 }, (batch: string[]) => of(batch.join("")).pipe(delay(3)));
      const source = cold("  -a-bc-----d|");
      expectObservable(source.pipe(joined)).toBe("----a--x-----(d|)", {
        a: "a",
        x: "bc",
        d: "d",
      });
    });
  });

  test("takes no more than its limit and leaves the rest for the next batch", () => {
    marbles(({ cold, expectObservable }) => {
      const joined = batchWhenFree({ limit: 2 }, (batch: string[]) => of(batch.join("")).pipe(delay(4)));
      expectObservable(cold("(abcde|)").pipe(joined)).toBe("----a---b---(c|)", { a: "a", b: "bc", c: "de" });
    });
  });

  test("gathers what arrives in the same breath when a scheduler is given", () => {
    marbles(({ cold, expectObservable }, scheduler) => {
      const joined = batchWhenFree({ limit: 3, gather: scheduler }, (batch: string[]) => of(batch.join("")));
      expectObservable(cold("-(abcd)-e|").pipe(joined)).toBe("-(xd)---e|", { x: "abc", d: "d", e: "e" });
    });
  });

  test("keeps nothing of a breath that is over: it may run for years", async (context) => {
    const scheduled = context.mock.method(asapScheduler, "schedule");
    const source = new Subject<number>();
    const batches: number[][] = [];
    const joined = source.pipe(
      batchWhenFree({ limit: 10, gather: asapScheduler }, (batch: number[]) => of(batch)),
    );
    joined.subscribe((batch) => batches.push(batch));
    for (const item of [1, 2, 3]) {
      source.next(item);
      await breath();
    }
    assert.deepEqual(batches, [[1], [2], [3]]);
    assert.deepEqual(
      scheduled.mock.calls.map(({ result }) => result?.closed),
      [true, true, true],
    );
  });

  test("ends at once when empty, never when silent, and after the last batch otherwise", () => {
    marbles(({ cold, expectObservable }) => {
      const slow = batchWhenFree({ limit: 1 }, (batch: string[]) => of(...batch).pipe(delay(3)));
      expectObservable(cold("|").pipe(slow)).toBe("|");
      expectObservable(cold("-").pipe(slow)).toBe("-");
      expectObservable(cold("a|").pipe(slow)).toBe("---(a|)");
    });
  });

  test("hands on an error of the source and of the work", () => {
    marbles(({ cold, expectObservable }) => {
      const plain = batchWhenFree({ limit: 1 }, (batch: string[]) => of(...batch));
      const broke = new Error("broke");
      const broken = batchWhenFree({ limit: 1 }, () => throwError(() => broke));
      const throwing = batchWhenFree({ limit: 1 }, () => {
        throw broke;
      });
      expectObservable(cold("-a-#").pipe(plain)).toBe("-a-#");
      expectObservable(cold("-a--").pipe(broken)).toBe("-#", undefined, broke);
      expectObservable(cold("-a--").pipe(throwing)).toBe("-#", undefined, broke);
    });
  });

  test("leaves source and work when it is left", () => {
    marbles(({ cold, hot, expectObservable, expectSubscriptions }) => {
      const source = hot("-a-b-c-");
      const work = cold("---x|");
      expectObservable(source.pipe(batchWhenFree({ limit: 1 }, () => work)), "^--!").toBe("----");
      expectSubscriptions(source.subscriptions).toBe("^--!");
      expectSubscriptions(work.subscriptions).toBe("-^-!");
    });
  });

  test("keeps a state of its own per subscription", () => {
    const source = new Subject<string>();
    const seen: string[][] = [[], []];
    const operator = batchWhenFree({ limit: 1 }, (batch: string[]) => of(...batch));
    const first = source.pipe(operator).subscribe((item) => seen[0]!.push(item));
    source.next("a");
    source.pipe(operator).subscribe((item) => seen[1]!.push(item));
    source.next("b");
    first.unsubscribe();
    source.next("c");
    assert.deepEqual(seen, [
      ["a", "b"],
      ["b", "c"],
    ]);
  });
});
