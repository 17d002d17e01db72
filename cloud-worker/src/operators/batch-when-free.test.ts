import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { delay, of, Subject, throwError } from "rxjs";
import { batchWhenFree } from "./batch-when-free.ts";
import { marbles } from "./marbles-for-tests.ts";

describe("batchWhenFree", () => {
  test("makes one batch of all that came while the engine was busy, and none waits when it is idle", () => {
    marbles(({ cold, expectObservable }) => {
      const joined = batchWhenFree(10, (batch: string[]) => of(batch.join("")).pipe(delay(3)));
      const out = { a: "a", x: "bc", d: "d" };
      expectObservable(cold("  -a-bc-----d|").pipe(joined)).toBe("----a--x-----(d|)", out);
    });
  });

  test("takes no more than its limit", () => {
    marbles(({ cold, expectObservable }) => {
      const joined = batchWhenFree(2, (batch: string[]) => of(batch.join("")).pipe(delay(4)));
      expectObservable(cold("(abcde|)").pipe(joined)).toBe("----a---b---(c|)", { a: "a", b: "bc", c: "de" });
    });
  });

  test("ends at once when empty, never when silent, and after the last batch otherwise", () => {
    marbles(({ cold, expectObservable }) => {
      const slow = batchWhenFree(1, (batch: string[]) => of(...batch).pipe(delay(3)));
      expectObservable(cold("|").pipe(slow)).toBe("|");
      expectObservable(cold("-").pipe(slow)).toBe("-");
      expectObservable(cold("a|").pipe(slow)).toBe("---(a|)");
    });
  });

  test("hands on an error of the source and of the work", () => {
    marbles(({ cold, expectObservable }) => {
      expectObservable(cold("-a-#").pipe(batchWhenFree(1, (batch: string[]) => of(...batch)))).toBe("-a-#");
      expectObservable(cold("-a--").pipe(batchWhenFree(1, () => throwError(() => "error")))).toBe("-#");
    });
  });

  test("leaves source and work when it is left", () => {
    marbles(({ cold, hot, expectObservable, expectSubscriptions }) => {
      const source = hot("-a-b-c-");
      const work = cold("---x|");
      expectObservable(source.pipe(batchWhenFree(1, () => work)), "^--!").toBe("----");
      expectSubscriptions(source.subscriptions).toBe("^--!");
      expectSubscriptions(work.subscriptions).toBe("-^-!");
    });
  });

  test("keeps a state of its own per subscription", () => {
    const source = new Subject<string>();
    const seen: string[][] = [[], []];
    const operator = batchWhenFree(1, (batch: string[]) => of(...batch));
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
