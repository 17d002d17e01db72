import { describe, test } from "node:test";
import { marbles } from "@meanet/pipeline/testing";
import { delay, map, type Observable, of, throwError } from "rxjs";
import { frameOf, settledOf } from "../frames-for-tests.ts";
import type { Extended, ExtensionResult, Refused, Settled } from "../stages.ts";
import { type ExtendOptions, extend } from "./extend.ts";

const items = { a: settledOf(frameOf("a")), b: settledOf(frameOf("b")), c: settledOf(frameOf("c")) };
const result: ExtensionResult = { p2: [0.9, 0.1], computeMs: 3, energyJ: 7 };

/** What comes out: id, waiting and engine time in all, joules of the extension; or the refusal. */
function extended(run: ExtendOptions["run"], now: () => number) {
  return (source: Observable<Settled>) =>
    source.pipe(
      extend({ run, limit: 9, now }),
      map((item) =>
        item.stage === "extended"
          ? `${item.frame.id} ${item.queueMs} ${item.computeMs} ${item.extensionJ}`
          : `${item.reason} ${item.frame.id}`,
      ),
    );
}

describe("extend", () => {
  test("adds what the extension takes to what main took", () => {
    marbles(({ cold, expectObservable }, scheduler) => {
      const run: ExtendOptions["run"] = (batch) => of(batch.map(() => result)).pipe(delay(4));
      expectObservable(cold("abc---|", items).pipe(extended(run, () => scheduler.now()))).toBe(
        "----a---(bc|)",
        {
          a: "a 1 5 7",
          b: "b 4 5 7",
          c: "c 3 5 7",
        },
      );
    });
  });

  test("tells how long the frame waited for the run, and how long the run was", () => {
    marbles(({ cold, expectObservable }, scheduler) => {
      const run: ExtendOptions["run"] = (batch) => of(batch.map(() => result)).pipe(delay(4));
      const stages = map((item: Extended | Refused) => (item.stage === "extended" ? item.stages : undefined));
      const source = cold("ab---|", items);
      const main = items.a.stages;
      expectObservable(source.pipe(extend({ run, limit: 9, now: () => scheduler.now() }), stages)).toBe(
        "----a---(b|)",
        {
          a: { ...main, extensionQueueMs: 0, extensionMs: 4 },
          b: { ...main, extensionQueueMs: 3, extensionMs: 4 },
        },
      );
    });
  });

  test("refuses every frame of a failed run and goes on", () => {
    marbles(({ cold, expectObservable }) => {
      let runs = 0;
      const run: ExtendOptions["run"] = (batch) =>
        ++runs === 1 ? throwError(() => new Error("gone")) : of(batch.map(() => result));
      expectObservable(cold("a-b|", items).pipe(extended(run, () => 0))).toBe("a-b|", {
        a: "inference-failed a",
        b: "b 1 5 7",
      });
    });
  });

  test("refuses the one frame that the model makes no sense of", () => {
    marbles(({ cold, expectObservable }) => {
      const run: ExtendOptions["run"] = () => of([new Error("NaN")]);
      expectObservable(cold("a|", items).pipe(extended(run, () => 0))).toBe("a|", {
        a: "inference-failed a",
      });
    });
  });

  test("ends when empty, never when silent, with the source's error, and leaves the run when it is left", () => {
    marbles(({ cold, hot, expectObservable, expectSubscriptions }) => {
      const work = cold<ExtensionResult[]>("----");
      const silent = extended(
        () => work,
        () => 0,
      );
      expectObservable(cold("|", items).pipe(silent)).toBe("|");
      expectObservable(cold("-", items).pipe(silent)).toBe("-");
      expectObservable(cold("-#", items).pipe(silent)).toBe("-#");
      expectObservable(hot("-a", items).pipe(silent), "^--!").toBe("---");
      expectSubscriptions(work.subscriptions).toBe("-^-!");
    });
  });
});
