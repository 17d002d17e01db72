import { describe, test } from "node:test";
import { marbles } from "@meanet/pipeline/testing";
import { delay, map, type Observable, of, throwError } from "rxjs";
import { decodedOf, frameOf } from "../frames-for-tests.ts";
import type { Classified, Decoded, MainResult, Refused } from "../stages.ts";
import { type ClassifyOptions, classify } from "./classify.ts";

const items = { a: decodedOf(frameOf("a")), b: decodedOf(frameOf("b")), c: decodedOf(frameOf("c")) };
const result: MainResult = {
  p1: [1, 0, 0],
  entropy: 0,
  features: new Float32Array(1),
  computeMs: 2,
  energyJ: 5,
};

/** What comes out: id, wait for the engine, joules; or the refusal. */
function classified(run: ClassifyOptions["run"], limit: number, now: () => number) {
  return (source: Observable<Decoded>) =>
    source.pipe(
      classify({ run, limit, now }),
      map((item) =>
        item.stage === "classified"
          ? `${item.frame.id} ${item.queueMs} ${item.mainJ}`
          : `${item.reason} ${item.frame.id}`,
      ),
    );
}

describe("classify", () => {
  test("tells the stages of each frame up to main, one behind the other", () => {
    marbles(({ cold, expectObservable }, scheduler) => {
      const run: ClassifyOptions["run"] = (batch) => of(batch.map(() => result)).pipe(delay(4));
      const early = { ...decodedOf(frameOf("a", { arrivedMs: -3 })), decodingMs: -2, decodedMs: 0 };
      const stages = map((item: Classified | Refused) => (item.stage === "classified" ? item.stages : {}));
      expectObservable(
        cold("-a|", { a: early }).pipe(classify({ run, limit: 9, now: () => scheduler.now() }), stages),
      ).toBe("-----(a|)", { a: { admitMs: 1, decodeMs: 2, mainQueueMs: 1, mainMs: 4 } });
    });
  });

  test("runs what waits as one batch and says how long each frame waited", () => {
    marbles(({ cold, expectObservable }, scheduler) => {
      const run: ClassifyOptions["run"] = (batch) => of(batch.map(() => result)).pipe(delay(4));
      const source = cold("abc---|", items);
      expectObservable(source.pipe(classified(run, 9, () => scheduler.now()))).toBe("----a---(bc|)", {
        a: "a 0 5",
        b: "b 4 5",
        c: "c 4 5",
      });
    });
  });

  test("refuses every frame of a failed run and goes on", () => {
    marbles(({ cold, expectObservable }, scheduler) => {
      let runs = 0;
      const run: ClassifyOptions["run"] = (batch) =>
        ++runs === 1 ? throwError(() => new Error("out of memory")) : of(batch.map(() => result));
      expectObservable(cold("a-b|", items).pipe(classified(run, 9, () => scheduler.now()))).toBe("a-b|", {
        a: "inference-failed a",
        b: "b 2 5",
      });
    });
  });

  test("refuses the one frame that the model makes no sense of", () => {
    marbles(({ cold, expectObservable }) => {
      const run: ClassifyOptions["run"] = (batch) =>
        of(batch.map(({ frame }) => (frame.id === "b" ? new Error("NaN") : result))).pipe(delay(2));
      expectObservable(cold("abc|", items).pipe(classified(run, 9, () => 0))).toBe("--a-(bc|)", {
        a: "a 0 5",
        b: "inference-failed b",
        c: "c 0 5",
      });
    });
  });

  test("ends when empty, never when silent, with the source's error, and leaves the run when it is left", () => {
    marbles(({ cold, hot, expectObservable, expectSubscriptions }) => {
      const work = cold<MainResult[]>("----");
      const silent = classified(
        () => work,
        9,
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
